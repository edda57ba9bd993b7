"""Ask a responder as a relying party does, and believe nothing that is not verified (RFC 6960 section 3.2).

SHA-256 and a nonce of 32 octets, as RFC 9919 section 3.1.1 and RFC 9654 section 2.1 ask of clients. The answer is read
by `cryptography`, not by the code that makes our own answers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.algorithms import algorithm_of
from keys.errors import UnusableKey
from ocsp_responder.answering.issuers import issuer_hashes
from ocsp_responder.errors import AnswerRefused
from ocsp_responder.http.transport import REQUEST_TYPE
from ocsp_responder.request.extensions import NONCE
from pki_revocation.clock import iso
from pki_revocation.encoding.cert_id import ocsp_request
from pki_revocation.encoding.declared import Identifier, identifier
from pki_revocation.encoding.der import explicit, extension, object_identifier, octet_string, sequence
from pki_revocation.encoding.names import subject_text
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, exchange
from pki_revocation.model import Issuer

_SHA256 = object_identifier("2.16.840.1.101.3.4.2.1")
_LIMITS = ExchangeLimits(seconds=10, octets=1 << 20)
# Two machines' clocks differ by seconds; an answer from further ahead is not for now.
_SKEW = timedelta(minutes=5)


@asn1.sequence
class _ResponseBytes:
    """RFC 6960 section 4.2.1."""

    kind: x509.ObjectIdentifier
    response: bytes


@asn1.sequence
class _OcspResponse:
    """OCSPResponse with an answer in it; *status* is an ENUMERATED."""

    status: asn1.TLV
    response_bytes: Annotated[_ResponseBytes, asn1.Explicit(0)]


@asn1.sequence
class _BasicOcspResponse:
    """BasicOCSPResponse (RFC 6960 section 4.2.1)."""

    response_data: asn1.TLV
    algorithm: Identifier
    signature: asn1.BitString
    certificates: Annotated[list[asn1.TLV] | None, asn1.Explicit(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: a serial of an issuer, with a nonce, or without one, as caches need it."""

    issuer: Issuer
    serial: int
    nonce: bytes | None

    @property
    def der(self) -> bytes:
        """The OCSPRequest that asks it."""
        extensions = b""
        if self.nonce is not None:
            extensions = explicit(2, sequence(extension(NONCE, octet_string(self.nonce))))
        return ocsp_request(sequence(_SHA256), issuer_hashes(self.issuer, _SHA256), self.serial, extensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedStatus:
    """What a responder said, and whose signature stands under it."""

    status: str
    revocation_date: datetime | None
    reason: str | None
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    signer: str


def http_address(url: str) -> SplitResult:
    """The parts of a responder's address: its scheme is http or https, and it has a host and a possible port.

    Raises:
        AnswerRefused: for anything else.
    """
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise AnswerRefused(f"{url!r} is no http address: name the responder's, such as http://127.0.0.1:8462/ocsp.")
    return parts


def ask(url: str, question: Question) -> bytes:
    """POST a question; the octets of the answer, as they came.

    Raises:
        AnswerRefused: when the address is no http one, nothing answers there, or what comes is no OCSP.
    """
    http_address(url)
    try:
        answer = exchange("POST", url, limits=_LIMITS, headers={"Content-Type": REQUEST_TYPE}, body=question.der)
    except ExchangeFailed as error:
        raise AnswerRefused(str(error)) from error
    if answer.status != HTTPStatus.OK:
        raise AnswerRefused(f"{url} answers with HTTP status {answer.status}: is it an OCSP responder's address?")
    return answer.body


def verify(answer: bytes, question: Question, now: datetime) -> VerifiedStatus:
    """What an answer says of the certificate that was asked about.

    Raises:
        AnswerRefused: when it is a refusal, about something else, not of now, without our nonce, or not signed by
            a signer that the issuer let sign.
    """
    try:
        response = ocsp.load_der_ocsp_response(answer)
    except ValueError as error:
        raise AnswerRefused("What came back is no OCSP answer.") from error
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise AnswerRefused(f"The responder gave no status: {_words(response.response_status.name)}.")
    signer = _verified_signer(answer, response, question.issuer.certificate, now)
    single = _single(response, question)
    if _nonce(response) not in {question.nonce, None}:
        raise AnswerRefused("The answer carries another nonce than the question: it is an answer to another client.")
    next_update = single.next_update_utc
    if single.this_update_utc > now + _SKEW or (next_update is not None and next_update < now - _SKEW):
        until = "" if next_update is None else f" to {iso(next_update)}"
        raise AnswerRefused(f"The answer counts from {iso(single.this_update_utc)}{until}, and not now.")
    return VerifiedStatus(
        status=single.certificate_status.name.lower(),
        revocation_date=single.revocation_time_utc,
        reason=None if single.revocation_reason is None else single.revocation_reason.value,
        this_update=single.this_update_utc,
        next_update=next_update,
        produced_at=response.produced_at_utc,
        signer=subject_text(signer),
    )


def _verified_signer(
    answer: bytes, response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime
) -> x509.Certificate:
    signer = next((each for each in (issuer, *response.certificates) if _is_responder(response, each)), None)
    if signer is None:
        raise AnswerRefused("The answer does not hold its signer's certificate.")
    if signer != issuer:
        _refuse_unless_delegate(signer, issuer, now)
    try:
        algorithm = algorithm_of(_algorithm(answer), signer)
        algorithm.verify(signer.public_key(), response.signature, [response.tbs_response_bytes])
    except (InvalidSignature, UnusableKey, ValueError) as error:
        raise AnswerRefused(f"The answer's signature is not one of {subject_text(signer)}.") from error
    return signer


def _algorithm(answer: bytes) -> bytes:
    """The signatureAlgorithm of a BasicOCSPResponse, which `x509.ocsp` gives without its parameters."""
    basic = asn1.decode_der(_OcspResponse, answer).response_bytes.response
    return identifier(asn1.decode_der(_BasicOcspResponse, basic).algorithm)


def _is_responder(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    try:
        if response.responder_name is not None:
            return response.responder_name == certificate.subject
    except ValueError:
        # A name that cannot be decoded is told from others by no reader.
        return False
    return response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _refuse_unless_delegate(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> None:
    """Refuse a signer that the CA itself has not issued for OCSP signing, or that is not valid (RFC 6960 4.2.2.2).

    Raises:
        AnswerRefused: saying which of these it is.
    """
    subject = subject_text(signer)
    try:
        signer.verify_directly_issued_by(issuer)
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except Exception as error:  # any failure of a signature check, of whichever algorithm, is the same refusal
        raise AnswerRefused(f"The answer's signer {subject} was not let sign by the issuer.") from error
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
        raise AnswerRefused(f"The answer's signer {subject} is not certified for OCSP signing.")
    if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        raise AnswerRefused(f"The certificate of the answer's signer {subject} is not valid now.")


def _single(response: ocsp.OCSPResponse, question: Question) -> ocsp.OCSPSingleResponse:
    hashes = issuer_hashes(question.issuer, _SHA256)
    for single in response.responses:
        same_issuer = (single.issuer_name_hash, single.issuer_key_hash) == hashes
        if same_issuer and single.serial_number == question.serial:
            return single
    raise AnswerRefused("The answer is about another certificate than the one that was asked about.")


def _nonce(response: ocsp.OCSPResponse) -> bytes | None:
    """The answer's nonce, or None: a responder may leave it out (RFC 9654 section 2.1)."""
    try:
        return response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None


def _words(name: str) -> str:
    return name.lower().replace("_", " ")
