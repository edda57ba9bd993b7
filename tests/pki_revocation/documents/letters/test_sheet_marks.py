"""The marks on the sheets of a print file: an inserting machine can tell which sheet of which letter it holds."""

from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp

from pki_revocation.documents.letters.letter import compile_print_file
from pki_revocation.documents.letters.sheet_marks import SheetNotMarked, marks_of
from tests.pki_revocation.documents.claims import broken_claims
from tests.pki_revocation.documents.letters.test_letter import CONTENT

FILE = "letters-20261123T140322Z-1a2b3c4d-0007.pdf"
LONG = replace(
    CONTENT,
    number="210987654321",
    subject=",".join(f"OU=Afdeling {place} van de zorgadministratie" for place in range(40)),
)


def read(pdf: bytes) -> list[list[str]]:
    """What is read on each page at its left edge, as a camera in a machine sees it."""
    found = []
    for page in pypdfium2.PdfDocument(pdf):
        picture = page.render(scale=6, grayscale=True).to_pil()
        edge = picture.crop((0, 0, int(20 / 210 * picture.width), picture.height))
        found.append([each.text for each in zxingcpp.read_barcodes(edge)])
    return found


@pytest.mark.parametrize(
    ("duplex", "marks"),
    [
        (False, [["001-01-01"], ["002-01-02"], ["002-02-02"], ["003-01-01"]]),
        # Both sides are printed: one sheet, which has its mark in front, and an empty side where a letter is short.
        (True, [["001-01-01"], [], ["002-01-01"], [], ["003-01-01"]]),
    ],
)
def test_each_sheet_says_which_it_is(marks: list[list[str]], *, duplex: bool) -> None:
    """Run, file, letter, sheet and how many sheets; neither number nor code."""
    printed = compile_print_file([CONTENT, LONG, CONTENT], duplex=duplex, marked_as=FILE)

    assert read(printed.pdf) == [[f"1A2B3C4D-0007-{each}" for each in page] for page in marks]
    assert not broken_claims(printed.pdf)


def test_marks_move_nothing() -> None:
    """They stand behind the text; without the setting there are none."""
    plain, marked = (compile_print_file([CONTENT, LONG], marked_as=name) for name in ("", FILE))
    assert plain.places == marked.places
    assert read(plain.pdf) == [[]] * 3


def test_what_marks_cannot_say_is_refused() -> None:
    """A name that is no print file's, and a letter of a hundred sheets: no machine gets a wrong mark."""
    with pytest.raises(SheetNotMarked, match="no name of a print file"):
        marks_of("letter-123.pdf", [1], duplex=False)
    with pytest.raises(SheetNotMarked, match=r"Letter 2 .* 100 sheets"):
        marks_of(FILE, [1, 100], duplex=False)
    assert len(marks_of(FILE, [1, 198], duplex=True)[1]) == 99
