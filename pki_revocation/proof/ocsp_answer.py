"""The signed OCSP response that says 'revoked': our own responder's, and checked as if it were a stranger's.

CertIDs are made with SHA-1, because that is what `openssl ocsp` looks for in a response where nothing else is said.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki_revocation.encoding.der import NULL, integer, object_identifier, octet_string, sequence, tlv
from pki_revocation.host.http_client import ResponseTooLarge

from .fetching import FetchRequest, ServiceClient
from .signatures import is_signed_with

_log = logging.getLogger(__name__)
_LONGEST = 64 * 1024
_SHA1 = "1.3.14.3.2.26"
_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """A checked response: *der* as it was sent, signed at *produced_at* by *signer* (a subject)."""

    der: bytes = field(repr=False)
    produced_at: datetime
    revocation_time: datetime
    signer: str


def ask_ocsp(
    responder: ServiceClient, issuer: x509.Certificate, serial: int, revocation_date: datetime
) -> OcspAnswer | None:
    """The responder's word on a certificate that was revoked on *revocation_date*; None when it has none to rely on."""
    try:
        octets = responder.fetch(FetchRequest(limit=_LONGEST, body=_question(issuer, serial), headers=_HEADERS))
    except ResponseTooLarge:
        octets = None
    if octets is None:
        return None
    try:
        return _checked(octets, issuer, serial, revocation_date)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        _log.error("serial %x: the OCSP response is no proof: %s", serial, error)
        return None


def _question(issuer: x509.Certificate, serial: int) -> bytes:
    """An OCSPRequest (RFC 6960 section 4.1.1); the library's builder takes no negative serial, and there are some."""
    name_hash, key_hash = _cert_id(issuer)
    algorithm = sequence(object_identifier(_SHA1), tlv(NULL))
    cert_id = sequence(algorithm, octet_string(name_hash), octet_string(key_hash), integer(serial))
    return sequence(sequence(sequence(sequence(cert_id))))


def _checked(octets: bytes, issuer: x509.Certificate, serial: int, revocation_date: datetime) -> OcspAnswer:
    response = ocsp.load_der_ocsp_response(octets)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"its status is {response.response_status.name}")
    found = (response.issuer_name_hash, response.issuer_key_hash, response.serial_number)
    if found != (*_cert_id(issuer), serial):
        raise ValueError("it is about another certificate")
    if response.certificate_status is not ocsp.OCSPCertStatus.REVOKED or response.revocation_time_utc is None:
        raise ValueError(f"it says {response.certificate_status.name}")
    if response.revocation_time_utc != revocation_date:
        raise ValueError(f"it says revoked since {response.revocation_time_utc}, the journal {revocation_date}")
    signer = _signer(response, issuer)
    return OcspAnswer(
        der=octets,
        produced_at=response.produced_at_utc,
        revocation_time=response.revocation_time_utc,
        signer=signer.subject.rfc4514_string(),
    )


def _signer(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> x509.Certificate:
    """The CA itself, or its delegated responder, as of the moment of signing (RFC 6960 section 4.2.2.2)."""
    for candidate in (*response.certificates, issuer):
        if not is_signed_with(response, candidate):
            continue
        if candidate != issuer:
            _refuse_undelegated(candidate, issuer)
        if not candidate.not_valid_before_utc <= response.produced_at_utc <= candidate.not_valid_after_utc:
            raise ValueError("its signer was not valid then")
        return candidate
    raise ValueError("neither the CA nor a delegate of its has signed it")


def _refuse_undelegated(candidate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        candidate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError) as error:
        raise ValueError("its signer is not the CA's") from error
    usages = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        raise ValueError("its signer may not sign OCSP")


def _cert_id(issuer: x509.Certificate) -> tuple[bytes, bytes]:
    """Hashes of the CA's name and of its key's bits (RFC 6960 section 4.1.1)."""
    key = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest
    name = hashes.Hash(_sha1())
    name.update(issuer.subject.public_bytes())
    return name.finalize(), key


def _sha1() -> hashes.SHA1:
    return hashes.SHA1()  # noqa: S303 - names a certificate, and protects nothing
