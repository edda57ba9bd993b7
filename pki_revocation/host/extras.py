"""What the wheel brings only where it is asked for, as extras, and the one sentence for where one is missing.

What an extra brings is imported where it is used, behind `require_extra` where that is long after the start: a node
that only answers OCSP neither loads nor installs a typesetter. What is imported at a command's start may be missing
too: the command line turns that into the same sentence (`extra_of`).
"""

import importlib.util
from typing import Literal

from pki_revocation.errors import PkiError

Extra = Literal["postgresql", "hsm", "s3", "documents", "lint", "signatures"]
# The packages, by the names that are imported.
PROVIDES: dict[Extra, tuple[str, ...]] = {
    "postgresql": ("psycopg",),
    "hsm": ("pkcs11",),
    "s3": ("obstore",),
    "documents": ("babel", "pypdf", "segno", "typst"),
    "lint": ("pkilint",),
    "signatures": ("pyhanko", "rfc3161_client"),
}


class ExtraMissing(PkiError):
    """Something was asked for that needs packages which are not installed here."""

    def __init__(self, extra: Extra, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs packages that are not installed here: pip install 'pki-revocation[{extra}]'."
        )


def require_extra(extra: Extra, purpose: str) -> None:
    """Refuse to go on without an extra; nothing of it is loaded.

    Args:
        extra: which.
        purpose: what needs it: the beginning of the sentence.

    Raises:
        ExtraMissing: when one of its packages is not here.
    """
    if not all(map(importlib.util.find_spec, PROVIDES[extra])):
        raise ExtraMissing(extra, purpose)


def extra_of(error: ModuleNotFoundError) -> Extra | None:
    """The extra that would bring what was not found; None where none does."""
    package = (error.name or "").partition(".")[0]
    return next((extra for extra, packages in PROVIDES.items() if package in packages), None)
