"""What the page says of input that it cannot take: the sentence, and the field that it links to (WCAG 3.3.1, 3.3.3)."""

from collections.abc import Callable
from dataclasses import dataclass

from pki_revocation.codes import parse_code
from pki_revocation.errors import (
    ImpossibleDate,
    MistypedCode,
    MistypedNumber,
    NotRecognised,
    ReasonNotPermitted,
    RevocationRefused,
)
from pki_revocation.numbers import parse_number

from .languages import marked
from .moments import UnreadableMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One sentence, to translate, about one field, by its id on the page."""

    field: str
    text: str


_EMPTY_NUMBER = Complaint(field="number", text=marked("Fill in your number."))
_EMPTY_CODE = Complaint(field="code", text=marked("Fill in your revocation code."))
_COMPLAINTS: dict[type[RevocationRefused], Complaint] = {
    MistypedNumber: Complaint(
        field="number",
        text=marked("There is a typing error in the number. Compare it with your letter: it has 12 digits."),
    ),
    MistypedCode: Complaint(
        field="code",
        text=marked(
            "There is a typing error in the revocation code. Compare it with your letter, character by character."
        ),
    ),
    NotRecognised: Complaint(
        field="number",
        text=marked("This number and this code do not belong together. Check both against the same letter."),
    ),
    ReasonNotPermitted: Complaint(field="reason-none", text=marked("Choose one of the reasons on this page.")),
    ImpossibleDate: Complaint(
        field="compromised-date",
        text=marked("This moment lies in the future. Fill in a moment in the past, or leave it empty."),
    ),
    UnreadableMoment: Complaint(
        field="compromised-date",
        text=marked("We cannot read this date or time. Write it as 23-11-2026 and 15:03, or leave it empty."),
    ),
}


# What the page's script says of the same things before anything is sent.
TYPING = {
    "number_empty": _EMPTY_NUMBER.text,
    "number_mistyped": _COMPLAINTS[MistypedNumber].text,
    "code_empty": _EMPTY_CODE.text,
    "code_mistyped": _COMPLAINTS[MistypedCode].text,
}


def about(error: RevocationRefused) -> Complaint | None:
    """What to say about a refusal, or None where it is not about a field."""
    return _COMPLAINTS.get(type(error))


def about_typing(number: str, code: str) -> tuple[Complaint, ...]:
    """Everything that can be said without looking anything up, about both fields at once."""
    found = []
    if not number.strip():
        found.append(_EMPTY_NUMBER)
    elif not _reads(parse_number, number):
        found.append(_COMPLAINTS[MistypedNumber])
    if not code.strip():
        found.append(_EMPTY_CODE)
    elif not _reads(parse_code, code):
        found.append(_COMPLAINTS[MistypedCode])
    return tuple(found)


def _reads(parse: Callable[[str], str], text: str) -> bool:
    try:
        parse(text)
    except RevocationRefused:
        return False
    return True
