"""Problem documents of the JSON endpoints (RFC 9457): from what went wrong to what is answered.

Type, title and status of a problem never vary; *detail* is one sentence, and only *instance* differs from request to
request, so that an unknown number and a wrong code cannot be told apart. *errors* has all mistakes of a document.
"""

from flask import Response, current_app
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from pki_revocation.encoding.json_document import Mistake, UnfitDocument, pointer_to
from pki_revocation.errors import (
    ImpossibleDate,
    MistypedCode,
    MistypedNumber,
    NotRecognised,
    PkiError,
    QuotaLeft,
    ReasonNotPermitted,
    StoreError,
    TooManyAttempts,
    TooManyRequests,
)
from pki_revocation.rate_limiting.quota_fields import LIMIT_FIELD, limit_field
from pki_revocation.reasons import SUBSCRIBER_REASONS
from pki_revocation.runtime.problem_documents import OtherMediaType, Problem, mistakes_member, problem_response

from .api_access import TokenRefused
from .api_document import DateBeforeCertificate
from .availability import UnderMaintenance
from .key_proof.reading import LONGEST_PROOF
from .problem_types import BY_ERROR, BY_STATUS, INTERNAL

PAGES = "/problems/"
_PUBLIC_URL = "PUBLIC_URL"
# How long a client waits before it asks again, in seconds, while the register does not answer.
RETRY_AFTER = 30
# With so few attempts left, a document says so itself, and not its RateLimit field alone.
_FEW_ATTEMPTS = 2
_STATUS_DETAILS = {
    400: "Send one JSON object with number and code.",
    404: "Send the request to /api/v1/revocations.",
    405: "Use the POST method: nothing is revoked by any other.",
    413: f"A request has at most 4096 octets, and one with a proof {LONGEST_PROOF}.",
    415: "Send the body with 'Content-Type: application/json'.",
}
# Sentences that must not repeat what came in, or that would say too much of our inside.
_OWN_DETAILS: dict[type[PkiError], str] = {
    ReasonNotPermitted: "The member reason cannot be given so: leave it out, or use one of "
    f"{', '.join(reason.token for reason in SUBSCRIBER_REASONS[1:])}.",
    UnderMaintenance: "Send the same request again when Retry-After has passed, or send the form by post or e-mail.",
    StoreError: "Send the same request again later: a repeat gets the original answer.",
}
_INTERNAL_DETAIL = "Send the same request again later, or ask the register: a repeat gets the original answer."
# The members that refusals are about which come from behind the document's own reading.
_POINTERS: dict[type[PkiError], str] = {
    MistypedNumber: pointer_to("number"),
    MistypedCode: pointer_to("code"),
    ReasonNotPermitted: pointer_to("reason"),
    ImpossibleDate: pointer_to("key_compromised_at"),
    DateBeforeCertificate: pointer_to("key_compromised_at"),
}


def problem_of(error: Exception) -> Response:
    """The answer to any error; an unexpected one says nothing of itself."""
    if isinstance(error, HTTPException) and error.code in BY_STATUS:
        return _response(BY_STATUS[error.code], _detail_of(error), error)
    mistakes = _mistakes_of(error)
    first = mistakes[0].error if mistakes else error
    if not isinstance(first, PkiError) or type(first) not in BY_ERROR:
        return _response(INTERNAL, _INTERNAL_DETAIL, error)
    more: dict[str, object] = {"errors": mistakes_member(mistakes, _told)} if mistakes else {}
    if isinstance(first, NotRecognised) and first.quota_left and first.quota_left.count <= _FEW_ATTEMPTS:
        more["remaining_attempts"] = first.quota_left.count
    response = _response(*_told(first), error, more)
    if isinstance(first, StoreError):
        response.headers["Retry-After"] = str(RETRY_AFTER)
    if isinstance(first, TooManyAttempts | TooManyRequests | UnderMaintenance):
        response.headers["Retry-After"] = str(first.retry_after)
    if isinstance(first, TokenRefused):
        response.headers["WWW-Authenticate"] = first.challenge
    if (left := _left(first)) is not None:
        response.headers[LIMIT_FIELD] = limit_field(left)
    return response


def document_for_status(status: int) -> dict[str, object]:
    """The problem document of a refusal with a status, for who refuses in front of this service: without instance."""
    return BY_STATUS[status].document(_STATUS_DETAILS[status])


def help_address(name: str) -> str:
    """The page that explains a kind of problem."""
    return f"{str(current_app.config[_PUBLIC_URL]).rstrip('/')}{PAGES}{name}"


def _mistakes_of(error: Exception) -> tuple[Mistake, ...]:
    if isinstance(error, UnfitDocument):
        return error.mistakes
    if isinstance(error, PkiError) and type(error) in _POINTERS:
        return (Mistake(pointer=_POINTERS[type(error)], error=error),)
    return ()


def _told(error: PkiError) -> tuple[Problem, str]:
    return BY_ERROR[type(error)], _OWN_DETAILS.get(type(error), str(error))


def _detail_of(error: HTTPException) -> str:
    if isinstance(error, OtherMediaType):
        return error.advice
    if isinstance(error, MethodNotAllowed) and "POST" not in (error.valid_methods or ("POST",)):
        return "Use the GET method."
    return _STATUS_DETAILS[error.code or 400]


def _left(error: PkiError) -> QuotaLeft | None:
    """What is left of the limit that the refusal is about."""
    if isinstance(error, NotRecognised):
        return error.quota_left
    if isinstance(error, TooManyAttempts | TooManyRequests) and error.limit:
        return QuotaLeft(limit=error.limit, count=0, seconds=error.retry_after)
    return None


def _response(problem: Problem, detail: str, error: Exception, more: dict[str, object] | None = None) -> Response:
    address = help_address(problem.name)
    response = problem_response(problem, detail, error, {"help": address} | (more or {}))
    response.headers["Link"] = f'<{address}>; rel="help"'
    return response
