"""Whether the serials of a CSV are hexadecimal, as documented, or decimal, as spreadsheets and some CAs write them.

A decimal serial that is read as hexadecimal is the serial of no certificate, so that its revocation would miss. A long
serial in hexadecimal has a letter: of twenty digits that are drawn at random, all are below ten once in ten thousand
times. So a column with such serials and without any letter is decimal; a column of short ones without a letter may be
either, is read as documented, and is said so.
"""

import csv
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

from .text_files import open_text, without_marks

_LETTERS = frozenset("abcdefABCDEF")
# Decimal serials of 64 random bits, the least that BR 7.1 allows, have 19 digits or 20.
_LONG = 18
# So many digits in long serials, none of them a letter: less than once in a million times.
_CERTAIN = 30


class SerialBase(IntEnum):
    """How serials are written."""

    HEXADECIMAL = 16
    DECIMAL = 10


def base_of(path: Path, said: SerialBase | None) -> tuple[SerialBase, str]:
    """How the serials of a CSV are written, and a remark on it where it was not said and there is doubt.

    Args:
        path: the file; it is read to the first letter in a serial, which is nearly always in its first row.
        said: what the operator said; None where that was left to the file.
    """
    if said is not None:
        return said, ""
    rows = digits = 0
    try:
        for serial in _serials(path):
            if not _LETTERS.isdisjoint(serial) or serial.startswith("0"):
                return SerialBase.HEXADECIMAL, ""
            rows += 1
            digits += len(serial) if len(serial) >= _LONG else 0
    except (csv.Error, ValueError):
        # The reader of the rows says what is wrong with the file.
        return SerialBase.HEXADECIMAL, ""
    if not rows:
        return SerialBase.HEXADECIMAL, ""
    if digits >= _CERTAIN:
        return SerialBase.DECIMAL, (
            "No serial in it has a letter, so that they were read as decimal: if they are hexadecimal, import it again "
            "with '--serials hexadecimal', and take back what went in wrongly."
        )
    return SerialBase.HEXADECIMAL, (
        "No serial in it has a letter; they were read as hexadecimal: if they are decimal, import it with "
        "'--serials decimal'."
    )


def _serials(path: Path) -> Iterator[str]:
    """The cells of the column `serial` that have digits in them."""
    with open_text(path, keep_ends=True) as file:
        header = file.readline()
        delimiter = ";" if header.count(";") > header.count(",") else ","
        (names,) = csv.reader([header], delimiter=delimiter)
        columns = [without_marks(name).strip().lower() for name in names]
        if "serial" not in columns:
            return
        at = columns.index("serial")
        for row in csv.reader(file, delimiter=delimiter):
            cell = row[at].strip() if len(row) > at else ""
            if cell:
                yield cell
