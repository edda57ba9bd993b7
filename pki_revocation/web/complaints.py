"""What is wrong with an answer, as a name that can be kept until the page is shown; `form_errors` has the sentences."""

from typing import NamedTuple

from pki_revocation.codes import CodeScheme, parse_code
from pki_revocation.encoding.crockford import ALPHABET, read_symbols
from pki_revocation.errors import (
    CertificateExpired,
    ImpossibleDate,
    MistypedCode,
    MistypedNumber,
    NotRecognised,
    RevocationRefused,
)
from pki_revocation.numbers import DIGITS, parse_number

from .answers import OlderThanCertificate
from .date_fields import InvalidDateFields

CODE_LENGTHS = tuple(scheme.symbols + 1 for scheme in CodeScheme)


class Complaint(NamedTuple):
    """What is wrong, by name; *value* is what the sentence counts, or when something is, in seconds since 1970."""

    name: str
    value: int = 0


EXPIRED = Complaint("expired")
TIMED_OUT = Complaint("timed-out")
# The form was of another session: it stood open for too long, or the browser keeps no cookies.
STALE = Complaint("stale")
# The draft that the address names is not in this browser.
NO_DRAFT = Complaint("no-draft")
# The register did not answer when it was to be recorded.
UNRECORDED = Complaint("unrecorded")
OLDER_THAN_CERTIFICATE = "older"
LOCKED = "locked"
NOT_RECOGNISED = "not-recognised"
# Of a refusal that says nothing of how many attempts are left.
_UNKNOWN = -1


def input_complaints(number: str, code: str) -> tuple[Complaint, ...]:
    """Everything that can be said without looking anything up, about both fields at once."""
    found = (number_complaint(number), code_complaint(code))
    return tuple(each for each in found if each is not None)


def number_complaint(text: str) -> Complaint | None:
    """What is wrong with a number as it was typed: empty, no digits, too short or long, or mistyped."""
    symbols = read_symbols(text)
    if not symbols:
        return Complaint("number-empty")
    if not (symbols.isascii() and symbols.isdigit()):
        return Complaint("number-symbols")
    if len(symbols) != DIGITS:
        return Complaint("number-length", len(symbols))
    try:
        parse_number(text)
    except MistypedNumber:
        return Complaint("number-mistyped")
    return None


def code_complaint(text: str) -> Complaint | None:
    """What is wrong with a code as it was typed; no symbol of it is kept."""
    symbols = read_symbols(text)
    if not symbols:
        return Complaint("code-empty")
    if not set(symbols) <= set(ALPHABET):
        return Complaint("code-symbols")
    if len(symbols) not in CODE_LENGTHS:
        return Complaint("code-length", len(symbols))
    try:
        parse_code(text)
    except MistypedCode:
        return Complaint("code-mistyped")
    return None


def complaints_of(error: RevocationRefused) -> tuple[Complaint, ...]:
    """What to say about a refusal."""
    match error:
        case InvalidDateFields():
            found = [Complaint(fault.value) for fault in error.faults]
        case OlderThanCertificate():
            found = [Complaint(OLDER_THAN_CERTIFICATE, int(error.began.timestamp()))]
        case NotRecognised():
            found = [Complaint(NOT_RECOGNISED, _UNKNOWN if error.attempts_left is None else error.attempts_left)]
        case ImpossibleDate():
            found = [Complaint("future")]
        case CertificateExpired():
            found = [EXPIRED]
        case _:
            # Of all others the page's forms can lead to one.
            found = [Complaint("reason")]
    return tuple(found)
