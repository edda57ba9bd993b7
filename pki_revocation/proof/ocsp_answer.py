"""The signed OCSP response that says 'revoked': our own responder's, and checked as if it were a stranger's.

CertIDs are made with SHA-1, because that is what `openssl ocsp` looks for in a response where nothing else is said.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki_revocation.encoding.cert_id import issuer_hashes, ocsp_request
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import NULL, object_identifier, sequence, tlv
from pki_revocation.encoding.names import subject_text
from pki_revocation.host.http_client import ResponseTooLarge

from .fetching import FetchRequest, ServiceClient
from .signatures import is_signed_with

_log = logging.getLogger(__name__)
_LONGEST = 64 * 1024
# The AlgorithmIdentifier of SHA-1, which names a certificate here, and protects nothing.
_SHA1 = sequence(object_identifier("1.3.14.3.2.26"), tlv(NULL))
_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """A checked response: *der* as it was sent, signed at *produced_at* by *signer* (a subject).

    *reason* is the token of RFC 5280 section 5.3.1; a response that gives none says `unspecified`.
    """

    der: bytes = field(repr=False)
    serial: int
    produced_at: datetime
    revocation_time: datetime
    reason: str
    signer: str


def ask_ocsp(
    responder: ServiceClient,
    issuer: x509.Certificate,
    serial: int,
    revocation_date: datetime,
    others: Sequence[x509.Certificate] = (),
) -> OcspAnswer | None:
    """The responder's word on a certificate; None when it has none to rely on.

    Args:
        responder: ours.
        issuer: the CA's certificate, any of them.
        serial: of the certificate.
        revocation_date: since when the journal has it as revoked.
        others: the CA's other certificates: under one of them it may have signed itself.
    """
    try:
        octets = responder.fetch(FetchRequest(limit=_LONGEST, body=question_of(issuer, serial), headers=_HEADERS))
    except ResponseTooLarge:
        octets = None
    if octets is None:
        return None
    try:
        answer = revoked_answer(octets, (issuer, *others), serial)
    except ValueError as error:
        _log.error("serial %x: the OCSP response is no proof: %s", serial, error)
        return None
    if answer.revocation_time != revocation_date:
        says = f"it says revoked since {answer.revocation_time}, the journal {revocation_date}"
        _log.error("serial %x: the OCSP response is no proof: %s", serial, says)
        return None
    return answer


def question_of(issuer: x509.Certificate, serial: int) -> bytes:
    """The OCSPRequest for a CA's certificate with this serial."""
    return ocsp_request(_SHA1, _hashes(issuer), serial)


def revoked_answer(octets: bytes, authorities: Sequence[x509.Certificate], serial: int | None = None) -> OcspAnswer:
    """Check a response as if it were a stranger's: that the CA, or a delegate of its, says 'revoked'.

    Args:
        octets: the response in DER, or anything else.
        authorities: the CA's certificates; the first one is that of the CertID.
        serial: whose; None for that of the response.

    Raises:
        ValueError: with half a sentence, for anything else than 'revoked', signed by whom it should be.
    """
    try:
        return _checked(octets, authorities, serial)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion) as error:
        raise ValueError(f"it cannot be read ({error})") from error


def _checked(octets: bytes, authorities: Sequence[x509.Certificate], serial: int | None) -> OcspAnswer:
    response = ocsp.load_der_ocsp_response(octets)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"its status is {response.response_status.name}")
    found = (response.issuer_name_hash, response.issuer_key_hash, response.serial_number)
    if found != (*_hashes(authorities[0]), response.serial_number if serial is None else serial):
        raise ValueError("it is about another certificate")
    if response.certificate_status is not ocsp.OCSPCertStatus.REVOKED or response.revocation_time_utc is None:
        raise ValueError(f"it says {response.certificate_status.name}")
    signer = _signer(response, authorities)
    reason = response.revocation_reason
    return OcspAnswer(
        der=octets,
        serial=response.serial_number,
        produced_at=response.produced_at_utc,
        revocation_time=response.revocation_time_utc,
        reason="unspecified" if reason is None else str(reason.value),
        signer=subject_text(signer),
    )


def _signer(response: ocsp.OCSPResponse, authorities: Sequence[x509.Certificate]) -> x509.Certificate:
    """The CA itself, or its delegated responder, as of the moment of signing (RFC 6960 section 4.2.2.2)."""
    fitting = [each for each in (*response.certificates, *authorities) if is_signed_with(response, each)]
    for candidate in fitting:
        if candidate not in authorities:
            _refuse_undelegated(candidate, authorities[0])
        if candidate.not_valid_before_utc <= response.produced_at_utc <= candidate.not_valid_after_utc:
            return candidate
    if fitting:
        raise ValueError("its signer was not valid then")
    raise ValueError("neither the CA nor a delegate of its has signed it")


def _refuse_undelegated(candidate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        candidate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError) as error:
        raise ValueError("its signer is not the CA's") from error
    usages = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        raise ValueError("its signer may not sign OCSP")


def _hashes(issuer: x509.Certificate) -> tuple[bytes, bytes]:
    return issuer_hashes(parts_of(issuer), "sha1")
