"""The overview that goes with the confirmation letter: number and revocation code of one certificate, as a PDF.

Tagged, PDF/UA-1 (ISO 14289-1), in Dutch or English, with the fonts that the typesetter brings. What differs between
letters is passed as data and never becomes markup.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import segno
import typst
from babel.dates import format_date, format_datetime

from pki_revocation import codes, numbers
from pki_revocation.errors import PkiError
from pki_revocation.model import serial_text

_TEMPLATE = Path(__file__).with_name("letter.typ")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),(?! )")


class Language(StrEnum):
    """What letters are written in."""

    DUTCH = "nl"
    ENGLISH = "en"

    @property
    def page(self) -> str:
        """The path of the subscriber's page in this language."""
        return "/intrekken" if self is Language.DUTCH else "/revoke"


_LOCALES = {Language.DUTCH: ("NL", "nl_NL"), Language.ENGLISH: ("GB", "en_GB")}


class LetterNotSet(PkiError):
    """The typesetter refused what was to be printed, such as a character that no font has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterContent:
    """What one letter says; times are UTC, *page* is the address of the subscriber's page."""

    language: Language
    dated: datetime
    organisation: str
    address: tuple[str, ...] = ()
    subject: str
    serial: int
    not_before: datetime | None
    not_after: datetime
    number: str
    code: str = field(repr=False)
    page: str


def compile_letter(content: LetterContent, fonts: Path | None = None) -> bytes:
    """The letter as a PDF; *fonts* is a folder with more than the typesetter brings.

    Raises:
        LetterNotSet: when a character cannot be printed; the message never holds the code.
    """
    region, locale = _LOCALES[content.language]
    inputs = {
        "language": content.language.value,
        "region": region,
        "addressee": content.organisation or content.subject,
        "address": "\n".join(content.address),
        "dated": format_date(content.dated, "long", locale=locale),
        "organisation": content.organisation,
        # A blank behind each comma lets a long name go on over the next line.
        "subject": _UNESCAPED_COMMA.sub(", ", content.subject),
        "serial": serial_text(content.serial),
        "from": "" if content.not_before is None else _moment(content.not_before, locale),
        "until": _moment(content.not_after, locale),
        "number": numbers.grouped(content.number),
        "code": codes.grouped(content.code),
        "page": content.page,
        "qr": _picture(page_with_number(content.page, content.number)),
    }
    try:
        pdf = typst.compile(
            _TEMPLATE,
            format="pdf",
            font_paths=_fonts(fonts),
            ignore_system_fonts=True,
            sys_inputs=inputs,
            pdf_standards=["ua-1"],
            timestamp=content.dated,
        )
    except typst.TypstError as error:
        # The typesetter's hints quote what it was given: only the first line, which does not, is passed on.
        raise LetterNotSet(f"The letter cannot be set: {error.message}.") from None
    if not isinstance(pdf, bytes):
        raise LetterNotSet("The letter cannot be set: the typesetter gave no document.")
    return pdf


def page_with_number(page: str, number: str) -> str:
    """What the QR code opens: the page with the number filled in, which is no secret; the code is never in it."""
    return f"{page}?{urlencode({'number': number})}"


def _picture(address: str) -> str:
    """A QR code as SVG: error correction M or better, without the quiet zone, which the letter keeps around it."""
    return str(segno.make_qr(address, error="m").svg_inline(border=0, scale=4, omitsize=False))


def _moment(moment: datetime, locale: str) -> str:
    return f"{format_datetime(moment, 'd MMMM y HH:mm', locale=locale)} UTC"


@cache
def _fonts(folder: Path | None) -> typst.Fonts:
    """The typesetter's own fonts and those of a folder, looked up once: none that a machine has by chance."""
    return typst.Fonts(include_system_fonts=False, font_paths=[] if folder is None else [folder])
