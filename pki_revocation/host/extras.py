"""What the wheel brings only where it is asked for, as extras, and the one sentence for where one is missing.

What an extra brings is imported by a function, behind `require_extra`: a node that only answers OCSP neither loads
nor installs a typesetter.
"""

import importlib.util
from typing import Literal

from pki_revocation.errors import PkiError

Extra = Literal["postgresql", "hsm", "s3", "documents", "lint"]
# The packages, by the names that are imported.
PROVIDES: dict[Extra, tuple[str, ...]] = {
    "postgresql": ("psycopg",),
    "hsm": ("pkcs11",),
    "s3": ("obstore",),
    "documents": ("babel", "pikepdf", "segno", "typst"),
    "lint": ("pkilint",),
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
