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

from .date_fields import Fault, MistypedMoment
from .languages import marked


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
        field="compromised-day",
        text=marked("This moment lies in the future. Fill in a moment in the past, or leave it empty."),
    ),
}
_FAULTS = {
    Fault.DAY: Complaint(field="compromised-day", text=marked("Fill in the day as a number, for example 23.")),
    Fault.MONTH: Complaint(field="compromised-month", text=marked("Fill in the month as a number from 1 to 12.")),
    Fault.YEAR: Complaint(
        field="compromised-year", text=marked("Fill in the year with four digits, for example 2026.")
    ),
    Fault.TIME: Complaint(
        field="compromised-time",
        text=marked("Fill in the time as hours and minutes, for example 15:03, or leave it empty."),
    ),
    Fault.NO_DATE: Complaint(
        field="compromised-day", text=marked("You filled in a time. Fill in the date too, or leave the time empty.")
    ),
    Fault.NO_SUCH_DATE: Complaint(
        field="compromised-day", text=marked("This date does not exist. Check the day and the month.")
    ),
    Fault.SKIPPED: Complaint(
        field="compromised-time",
        text=marked("This time did not exist: summer time began in that night. Fill in another time."),
    ),
}


TIMED_OUT = Complaint(
    field="number",
    text=marked(
        "You filled in your number and code more than half an hour ago, or the form was damaged on its way. Nothing "
        "was revoked by this. Fill in your number and code again."
    ),
)

# What the page's script says of the same things before anything is sent.
TYPING = {
    "number_empty": _EMPTY_NUMBER.text,
    "number_mistyped": _COMPLAINTS[MistypedNumber].text,
    "code_empty": _EMPTY_CODE.text,
    "code_mistyped": _COMPLAINTS[MistypedCode].text,
}


def about(error: RevocationRefused) -> tuple[Complaint, ...]:
    """What to say about a refusal; nothing where it is not about a field."""
    if isinstance(error, MistypedMoment):
        return tuple(_FAULTS[fault] for fault in error.faults)
    complaint = _COMPLAINTS.get(type(error))
    return () if complaint is None else (complaint,)


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
