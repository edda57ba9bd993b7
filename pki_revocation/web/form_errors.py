"""What the page says of input that it cannot take: the sentence, and the field that it links to (WCAG 3.3.1, 3.3.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from .complaints import (
    CODE_LENGTHS,
    EXPIRED,
    LOCKED,
    NO_DRAFT,
    NOT_RECOGNISED,
    OLDER_THAN_CERTIFICATE,
    STALE,
    TIMED_OUT,
    UNRECORDED,
    Complaint,
)
from .date_fields import DateFault
from .languages import current_language, translatable, translated
from .moments import day_in_words

# Fewer are told: enough to look at the letter again before there are none.
_FEW_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FormError:
    """One sentence, in the language of the request, about one field, by its id on the page."""

    field: str
    text: str


# What the page's script says too, before anything is sent.
TYPING = {
    "number-empty": translatable("Fill in your number."),
    "number-symbols": translatable("A number has digits alone. Compare it with your letter."),
    "number-length": translatable("A number has 12 digits. You filled in %(count)s."),
    "number-mistyped": translatable("There is a typing error in the number. Compare the 12 digits with your letter."),
    "code-empty": translatable("Fill in your revocation code."),
    "code-symbols": translatable("There is a character in the code that no code has. It has letters and digits alone."),
    "code-length": translatable("The code has %(whole)s characters. You filled in %(count)s."),
    "code-mistyped": translatable(
        "There is a typing error in the revocation code. Compare it with your letter, character by character."
    ),
}
_NOT_RECOGNISED = translatable("This number and this code do not belong together. Check both against the same letter.")
_ONE_LEFT = translatable("You can try once more.")
_SOME_LEFT = translatable("You can try %(count)s more times.")
_OLDER = translatable(
    "This date lies before the certificate began, on %(began)s. Is that right? Then tick the box under the date."
)
_SENTENCES = {
    **TYPING,
    NOT_RECOGNISED: _NOT_RECOGNISED,
    "reason": translatable("Choose one of the reasons on this page."),
    "future": translatable("This moment lies in the future. Fill in a moment in the past, or leave it empty."),
    DateFault.DAY: translatable("Fill in the day as a number, for example 23."),
    DateFault.MONTH: translatable("Fill in the month as a number from 1 to 12."),
    DateFault.YEAR: translatable("Fill in the year with four digits, for example 2026."),
    DateFault.TIME: translatable("Fill in the time as hours and minutes, for example 15:03, or leave it empty."),
    DateFault.NO_DATE: translatable("You filled in a time. Fill in the date too, or leave the time empty."),
    DateFault.NO_SUCH_DATE: translatable("This date does not exist. Check the day and the month."),
    DateFault.SKIPPED: translatable("This time did not exist: summer time began in that night. Fill in another time."),
    OLDER_THAN_CERTIFICATE: _OLDER,
    TIMED_OUT.name: translatable("The half hour is over. Nothing was revoked now. Fill in your code again."),
    STALE.name: translatable(
        "We could not process this form. It was open too long, or your browser blocks cookies. Nothing was revoked "
        "now. Try it again from here."
    ),
    NO_DRAFT.name: translatable(
        "We could not go on here. The page was open too long, or your browser blocks cookies. Nothing was revoked now. "
        "Fill in your number and code."
    ),
    UNRECORDED.name: translatable(
        "Because of a fault we do not know whether your confirmation was recorded. You can safely confirm again: a "
        "certificate is never revoked twice."
    ),
}
_CODE_FIELD = "code"
_FIELDS = {
    NOT_RECOGNISED: "number",
    "reason": "reason-none",
    "future": "compromised-day",
    DateFault.NO_DATE: "compromised-day",
    DateFault.NO_SUCH_DATE: "compromised-day",
    DateFault.SKIPPED: "compromised-time",
    OLDER_THAN_CERTIFICATE: "compromised-older",
    TIMED_OUT.name: _CODE_FIELD,
    STALE.name: "main",
    NO_DRAFT.name: "number",
    UNRECORDED.name: "main",
    **{fault: f"compromised-{fault}" for fault in (DateFault.DAY, DateFault.MONTH, DateFault.YEAR, DateFault.TIME)},
    **{name: name.partition("-")[0] for name in TYPING},
}
# With which status a page answers that has something to complain of.
_STATUSES = {
    NOT_RECOGNISED: 403,
    LOCKED: 429,
    EXPIRED.name: 409,
    TIMED_OUT.name: 400,
    STALE.name: 400,
    NO_DRAFT.name: 400,
    UNRECORDED.name: 503,
}
_UNPROCESSABLE = 422


def form_errors_of(complaints: Iterable[Complaint]) -> tuple[FormError, ...]:
    """The sentences, each with its field; nothing for what is a page of its own."""
    return tuple(
        FormError(field=_FIELDS[each.name], text=_sentence(each)) for each in complaints if each.name in _SENTENCES
    )


def status_of(complaints: tuple[Complaint, ...]) -> int:
    """The status of the page that says so; 200 where there is nothing to say."""
    return _STATUSES.get(complaints[0].name, _UNPROCESSABLE) if complaints else 200


def _sentence(complaint: Complaint) -> str:
    name, count = complaint
    match name:
        case "number-length":
            return translated(_SENTENCES[name], count=count)
        case "code-length":
            return translated(_SENTENCES[name], count=count, whole=length_meant(count))
        case "older":
            return translated(_OLDER, began=day_in_words(datetime.fromtimestamp(count, UTC), current_language()))
        case "not-recognised" if 0 < count <= _FEW_ATTEMPTS:
            left = translated(_ONE_LEFT) if count == 1 else translated(_SOME_LEFT, count=count)
            return f"{translated(_NOT_RECOGNISED)} {left}"
        case _:
            return translated(_SENTENCES[name])


def length_meant(count: int) -> int:
    """Of the lengths that codes have, the one that is nearest to what was typed; the shorter of two."""
    return min(CODE_LENGTHS, key=lambda length: abs(length - count))
