"""Errors as ACME clients read them: problem documents of types that RFC 8555 section 6.7 registers."""

import json
from dataclasses import dataclass

from flask import Response
from werkzeug.exceptions import HTTPException

from pki_revocation.encoding.possession.proven_key import MalformedProof, PrivateKeySent, ProofRefused
from pki_revocation.errors import CertificateExpired, PkiError, StoreError, TooManyProofs, UnknownKey
from pki_revocation.web.availability import UnderMaintenance

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:ietf:params:acme:error:"
_AGAIN_SECONDS = 30
_AGAIN = "Send the request again later: a certificate is never revoked twice."


class BadNonce(PkiError):
    """The nonce was not given out here, is over, or was used before."""

    def __init__(self) -> None:
        super().__init__("The nonce is not one that counts now: take the new one from Replay-Nonce.")


class NotTheCertificatesKey(PkiError):
    """The request is signed by another key than the one in the certificate."""

    def __init__(self) -> None:
        super().__init__(
            "The request is not signed by the certificate's own key, and there are no accounts here: use the private "
            "key of the certificate, as in certbot's --key-path."
        )


class NoAccounts(PkiError):
    """Accounts, and everything that is asked for with one, are not served here."""

    def __init__(self) -> None:
        super().__init__(
            "This server has no accounts and issues nothing: it revokes certificates by their private keys. "
            "Use revokeCert with the certificate's key, as 'certbot revoke --cert-path CERT --key-path KEY' does."
        )


class RevokedAlready(PkiError):
    """The certificate is revoked for keyCompromise already: there is nothing to add."""

    def __init__(self, since: str) -> None:
        super().__init__(f"This certificate is revoked for keyCompromise already, since {since}.")


class BadReason(PkiError):
    """The reason is no CRLReason that a certificate can be revoked for."""

    def __init__(self) -> None:
        super().__init__(
            "The reason is none of 0, 1, 3, 4, 5 and 9. Whatever is given, a request by the certificate's own key is "
            "recorded as keyCompromise (1)."
        )


@dataclass(frozen=True, slots=True)
class _Problem:
    status: int
    name: str


_ERRORS: dict[type[PkiError], _Problem] = {
    BadNonce: _Problem(400, "badNonce"),
    BadReason: _Problem(400, "badRevocationReason"),
    CertificateExpired: _Problem(403, "unauthorized"),
    MalformedProof: _Problem(400, "malformed"),
    NoAccounts: _Problem(403, "unauthorized"),
    NotTheCertificatesKey: _Problem(403, "unauthorized"),
    PrivateKeySent: _Problem(400, "malformed"),
    ProofRefused: _Problem(403, "unauthorized"),
    RevokedAlready: _Problem(400, "alreadyRevoked"),
    StoreError: _Problem(503, "serverInternal"),
    TooManyProofs: _Problem(429, "rateLimited"),
    UnderMaintenance: _Problem(503, "serverInternal"),
    UnknownKey: _Problem(404, "malformed"),
}
# Sentences that would say too much of our inside.
_OWN_DETAILS: dict[type[PkiError], str] = {
    StoreError: f"The register does not answer. {_AGAIN}",
    UnderMaintenance: f"Revoking online is closed for maintenance. {_AGAIN}",
}


def acme_problem_of(error: Exception) -> Response:
    """The answer to an error; an unexpected one says nothing of itself."""
    if isinstance(error, HTTPException) and error.code is not None:
        response = _response(_Problem(error.code, "malformed"), "The request is not one that ACME has here.")
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response
    problem = _ERRORS.get(type(error)) if isinstance(error, PkiError) else None
    if problem is None:
        return _response(_Problem(500, "serverInternal"), f"Something went wrong here. {_AGAIN}")
    response = _response(problem, _OWN_DETAILS.get(type(error), str(error)))  # type: ignore[arg-type] # a PkiError, above
    if isinstance(error, TooManyProofs | UnderMaintenance):
        response.headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, StoreError):
        response.headers["Retry-After"] = str(_AGAIN_SECONDS)
    return response


def _response(problem: _Problem, detail: str) -> Response:
    document = {"type": f"{_TYPE}{problem.name}", "detail": detail, "status": problem.status}
    return Response(json.dumps(document), problem.status, mimetype=MEDIA_TYPE)
