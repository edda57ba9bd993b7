"""`python -m tests.vectors.make`: write every vector anew, with a table of what each is to get."""

import json
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.vectors import cert_ids, encodings, extensions, nonces
from tests.vectors.authorities import FOREIGN, ISSUING, ROOT, SECOND
from tests.vectors.pieces import Vector

FOLDER = Path(__file__).parent
TABLE = "expected.json"
_AUTHORITIES = {"root": ROOT, "issuing": ISSUING, "second": SECOND, "foreign": FOREIGN}

VECTORS: dict[str, Vector] = {
    vector.name: vector for group in (cert_ids, nonces, extensions, encodings) for vector in group.vectors()
}


def files() -> dict[str, bytes]:
    """Every file's name and contents."""
    table = {name: {"section": vector.section, "expected": list(vector.expected)} for name, vector in VECTORS.items()}
    return {
        **{f"{name}.pem": each.certificate.public_bytes(Encoding.PEM) for name, each in _AUTHORITIES.items()},
        **{f"{name}.der": vector.request for name, vector in VECTORS.items()},
        TABLE: (json.dumps(table, indent=1) + "\n").encode(),
    }


def write(folder: Path) -> int:
    """Write them all into a folder, and take away vectors that are none any more; how many files there are."""
    made = files()
    for path in folder.glob("*.der"):
        if path.name not in made:
            path.unlink()
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return len(made)


if __name__ == "__main__":
    write(FOLDER)
