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

from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, IndirectObject, StreamObject

from .pdf_objects import at, dictionary, drawing, elements, name, put, reference, size
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
    """All letters that the form's fields can show, but for the space."""
    return "".join(chr(each) for part in _LETTERS for each in part) + _SIGNS


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFont:
    """The font in one document; *codes* are the octets of each letter in it."""

    font: DictionaryObject
    codes: dict[str, bytes] = field(repr=False)

    @classmethod
    def put_into(cls, pdf: PdfWriter) -> Self:
        """Copy the font into a document."""
        sheet = PdfReader(BytesIO(_sheet()))
        fonts = at(at(sheet.pages[0], "/Resources"), "/Font")
        (key,) = fonts
        copy = at(fonts, key).clone(pdf)
        _drop_tag(copy)
        return cls(font=copy, codes=_codes(copy))

    @classmethod
    def of(cls, pdf: PdfWriter) -> Self:
        """The font that a form has already."""
        font = at(at(at(at(pdf.root_object, "/AcroForm"), "/DR"), "/Font"), RESOURCE)
        return cls(font=font, codes=_codes(font))

    @property
    def resources(self) -> DictionaryObject:
        """The resource dictionary that an appearance with text in this font needs."""
        return dictionary(Font=dictionary(**{RESOURCE.removeprefix("/"): reference(self.font)}))

    def appearance(self, pdf: PdfWriter, widget: DictionaryObject, text: str) -> IndirectObject:
        """A text as a field shows it (ISO 32000-1 section 12.7.3.3), in the middle of its height.

        Raises:
            KeyError: for a letter that is not in the font.
        """
        width, height = size(widget)
        outline = at(_descendant(self.font), "/FontDescriptor")
        ascent, descent = (float(str(outline[key])) * SIZE / 1000 for key in ("/Ascent", "/Descent"))
        line = (height - (ascent - descent)) / 2 - descent
        shown = b"".join(self.codes[letter] for letter in text).hex()
        drawn = f"q BT {DEFAULT_APPEARANCE} {_INSET} {line:.2f} Td <{shown}> Tj ET Q " if text else ""
        return drawing(pdf, f"/Tx BMC {drawn}EMC", width, height, self.resources)


def _descendant(font: DictionaryObject) -> DictionaryObject:
    (found,) = elements(font, "/DescendantFonts")
    return found


def _codes(font: DictionaryObject) -> dict[str, bytes]:
    letters_of = font["/ToUnicode"].get_object()
    if not isinstance(letters_of, StreamObject):
        raise TypeError(letters_of)
    mapped = _MAPPED.findall(letters_of.get_data().decode("ascii"))
    return {chr(int(letter, 16)): bytes.fromhex(code) for code, letter in mapped}


def _drop_tag(font: DictionaryObject) -> None:
    """Remove the mark of a subset: programs may believe that such a font lacks what is not written in it yet."""
    descendant = _descendant(font)
    for holder, key in (
        (font, "BaseFont"),
        (descendant, "BaseFont"),
        (at(descendant, "/FontDescriptor"), "FontName"),
    ):
        put(holder, **{key: name(str(holder[f"/{key}"]).partition("+")[2])})


@cache
def _sheet() -> bytes:
    return typeset("field_font.typ", {"letters": json.dumps([*letters()])}, standards=(), timestamp=_ANY_DAY)
