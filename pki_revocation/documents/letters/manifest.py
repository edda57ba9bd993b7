"""A manifest: what letters are checked by when they are printed, folded or posted; a line each, and never a code.

The digest is of the whole file that the letter is in, so that `sha256sum` tells whether it arrived as it was made.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pki_revocation.model import serial_text

from .letter import LetterContent

COLUMNS = ("number", "serial", "subject", "language", "file", "page", "pages", "sha256")
_LINE_END = b"\r\n"
# What spreadsheets take for the beginning of a formula, or pass over in front of one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLetter:
    """A letter and where it is: *page* of *file* is its first, counted from 1, and *pages* are its own.

    *sha256* is the file's, in hexadecimal.
    """

    content: LetterContent
    file: str
    page: int
    pages: int
    sha256: str


def manifest(letters: Iterable[PlacedLetter]) -> bytes:
    """The letters' manifest: CSV in UTF-8 (RFC 4180), with a header line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in letters:
        content = each.content
        writer.writerow(
            (
                content.number,
                defused(serial_text(content.serial)),
                defused(content.subject),
                content.language.value,
                each.file,
                each.page,
                each.pages,
                each.sha256,
            )
        )
    return text.getvalue().encode()


def defused(cell: str) -> str:
    """A cell that no spreadsheet runs: what begins like a formula gets an apostrophe, which they take for "text"."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def files_in(part: bytes) -> dict[str, str]:
    """The files that a manifest names, and their digests."""
    lines = csv.DictReader(io.StringIO(part.decode("utf-8"), newline=""))
    return {line["file"]: line["sha256"] for line in lines}


def concatenated(parts: Iterable[bytes]) -> Iterator[bytes]:
    """One manifest out of several, piece by piece: the header of the first, and the lines of all."""
    for place, part in enumerate(parts):
        header, end, lines = part.partition(_LINE_END)
        yield lines if place else header + end + lines
