"""The overview that goes with the confirmation letter: number and revocation code of one certificate, as a PDF.

Each in a file of its own, or many in one file for the printer that prints and posts them.

Tagged, PDF/UA-1 (ISO 14289-1), in Dutch or English, with the fonts that the typesetter brings. What differs between
letters is passed as data and never becomes markup.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from babel.dates import format_date, format_datetime
from cryptography import x509
from cryptography.x509.oid import NameOID

from pki_revocation import codes, numbers
from pki_revocation.errors import PkiError
from pki_revocation.model import serial_text
from pki_revocation.register.host_names import listed
from pki_revocation.subscribers.languages import AMSTERDAM, Language
from pki_revocation.subscribers.wording import terms_in

from .letter_sender import LetterSender
from .sheet_marks import marks_of, picture_of

if TYPE_CHECKING:
    import typst

_TEMPLATE = Path(__file__).with_name("letter.typ")
# Its own count is ten, found by looking at its memory: a few more cost nothing.
_KEPT_FOR = 12
_UNDRAWN = re.compile(r'the text `"(.+)"` could not be displayed')
_UNESCAPED_COMMA = re.compile(r"(?<!\\),(?! )")
_MOMENTS = {
    Language.DUTCH: ("d MMMM y 'om' HH:mm", "Nederlandse tijd"),
    Language.ENGLISH: ("d MMMM y 'at' HH:mm", "Dutch time"),
}


class LetterNotSet(PkiError):
    """The typesetter refused what was to be printed, such as a character that no font has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterContent:
    """What one letter says; *page* is the address of the subscriber's page, *form* is for when that does not work.

    *hosts* are the names of the servers that the certificate is for, *sender* says who writes.
    """

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
    form: str
    hosts: tuple[str, ...] = ()
    sender: LetterSender = field(default_factory=LetterSender)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesOfLetter:
    """Where in a PDF a letter is: *first* is the page that it begins on, from 1; *pages* are its own, no blank one."""

    first: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLetters:
    """A PDF of letters; *places* says where each is, in the order of the contents."""

    pdf: bytes = field(repr=False)
    places: tuple[PagesOfLetter, ...]


def compile_letter(content: LetterContent, fonts: Path | None = None) -> PrintedLetters:
    """One letter as a PDF; *fonts* is a folder with more than the typesetter brings.

    Raises:
        LetterNotSet: when a character cannot be printed; the message never holds the code.
    """
    return _set([_inputs(content, has_window=bool(content.address))], content.dated, fonts, duplex=False)


def compile_print_file(
    contents: Sequence[LetterContent], fonts: Path | None = None, *, duplex: bool = False, marked_as: str = ""
) -> PrintedLetters:
    """All letters in one PDF, each on a page of its own and with its recipient in the address window.

    With *duplex*, each begins on an odd page, behind a blank one where the letter before ended on such a page: printed
    on both sides, no two letters share a sheet. With *marked_as*, the print file's name, each sheet bears its mark.

    Raises:
        LetterNotSet: when one of them cannot be set; it does not say which.
        SheetNotMarked: when one has more sheets than marks can say.
        ValueError: when there are none.
    """
    if not contents:
        raise ValueError(contents)
    inputs = [_inputs(each, has_window=True) for each in contents]
    try:
        printed = _set(inputs, contents[0].dated, fonts, duplex=duplex)
        if not marked_as:
            return printed
        # How many sheets a letter has is known when it is set: marks stand behind the text, and move none of it.
        texts = marks_of(marked_as, [place.pages for place in printed.places], duplex=duplex)
        marks = [[picture_of(text) for text in sheets] for sheets in texts]
        return _set(inputs, contents[0].dated, fonts, duplex=duplex, marks=marks)
    finally:
        _let_go()


def _let_go() -> None:
    """Free what the typesetter keeps of a print file, about a megabyte for each letter.

    It keeps whatever it laid out until it was of no use in so many further compilations, which may as well be empty.
    """
    import typst  # noqa: PLC0415 - loaded already, where letters were set

    for _ in range(_KEPT_FOR):
        typst.compile(b"", format="pdf", font_paths=fonts_in(None), ignore_system_fonts=True)


