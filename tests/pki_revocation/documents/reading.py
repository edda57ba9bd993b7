"""What stands on a letter, and whose it is."""

import io
from pathlib import Path

from pypdf import PdfReader

from pki_revocation.codes import parse_code
from pki_revocation.model import IssuedCertificate


def code_in(letter: Path) -> str:
    """The code that stands in a letter, as its reader would type it."""
    text = PdfReader(io.BytesIO(letter.read_bytes())).pages[0].extract_text()
    lines = [line.strip() for line in text.splitlines()]
    return parse_code(lines[lines.index("Intrekkingscode") + 1])


def number_of(certificate: IssuedCertificate) -> str:
    """Its number, which it must have."""
    assert certificate.number is not None
    return certificate.number
