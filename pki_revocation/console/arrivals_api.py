"""POST /api/v1/certificates: a certificate is registered as it is issued, by a client with a token.

It uses no cookie and takes no form, so that a page elsewhere cannot have a browser send one. Errors are RFC 9457; their
sentences name what is wrong with the certificate, and never what stands in a token.
"""

import logging
from pathlib import Path

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from pki_revocation.clock import iso
from pki_revocation.database.engine import Database
from pki_revocation.encoding.json_document import MalformedDocument, UnfitDocument, UnfitMember
from pki_revocation.errors import PkiError, StoreError
from pki_revocation.importing.arrival import Arrival, ArrivalConflict, ArrivalRegistrar
from pki_revocation.importing.candidates import CandidateRefused
from pki_revocation.model import serial_text
from pki_revocation.register import api_tokens
from pki_revocation.register.api_tokens import ApiToken
from pki_revocation.runtime.problem_documents import OtherMediaType, Problem, mistakes_member, problem_response

from .arrival_document import MEDIA_TYPES, read_arrival

_log = logging.getLogger(__name__)
PREFIX = "/api/"
RETRY_AFTER = 30
# More than a certificate takes, post-quantum ones too, and its recipient; less than the server's own bound.
LONGEST_BODY = 48 * 1024
_SCHEME = "Bearer "
_DESCRIPTION = Path(__file__).parent / "openapi.yaml"


class NoToken(PkiError):
    """The request has no token, or none that is live: it is not known which client brings this certificate."""

    def __init__(self) -> None:
        super().__init__("Send 'Authorization: Bearer TOKEN', with a token of 'pki-revocation token issue'.")


_ERRORS: dict[type[PkiError], Problem] = {
    NoToken: Problem(401, "no-token", "A token that counts is missing"),
    MalformedDocument: Problem(400, "malformed-document", "The body cannot be read"),
    UnfitMember: Problem(422, "unfit-member", "The document does not have the members that are expected"),
    CandidateRefused: Problem(422, "certificate-refused", "The certificate cannot be registered"),
    ArrivalConflict: Problem(409, "conflict", "Something else is registered already"),
    StoreError: Problem(503, "unavailable", "The register does not answer"),
}
_STATUSES = {
    400: (Problem(400, "bad-request", "The request cannot be read"), "Send one whole certificate."),
    404: (Problem(404, "not-found", "There is nothing here"), "Send certificates to /api/v1/certificates."),
    405: (Problem(405, "method-not-allowed", "This method is not allowed here"), "Use the POST method."),
    413: (Problem(413, "too-large", "The body is too large"), f"A request has at most {LONGEST_BODY} octets."),
    415: (
        Problem(415, "unsupported-media-type", "The body is of another kind"),
        f"Send the body as one of {', '.join(MEDIA_TYPES)}.",
    ),
}
_INTERNAL = Problem(500, "internal-error", "Something went wrong here")
_AGAIN = "Send the same request again later: a repeat registers nothing twice."


def arrivals_api(*, database: Database, registrar: ArrivalRegistrar) -> Blueprint:
    """The endpoint's blueprint; *registrar* registers what comes in."""
    blueprint = Blueprint("arrivals", __name__)

    @blueprint.post("/api/v1/certificates")
    def register_certificate() -> tuple[Response, int]:
        # The client's token is checked first: no parser of certificates reads anything of a stranger's body.
        token = _bearer(database)
        if request.mimetype not in MEDIA_TYPES:
            raise OtherMediaType(*MEDIA_TYPES)
        document = read_arrival(_whole_body(), request.mimetype)
        arrival = registrar.take(document.certificate, document.recipient, document.contact, {"token": token.name})
        serial = serial_text(arrival.certificate.serial)
        _log.info("certificate %s of %s, brought by %s", serial, arrival.issuer.name, token.name)
        if arrival.compromised_key is not None:
            _log.error("certificate %s of %s: its key is known to be compromised", serial, arrival.issuer.name)
        return jsonify(_answer(arrival)), 201 if arrival.is_new else 200

    @blueprint.get("/api/openapi.yaml")
    def describe() -> Response:
        # A file written by hand; a test holds it against the routes.
        return Response(_DESCRIPTION.read_bytes(), mimetype="application/yaml")

    return blueprint


def problem_of(error: Exception) -> Response:
    """The answer to any error, with all mistakes of a document; an unexpected one says nothing of itself."""
    if isinstance(error, HTTPException) and error.code in _STATUSES:
        problem, detail = _STATUSES[error.code]
        return problem_response(problem, error.advice if isinstance(error, OtherMediaType) else detail, error)
    mistakes = error.mistakes if isinstance(error, UnfitDocument) else ()
    first = mistakes[0].error if mistakes else error
    if not isinstance(first, PkiError) or type(first) not in _ERRORS:
        return problem_response(_INTERNAL, _AGAIN, error)
    more = {"errors": mistakes_member(mistakes, _told)} if mistakes else {}
    response = problem_response(*_told(first), error, more)
    if isinstance(first, StoreError):
        response.headers["Retry-After"] = str(RETRY_AFTER)
    if isinstance(first, NoToken):
        response.headers["WWW-Authenticate"] = 'Bearer realm="certificates"'
    return response


def _told(error: PkiError) -> tuple[Problem, str]:
    return _ERRORS[type(error)], _AGAIN if isinstance(error, StoreError) else str(error)


def _bearer(database: Database) -> ApiToken:
    header = request.headers.get("Authorization", "")
    if header[: len(_SCHEME)].lower() != _SCHEME.lower():
        raise NoToken
    with database.read() as connection:
        token = api_tokens.bearer_of(connection, header[len(_SCHEME) :].strip())
    if token is None:
        _log.warning("a token that is not live, from %s", request.remote_addr)
        raise NoToken
    return token


def _whole_body() -> bytes:
    body = request.get_data()
    if len(body) > LONGEST_BODY:
        raise RequestEntityTooLarge
    if request.content_length is not None and len(body) != request.content_length:
        raise BadRequest
    return body


def _answer(arrival: Arrival) -> dict[str, object]:
    answer: dict[str, object] = {
        "status": "registered",
        "issuer": arrival.issuer.name,
        "serial": serial_text(arrival.certificate.serial),
        "number": arrival.certificate.number,
    }
    if arrival.compromised_key is not None:
        # It exists and is registered, and should not have been issued (BR 6.1.1.3): its issuer hears that at once.
        answer["warning"] = "This certificate's key is known to be compromised: revoke it within 24 hours."
        answer["key_compromised_since"] = iso(arrival.compromised_key.since)
    return answer
