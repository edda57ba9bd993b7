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

from .date_fields import DateFault, InvalidDateFields
from .languages import translatable


@dataclass(frozen=True, slots=True, kw_only=True)
class FormError:
    """One sentence, to translate, about one field, by its id on the page."""

    field: str
    text: str


_EMPTY_NUMBER = FormError(field="number", text=translatable("Fill in your number."))
_EMPTY_CODE = FormError(field="code", text=translatable("Fill in your revocation code."))
_FORM_ERRORS: dict[type[RevocationRefused], FormError] = {
    MistypedNumber: FormError(
        field="number",
        text=translatable("There is a typing error in the number. Compare it with your letter: it has 12 digits."),
    ),
    MistypedCode: FormError(
        field="code",
        text=translatable(
            "There is a typing error in the revocation code. Compare it with your letter, character by character."
        ),
    ),
    NotRecognised: FormError(
        field="number",
        text=translatable("This number and this code do not belong together. Check both against the same letter."),
    ),
    ReasonNotPermitted: FormError(field="reason-none", text=translatable("Choose one of the reasons on this page.")),
    ImpossibleDate: FormError(
        field="compromised-day",
        text=translatable("This moment lies in the future. Fill in a moment in the past, or leave it empty."),
    ),
}
_FAULTS = {
    DateFault.DAY: FormError(
        field="compromised-day", text=translatable("Fill in the day as a number, for example 23.")
    ),
    DateFault.MONTH: FormError(
        field="compromised-month", text=translatable("Fill in the month as a number from 1 to 12.")
    ),
    DateFault.YEAR: FormError(
        field="compromised-year", text=translatable("Fill in the year with four digits, for example 2026.")
    ),
    DateFault.TIME: FormError(
        field="compromised-time",
        text=translatable("Fill in the time as hours and minutes, for example 15:03, or leave it empty."),
    ),
    DateFault.NO_DATE: FormError(
        field="compromised-day",
        text=translatable("You filled in a time. Fill in the date too, or leave the time empty."),
    ),
    DateFault.NO_SUCH_DATE: FormError(
        field="compromised-day", text=translatable("This date does not exist. Check the day and the month.")
    ),
    DateFault.SKIPPED: FormError(
        field="compromised-time",
        text=translatable("This time did not exist: summer time began in that night. Fill in another time."),
    ),
}


TIMED_OUT = FormError(
    field="number",
    text=translatable(
        "You filled in your number and code more than half an hour ago, or the form was damaged on its way. Nothing "
        "was revoked by this. Fill in your number and code again."
    ),
)

# What the page's script says of the same things before anything is sent.
TYPING = {
    "number_empty": _EMPTY_NUMBER.text,
    "number_mistyped": _FORM_ERRORS[MistypedNumber].text,
    "code_empty": _EMPTY_CODE.text,
    "code_mistyped": _FORM_ERRORS[MistypedCode].text,
}


def form_errors_of(error: RevocationRefused) -> tuple[FormError, ...]:
    """What to say about a refusal; nothing where it is not about a field."""
    if isinstance(error, InvalidDateFields):
        return tuple(_FAULTS[fault] for fault in error.faults)
    form_error = _FORM_ERRORS.get(type(error))
    return () if form_error is None else (form_error,)


def input_errors(number: str, code: str) -> tuple[FormError, ...]:
    """Everything that can be said without looking anything up, about both fields at once."""
    found = []
    if not number.strip():
        found.append(_EMPTY_NUMBER)
    elif not _reads(parse_number, number):
        found.append(_FORM_ERRORS[MistypedNumber])
    if not code.strip():
        found.append(_EMPTY_CODE)
    elif not _reads(parse_code, code):
        found.append(_FORM_ERRORS[MistypedCode])
    return tuple(found)


def _reads(parse: Callable[[str], str], text: str) -> bool:
    try:
        parse(text)
    except RevocationRefused:
        return False
    return True
