"""Problem documents of the JSON endpoint (RFC 9457): one table from what went wrong to what is answered.

Type, title and status of a problem never vary; *detail* is one sentence, and only *instance* differs from request to
request, so that an unknown number and a wrong code cannot be told apart.
"""

import json
import uuid
from dataclasses import dataclass

from flask import Response
from werkzeug.exceptions import HTTPException

from pki_revocation.encoding.json_document import MalformedDocument, UnfitMember
from pki_revocation.encoding.possession.proven_key import MalformedProof, PrivateKeySent, ProofRefused
from pki_revocation.errors import (
    CertificateExpired,
    ImpossibleDate,
    MistypedCode,
    MistypedNumber,
    NotRecognised,
    PkiError,
    ReasonNotPermitted,
    StoreError,
    TooManyAttempts,
    TooManyProofs,
    UnknownKey,
)
from pki_revocation.reasons import SUBSCRIBER_REASONS

from .availability import UnderMaintenance
from .key_proof.reading import LONGEST_PROOF, NoKeyHash, UnknownProofType, UnlistedKey
from .moments import InvalidTimestamp

MEDIA_TYPE = "application/problem+json"
# How long a client waits before it asks again, in seconds, while the register does not answer.
RETRY_AFTER = 30


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its status, the last part of its type URI, and its title."""

    status: int
    name: str
    title: str

    @property
    def type(self) -> str:
        """The problem type's URI."""
        return f"urn:pki-revocation:problem:{self.name}"


_ERRORS: dict[type[PkiError], Problem] = {
    MistypedNumber: Problem(422, "mistyped-number", "The number has a typing error"),
    MistypedCode: Problem(422, "mistyped-code", "The revocation code has a typing error"),
    NotRecognised: Problem(403, "not-recognised", "Number and code do not belong together"),
    ReasonNotPermitted: Problem(422, "reason-not-permitted", "This reason cannot be given here"),
    ImpossibleDate: Problem(422, "impossible-date", "This date cannot go with the revocation"),
    InvalidTimestamp: Problem(422, "unreadable-date", "The date of compromise cannot be read"),
    CertificateExpired: Problem(409, "expired", "The certificate has expired"),
    MalformedDocument: Problem(400, "malformed-document", "The body is not a JSON document"),
    UnfitMember: Problem(422, "unfit-member", "The document does not have the members that are expected"),
    MalformedProof: Problem(400, "malformed-proof", "The proof cannot be read"),
    PrivateKeySent: Problem(422, "private-key-sent", "A private key was sent in the place of a proof"),
    ProofRefused: Problem(403, "proof-refused", "The proof proves nothing"),
    UnknownKey: Problem(404, "unknown-key", "No certificate here has this key"),
    UnknownProofType: Problem(415, "unsupported-media-type", "The proof is sent as something else"),
    UnlistedKey: Problem(404, "key-not-listed", "This key is not known to be compromised"),
    NoKeyHash: Problem(400, "no-key-hash", "This is no hash of a key"),
    TooManyProofs: Problem(429, "too-many-proofs", "Too many proofs came from your address"),
    TooManyAttempts: Problem(429, "too-many-attempts", "Too many wrong codes came from your address"),
    UnderMaintenance: Problem(503, "maintenance", "Revoking online is closed for maintenance"),
    StoreError: Problem(503, "unavailable", "The register does not answer"),
}
_STATUSES = {
    400: Problem(400, "bad-request", "The request cannot be read"),
    404: Problem(404, "not-found", "There is nothing here"),
    405: Problem(405, "method-not-allowed", "This method is not allowed here"),
    413: Problem(413, "too-large", "The body is too large"),
    415: Problem(415, "unsupported-media-type", "The body is not sent as JSON"),
}
_INTERNAL = Problem(500, "internal-error", "Something went wrong here")
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


def problem_of(error: Exception) -> Response:
    """The answer to any error; an unexpected one says nothing of itself."""
    if isinstance(error, HTTPException) and error.code in _STATUSES:
        response = _response(_STATUSES[error.code], _STATUS_DETAILS[error.code])
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response
    if not isinstance(error, PkiError) or type(error) not in _ERRORS:
        return _response(_INTERNAL, _INTERNAL_DETAIL)
    response = _response(_ERRORS[type(error)], _OWN_DETAILS.get(type(error), str(error)))
    if isinstance(error, StoreError):
        response.headers["Retry-After"] = str(RETRY_AFTER)
    if isinstance(error, (TooManyAttempts, UnderMaintenance)):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def document_for_status(status: int) -> dict[str, object]:
    """The problem document of a refusal with a status, for who refuses in front of this service: without instance."""
    return _document(_STATUSES[status], _STATUS_DETAILS[status])


def _document(problem: Problem, detail: str) -> dict[str, object]:
    return {"type": problem.type, "title": problem.title, "status": problem.status, "detail": detail}


def _response(problem: Problem, detail: str) -> Response:
    document = _document(problem, detail) | {"instance": f"urn:uuid:{uuid.uuid4()}"}
    return Response(json.dumps(document), problem.status, mimetype=MEDIA_TYPE)
