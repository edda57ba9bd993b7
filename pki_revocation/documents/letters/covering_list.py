"""The covering list of a subscriber who gets several letters in one run: host name, number and letter, and no code.

A tagged PDF as the letters are (PDF/UA-1), with the recipient in the same window; the lists of a run are in one file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from babel.dates import format_date

from pki_revocation import numbers
from pki_revocation.subscribers.languages import AMSTERDAM, Language
from pki_revocation.subscribers.wording import Wording, terms_in

from .letter import LetterNotSet, fonts_in, refusal_of
from .letter_sender import LetterSender

_TEMPLATE = Path(__file__).with_name("covering_list.typ")
_PLACE = Wording("{file}, bladzijde {page}", "{file}, page {page}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLetter:
    """One letter of a list: *server* is its host name, *file* and *page* say where it was printed."""

    server: str
    number: str
    file: str
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveringList:
    """The letters of one recipient; *addressee* and *address* are what stands in the window."""

    language: Language
    dated: datetime
    addressee: str
    address: tuple[str, ...]
    sender: LetterSender
    letters: tuple[ListedLetter, ...]


def compile_covering_lists(lists: Sequence[CoveringList], fonts: Path | None = None) -> bytes:
    """All lists in one PDF, each on sheets of its own.

    Raises:
        LetterNotSet: when a character cannot be printed.
        ValueError: when there are none.
    """
    import typst  # noqa: PLC0415 - a service that waits for letters to make has none to set

    if not lists:
        raise ValueError(lists)
    compiler = typst.Compiler(
        _TEMPLATE,
        font_paths=fonts_in(fonts),
        ignore_system_fonts=True,
        sys_inputs={
            "lists": json.dumps([_input(each) for each in lists]),
            "terms": json.dumps({each.value: terms_in(each) for each in Language}),
        },
    )
    try:
        pdf = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=lists[0].dated)
    except typst.TypstError as error:
        raise LetterNotSet(refusal_of(error.message)) from None
    if not isinstance(pdf, bytes):
        raise LetterNotSet("The covering list cannot be set: the typesetter gave no document.")
    return pdf


def _input(covering: CoveringList) -> dict[str, object]:
    locale = covering.language.locale
    return {
        "language": covering.language.value,
        "region": locale.partition("_")[2],
        "address": [covering.addressee, *covering.address],
        "dated": format_date(covering.dated.astimezone(AMSTERDAM), "long", locale=locale),
        "desk": covering.sender.as_input(),
        "entries": [_entry(each, covering.language) for each in covering.letters],
    }


def _entry(letter: ListedLetter, language: Language) -> dict[str, str]:
    where = _PLACE.in_language(language).format(file=letter.file, page=letter.page)
    return {"server": letter.server, "number": numbers.grouped(letter.number), "letter": where}
