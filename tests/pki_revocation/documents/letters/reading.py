"""What stands on a letter, and whose it is."""

import io
from pathlib import Path

import pypdfium2
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


def lying_in(folder: Path) -> list[str]:
    """The names of what people find there, in order: hidden files are the program's own."""
    return sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))


def letters_in(folder: Path) -> list[str]:
    """The names of the letters that have a file each."""
    return [name for name in lying_in(folder) if name.startswith("letter-")]


def characters(pdf: bytes) -> list[tuple[str, tuple[float, float, float]]]:
    """What is printed: each character with its left edge, distance from the top, and right edge, in millimetres."""
    found = []
    for page in pypdfium2.PdfDocument(pdf):
        text = page.get_textpage()
        for place in range(text.count_chars()):
            character = text.get_text_range(place, 1)
            if character.strip():
                left, bottom, right, _ = text.get_charbox(place)
                found.append((character, (left * 25.4 / 72, 297 - bottom * 25.4 / 72, right * 25.4 / 72)))
    return found
