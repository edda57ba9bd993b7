"""Error pages in plain words: what happened, whether anything was revoked, and what to do (OWASP ASVS 5.0, 16.5.1)."""

from dataclasses import dataclass, replace

from flask import Response, make_response, render_template
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped] # it carries no types
from werkzeug.exceptions import HTTPException

from pki_revocation.errors import ConfirmationLost, NotFound, StoreError, TooManyAttempts, TooManyProofs, UnknownKey

from .availability import UnderMaintenance
from .fallback import fallback_answer
from .languages import translatable
from .problems import RETRY_AFTER
from .receipt_limiter import ReceiptsBusy
from .request_origin import CrossSiteForm


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """A status, a title and what is said under it; both texts are to be translated."""

    status: int
    title: str
    text: str


_START_AGAIN = ErrorPage(
    400,
    translatable("Begin again"),
    translatable(
        "We could not process this form. Perhaps the page was open too long, or your browser blocks cookies. Nothing "
        "was revoked now. Fill in your number and code again."
    ),
)
_NOT_FOUND = ErrorPage(
    404,
    translatable("This page does not exist"),
    translatable("Check the address: compare it with your letter or with your confirmation, character by character."),
)
_BY_STATUS = {
    400: ErrorPage(
        400,
        translatable("We cannot read this request"),
        translatable("Nothing was revoked now. Begin again on the first page."),
    ),
    404: _NOT_FOUND,
    405: ErrorPage(
        405,
        translatable("That is not possible here"),
        translatable("Nothing was revoked now. Begin again on the first page."),
    ),
    410: ErrorPage(
        410,
        translatable("This confirmation is no longer available"),
        translatable(
            "This address worked for 30 days. The revocation stands. Fill in your number and code on the revocation "
            "page: you get a new receipt there, however long ago it was."
        ),
    ),
    413: ErrorPage(
        413,
        translatable("That is too much text"),
        translatable("Nothing was revoked now. Begin again, and fill in your number and code alone."),
    ),
    415: ErrorPage(
        415,
        translatable("We cannot read this request"),
        translatable("Nothing was revoked now. Begin again on the first page."),
    ),
}
# The way back, as `error.html` has it.
AGAIN = translatable("To the first page")
_SERVER_ERRORS = 500
_TOO_MANY_ATTEMPTS = ErrorPage(
    429,
    translatable("Please wait before you try again"),
    translatable(
        "Too many wrong codes were filled in from your internet connection. Nothing was revoked now. Wait a quarter of "
        "an hour and try again, or use another connection. Is it urgent? Then send us your request by post or e-mail."
    ),
)
_TOO_MANY_PROOFS = ErrorPage(
    429,
    translatable("Please wait before you try again"),
    translatable(
        "Too many proofs were sent from your internet connection. Nothing was revoked by this request. Wait a minute "
        "and try again."
    ),
)
_RECEIPTS_BUSY = ErrorPage(
    503,
    translatable("Please try again in a moment"),
    translatable(
        "Many people are downloading a receipt at this moment. The revocation stands. Wait a few seconds, go back, and "
        "download the receipt again."
    ),
)
_CONFIRMATION_LOST = ErrorPage(
    410,
    translatable("We cannot show this confirmation any more"),
    translatable(
        "After a failure of our systems this confirmation is not in our register. Look on the revocation page, with "
        "your number and code, whether your certificate is revoked. If it is not, revoke it there again."
    ),
)
_INTERNAL = ErrorPage(
    500,
    translatable("Something went wrong on our side"),
    translatable(
        "We do not know whether your request was carried out. Try again: you can safely do the same again, because a "
        "certificate is never revoked twice. Is it urgent? Then send us your request by post or e-mail."
    ),
)


def error_page_of(error: Exception) -> Response:
    """The page for any error; an unexpected one says nothing of itself."""
    if isinstance(error, UnderMaintenance):
        return fallback_answer(error.retry_after, error.notice)
    if isinstance(error, StoreError):
        return fallback_answer(RETRY_AFTER)
    page = _page_of(error)
    response = make_response(render_template("error.html", page=page), page.status)
    if isinstance(error, HTTPException):
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
    if isinstance(error, TooManyAttempts | ReceiptsBusy):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def page_for_status(status: int) -> ErrorPage:
    """What is said of a refusal with a status, for who refuses in front of this service."""
    return _BY_STATUS[status]


_BY_ERROR: dict[type[Exception], ErrorPage] = {
    ConfirmationLost: _CONFIRMATION_LOST,
    NotFound: _NOT_FOUND,
    UnknownKey: _NOT_FOUND,
    TooManyAttempts: _TOO_MANY_ATTEMPTS,
    TooManyProofs: _TOO_MANY_PROOFS,
    ReceiptsBusy: _RECEIPTS_BUSY,
}


def _page_of(error: Exception) -> ErrorPage:
    if type(error) in _BY_ERROR:
        return _BY_ERROR[type(error)]
    match error:
        case CSRFError() | CrossSiteForm():
            return _START_AGAIN
        case HTTPException(code=int(status)) if status in _BY_STATUS:
            return _BY_STATUS[status]
        # Whatever else a client did wrong, such as asking for a range that a file does not have, is no fault of ours.
        case HTTPException(code=int(status)) if status < _SERVER_ERRORS:
            return replace(_BY_STATUS[400], status=status)
        case _:
            return _INTERNAL