def _inputs(content: LetterContent, *, has_window: bool) -> dict[str, object]:
    locale = content.language.locale
    addressee = content.organisation or content.subject
    return {
        "language": content.language.value,
        "region": locale.partition("_")[2],
        "addressee": addressee,
        "address": [addressee, *content.address] if has_window else [],
        "dated": format_date(content.dated.astimezone(AMSTERDAM), "long", locale=locale),
        "organisation": content.organisation,
        # A blank behind each comma lets a long name go on over the next line.
        "subject": "" if _is_said_otherwise(content) else _UNESCAPED_COMMA.sub(", ", content.subject),
        "serial": serial_text(content.serial),
        "from": "" if content.not_before is None else _moment(content.not_before, content.language),
        "until": _moment(content.not_after, content.language),
        "number": numbers.grouped(content.number),
        "code": codes.grouped(content.code),
        "hosts": "" if content.hosts == (content.subject,) else listed(content.hosts, content.language),
        "page": content.page,
        "form": content.form,
        "desk": content.sender.as_input(),
        "qr": _picture(page_with_number(content.page, content.number)),
    }


def _is_said_otherwise(content: LetterContent) -> bool:
    """Whether host name and organisation, which stand in lines of their own, are all that the subject says of it."""
    try:
        attributes = [(each.oid, each.value) for each in x509.Name.from_rfc4514_string(content.subject)]
    except ValueError:
        return False
    said = {NameOID.COMMON_NAME: content.hosts, NameOID.ORGANIZATION_NAME: (content.organisation,)}
    return bool(attributes) and all(
        oid == NameOID.COUNTRY_NAME or value in said.get(oid, ()) for oid, value in attributes
    )


def _set(
    letters: Sequence[dict[str, object]],
    dated: datetime,
    fonts: Path | None,
    *,
    duplex: bool,
    marks: Sequence[Sequence[str]] = (),
) -> PrintedLetters:
    import typst  # noqa: PLC0415 - a service that waits for letters to make has none to set

    compiler = typst.Compiler(
        _TEMPLATE,
        font_paths=fonts_in(fonts),
        ignore_system_fonts=True,
        # In memory: what stands in a letter is in no temporary file.
        sys_inputs={
            "letters": json.dumps(letters),
            "terms": json.dumps({each.value: terms_in(each) for each in Language}),
            "marks": json.dumps(marks),
            "sides": "2" if duplex else "1",
        },
    )
    try:
        pdf = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=dated)
        places = json.loads(compiler.query("<places>", field="value", one=True))
    except typst.TypstError as error:
        # The typesetter's hints quote what it was given: only the first line, which does not, is passed on.
        raise LetterNotSet(refusal_of(error.message)) from None
    if not isinstance(pdf, bytes):
        raise LetterNotSet("The letter cannot be set: the typesetter gave no document.")
    return PrintedLetters(
        pdf=pdf, places=tuple(PagesOfLetter(first=first, pages=last - first + 1) for first, last in places)
    )


def refusal_of(message: str) -> str:
    """What the typesetter refused, and what to do where it would draw a box otherwise."""
    if undrawn := _UNDRAWN.search(message):
        return f"No font has its character {undrawn[1]}: put one that does into the folder of [letters] fonts."
    return f"The letter cannot be set: {message}."


def page_with_number(page: str, number: str) -> str:
    """What the QR code opens: the page with the number filled in, which is no secret; the code is never in it."""
    return f"{page}?{urlencode({'number': number})}"


def _picture(address: str) -> str:
    """A QR code as SVG: error correction M or better, without the quiet zone, which the letter keeps around it."""
    import segno  # noqa: PLC0415 - as the typesetter

    return str(segno.make_qr(address, error="m").svg_inline(border=0, scale=4, omitsize=False))


def _moment(moment: datetime, language: Language) -> str:
    """A moment in words, in Dutch local time as on the page."""
    pattern, zone = _MOMENTS[language]
    return f"{format_datetime(moment, pattern, tzinfo=AMSTERDAM, locale=language.locale)} ({zone})"


@cache
def fonts_in(folder: Path | None) -> "typst.Fonts":
    """The typesetter's own fonts and those of a folder, looked up once: none that a machine has by chance."""
    import typst  # noqa: PLC0415 - loaded already, where letters are set

    return typst.Fonts(include_system_fonts=False, font_paths=[] if folder is None else [folder])
