"""revokeCert (RFC 8555 section 7.6), signed by the certificate's own key: from the request's octets to a revocation."""

from flask import Request
from werkzeug.exceptions import UnsupportedMediaType

from pki_revocation.clock import iso
from pki_revocation.encoding.certificate_parts import CertificateParts, parts_of
from pki_revocation.encoding.der import DerError
from pki_revocation.encoding.possession.json_web_key import from_base64url, spki_of
from pki_revocation.encoding.possession.key_forms import key_hash
from pki_revocation.encoding.possession.proven_key import MalformedProof, ProofKind, ProofRefused, ProvenKey
from pki_revocation.encoding.possession.signed_json import SignedMessage, members_of, read_signed_message
from pki_revocation.errors import CertificateExpired, UnknownKey
from pki_revocation.rate_limiting.client_address import ClientAddress
from pki_revocation.service import KeyOutcome, RevocationService

from .acme_problems import BadNonce, BadReason, NotTheCertificatesKey, RevokedAlready
from .nonces import Nonces
from .outcomes import log_outcomes
from .reading import JWS

# Clients of ACME's drafts still write the name of the resource into the payload.
_MEMBERS = ("certificate", "reason", "resource")
# CRLReasons that a revocation may be for: no hold, and nothing that a CA alone says.
_REASONS = frozenset({0, 1, 3, 4, 5, 9})


class AcmeRevocation:
    """Answers revokeCert."""

    def __init__(self, *, service: RevocationService, nonces: Nonces, url: str) -> None:
        """*service* revokes; *url* is the address that requests must be signed for."""
        self._service = service
        self._nonces = nonces
        self._url = url

    def revoke(self, request: Request, source: ClientAddress) -> None:
        """Revoke the certificate in the request, and every other one that has its key.

        Raises:
            PkiError: for whatever is wrong with it, as `acme_problems` has it.
            UnsupportedMediaType: when it is not sent as a JWS (RFC 8555 section 6.2).
        """
        if request.mimetype != JWS:
            raise UnsupportedMediaType
        body = request.get_data()
        message = read_signed_message(body)
        if message.url != self._url:
            raise ProofRefused(f"The request is signed for another address: its url must be {self._url}.")
        certificate = _certificate(message)
        proven = ProvenKey(public_key=spki_of(message.key), kind=ProofKind.ACME, evidence=body)
        if key_hash(certificate.public_key) != proven.sha256:
            raise NotTheCertificatesKey
        self._use(message.nonce)
        if certificate.serial not in {each.certificate.serial for each in self._service.keys.certificates_with(proven)}:
            raise UnknownKey
        outcomes = self._service.revoke_by_key(proven, {"address": source.address})
        log_outcomes(outcomes)
        _say(next(each for each in outcomes if each.status.certificate.serial == certificate.serial))

    def _use(self, nonce: str | None) -> None:
        found = self._nonces.read(nonce)
        if found is None or not self._service.keys.use_nonce(*found):
            raise BadNonce


def _certificate(message: SignedMessage) -> CertificateParts:
    members = members_of(message.payload, _MEMBERS)
    reason = members.get("reason", 0)
    if reason is not None and (not isinstance(reason, int) or isinstance(reason, bool) or reason not in _REASONS):
        raise BadReason
    try:
        return parts_of(from_base64url(members.get("certificate"), "The payload's certificate"))
    except DerError as error:
        raise MalformedProof(f"The payload's certificate cannot be read: {error}.") from None


def _say(outcome: KeyOutcome) -> None:
    if outcome.confirmation is None:
        raise CertificateExpired(iso(outcome.status.certificate.not_after))
    if outcome.confirmation.repeated:
        raise RevokedAlready(iso(outcome.confirmation.revoked_at))
