"""The font in which the form's fields are filled in: that of the documents, with every Latin letter, in the file.

PDF/UA-1 and archives want fonts embedded (ISO 14289-1 section 7.21.4.1), and what is filled in must show on machines
that lack it too. The typesetter embeds only letters that are set, so a sheet with all of them is set first. A simple
font has 256 letters at most, and not ł or ș beside ë: this one is composite (ISO 32000-1 section 9.7), and its
ToUnicode map tells viewers which glyph a typed letter is.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Self

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf

from .typesetting import typeset

# The name of the resource, not of the font. Chromium's viewer sets letters that are not in Windows' western set in some
# font of the machine, and loses those that this has not, but for fields whose font bears one of four names (PDFium's
# CPDF_BAFontMap): it takes those to hold all that is typed. Others pay no attention to the name.
RESOURCE = "/Wingdings"
SIZE = 10.5
# What fields say of their text (ISO 32000-1 section 12.7.3.3).
DEFAULT_APPEARANCE = f"{RESOURCE} {SIZE} Tf 0 g"
# Latin with all accents that Europe and Vietnam write, punctuation, and the signs that go with amounts and numbers.
_LETTERS = (range(0x21, 0x7F), range(0xA1, 0xAD), range(0xAE, 0x250), range(0x1E00, 0x1F00), range(0x2010, 0x2028))
_SIGNS = "‰′″‹›⁄€№™"
_MAPPED = re.compile(r"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})>")
_ANY_DAY = datetime(2026, 11, 25, tzinfo=UTC)
_INSET = 2


def letters() -> str:
    """All that can be typed, the space apart."""
    return "".join(chr(each) for part in _LETTERS for each in part) + _SIGNS


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFont:
    """The font in one document; *codes* are the octets of each letter in it."""

    font: pikepdf.Object
    codes: dict[str, bytes] = field(repr=False)

    @classmethod
    def put_into(cls, pdf: Pdf) -> Self:
        """Copy the font into a document."""
        with Pdf.open(BytesIO(_sheet())) as sheet:
            ((_, font),) = sheet.pages[0].obj.Resources.Font.items()
            copy = pdf.copy_foreign(font)
        _drop_tag(copy)
        return cls(font=copy, codes=_codes(copy))

    @classmethod
    def of(cls, pdf: Pdf) -> Self:
        """The font that a form has already."""
        font = pdf.Root.AcroForm.DR.Font[RESOURCE]
        return cls(font=font, codes=_codes(font))

    @property
    def resources(self) -> Dictionary:
        """What text in it needs."""
        return Dictionary(Font=Dictionary({RESOURCE: self.font}))

    def appearance(self, pdf: Pdf, widget: pikepdf.Object, text: str) -> pikepdf.Object:
        """A text as a field shows it (ISO 32000-1 section 12.7.3.3), in the middle of its height.

        Raises:
            KeyError: for a letter that is not in the font.
        """
        left, bottom, right, top = (float(each) for each in widget.Rect)
        width, height = right - left, top - bottom
        outline = self.font.DescendantFonts[0].FontDescriptor
        ascent, descent = (float(each) * SIZE / 1000 for each in (outline.Ascent, outline.Descent))
        line = (height - (ascent - descent)) / 2 - descent
        shown = b"".join(self.codes[letter] for letter in text).hex()
        drawn = f"q BT {DEFAULT_APPEARANCE} {_INSET} {line:.2f} Td <{shown}> Tj ET Q " if text else ""
        stream = pdf.make_stream(f"/Tx BMC {drawn}EMC".encode())
        stream.Type, stream.Subtype, stream.BBox = Name.XObject, Name.Form, Array([0, 0, width, height])
        stream.Resources = self.resources
        return stream


def _codes(font: pikepdf.Object) -> dict[str, bytes]:
    mapped = _MAPPED.findall(font.ToUnicode.read_bytes().decode("ascii"))
    return {chr(int(letter, 16)): bytes.fromhex(code) for code, letter in mapped}


def _drop_tag(font: pikepdf.Object) -> None:
    """Take away the mark of a subset: programs may believe that such a font lacks what is not written in it yet."""
    for holder, key in (
        (font, "/BaseFont"),
        (font.DescendantFonts[0], "/BaseFont"),
        (font.DescendantFonts[0].FontDescriptor, "/FontName"),
    ):
        holder[key] = Name("/" + str(holder[key]).partition("+")[2])


@cache
def _sheet() -> bytes:
    return typeset("field_font.typ", {"letters": json.dumps([*letters()])}, standards=(), timestamp=_ANY_DAY)
