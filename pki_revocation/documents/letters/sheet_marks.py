"""The marks that inserting machines read on each sheet of a print file: which letter it is of, and how many it has.

A QR code (ISO/IEC 18004, version 2, error correction M) of 23 characters, each at its fixed place, so that a machine
is told positions and needs to understand nothing: `1A2B3C4D-0001-042-01-02` is sheet 1 of 2 of the 42nd letter in the
file `letters-…-1a2b3c4d-0001.pdf`. A machine that counts sheets sees where one is missing or is another letter's.
Neither the number nor the code is in it.
"""

import re
from collections.abc import Sequence

from pki_revocation.errors import PkiError

_FILE = re.compile(r"-([0-9a-f]{8})-(\d{4,})\.pdf")
# Two digits for sheets: a letter with more is one that no machine folds.
_MOST_SHEETS = 99


class SheetNotMarked(PkiError):
    """A letter has more sheets than its marks can say."""


def marks_of(print_file: str, pages: Sequence[int], *, duplex: bool) -> list[list[str]]:
    """For each letter of a print file the texts of its sheets' marks; *pages* are each letter's own.

    Raises:
        SheetNotMarked: when a letter has too many sheets, or the file's name is none of a run's.
    """
    found = _FILE.search(print_file)
    if found is None:
        raise SheetNotMarked(f"{print_file} is no name of a print file.")
    run = f"{found[1].upper()}-{found[2]}"
    marks = []
    for place, count in enumerate(pages, start=1):
        sheets = (count + 1) // 2 if duplex else count
        if sheets > _MOST_SHEETS:
            raise SheetNotMarked(f"Letter {place} of {print_file} has {sheets} sheets: no machine folds so many.")
        marks.append([f"{run}-{place:03}-{sheet:02}-{sheets:02}" for sheet in range(1, sheets + 1)])
    return marks


def picture_of(mark: str) -> str:
    """A mark as SVG, of 25 by 25 modules, without the quiet zone, which the sheet keeps around it."""
    import segno  # noqa: PLC0415 - with the typesetter, where letters are made

    return str(
        segno.make_qr(mark, error="m", version=2, boost_error=False).svg_inline(border=0, scale=4, omitsize=False)
    )
