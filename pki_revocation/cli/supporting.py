"""What stands behind an operator's revocation: the case that it belongs to, and the documents that it rests on.

A document is named by its SHA-256, and kept elsewhere: it may hold a signature or a copy of a passport, which has no
place in a register. Case and names stand beside the audit chain, where they can be erased.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pki_revocation.errors import PkiError

_LONGEST_CASE = 128


def supporting(case: str | None, evidence: Sequence[Path]) -> dict[str, str]:
    """What the audit trail keeps of it.

    Raises:
        PkiError: for a case without a text or with a very long one, and a file that cannot be read.
    """
    found = {}
    if case is not None:
        words = " ".join(case.split())
        if not words or len(words) > _LONGEST_CASE:
            raise PkiError(f"A case has 1 to {_LONGEST_CASE} characters: say it with --case, or leave it out.")
        found["case"] = words
    for place, file in enumerate(evidence, start=1):
        name = file.name.encode("utf-8", "backslashreplace").decode()
        found[f"evidence_{place}"] = f"{name} SHA-256 {_sha256(file)}"
    return found


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise PkiError(f"{file} cannot be read: {error.strerror or error}.") from error
