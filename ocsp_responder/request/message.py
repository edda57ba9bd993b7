"""OCSPRequest, read strictly: DER and nothing else, with bounds (RFC 6960 section 4.1, RFC 9654 section 2.1).

The `ocsp` module of `cryptography` refuses requests for no or several certificates and takes nonces of any length;
asn1crypto takes BER and trailing bytes. So the request is declared in `structures`, and what a declaration cannot say
is checked here. Whether a signature counts is for others to say (RFC 9919 section 3.1.2);
extensions that are not critical, or that this responder knows and needs nothing from, change nothing.
"""

from dataclasses import dataclass

from cryptography.hazmat import asn1

from ocsp_responder.errors import MalformedRequest
from pki_revocation.encoding.declared import identifier, octets
from pki_revocation.encoding.der import DerError

from .common_requests import match_common_request
from .extensions import PreferredSignature, bounded, pass_over_single_extensions, request_extensions
from .structures import CertIdFields, Message, Signature, SingleRequest, TbsRequest

DEFAULT_MAX_CERT_IDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CertId:
    """Which certificate is meant (RFC 6960 section 4.1.1).

    *raw* is the DER as it was asked, for the answer to echo; *hash_algorithm* the DER of its OBJECT IDENTIFIER;
    *serial* any INTEGER, zero and negative ones too, which no certificate has.
    """

    raw: bytes
    hash_algorithm: bytes
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSignature:
    """A request's signature, not looked at yet (RFC 6960 section 4.1.1).

    *signed* is the DER of the TBSRequest, *algorithm* that of the AlgorithmIdentifier; *bits* are whole octets;
    *certificates* are SEQUENCEs that may be some.
    """

    signed: bytes
    algorithm: bytes
    bits: bytes
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRequest:
    """What is asked: at least one certificate, the nonce to echo where there is one, and by whom.

    *requestor_name* is the DER of a GeneralName.
    """

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None
    preferred_signatures: tuple[PreferredSignature, ...] = ()
    requestor_name: bytes | None = None
    signature: RequestSignature | None = None


def parse_request(data: bytes, *, max_cert_ids: int = DEFAULT_MAX_CERT_IDS) -> OcspRequest:
    """Read an OCSPRequest.

    Raises:
        MalformedRequest: for anything but the DER of one, for no certificate or more than *max_cert_ids*, for a
            nonce of 0 or over 128 octets, and for a critical extension that is not known here.
    """
    common = match_common_request(data)
    if common is not None:
        key_hash, serial = common.key_hash, common.serial
        cert_id = CertId(
            raw=data[common.cert_id : common.end],
            hash_algorithm=common.hash_algorithm,
            issuer_name_hash=data[common.name_hash : key_hash - 2],
            issuer_key_hash=data[key_hash : serial - 2],
            serial=int.from_bytes(data[serial : common.end]),
        )
        return OcspRequest(cert_ids=(cert_id,), nonce=data[common.nonce :] if common.nonce else None)
    return parse_any_request(data, max_cert_ids=max_cert_ids)


def parse_any_request(data: bytes, *, max_cert_ids: int = DEFAULT_MAX_CERT_IDS) -> OcspRequest:
    """Read an OCSPRequest step by step, which `parse_request` leaves out for what most clients send.

    Raises:
        MalformedRequest: as there.
    """
    try:
        return _ocsp_request(data, max_cert_ids)
    except ValueError as error:
        raise MalformedRequest(f"The request is no OCSPRequest in DER: {error}.") from error


def _ocsp_request(data: bytes, max_cert_ids: int) -> OcspRequest:
    message = asn1.decode_der(Message, data)
    tbs: TbsRequest = message.tbs_request.parse(TbsRequest)
    if not tbs.requests:
        raise DerError("it asks for no certificate")
    if len(tbs.requests) > max_cert_ids:
        raise DerError(f"it asks for more than {max_cert_ids} certificates")
    nonce, preferred = (None, ()) if tbs.extensions is None else request_extensions(tbs.extensions)
    return OcspRequest(
        cert_ids=tuple([_cert_id(each) for each in tbs.requests]),
        nonce=nonce,
        preferred_signatures=preferred,
        requestor_name=None if tbs.requestor_name is None else _only_value(tbs.requestor_name),
        signature=None if message.signature is None else _signature(message.signature, message.tbs_request),
    )


def _cert_id(request: SingleRequest) -> CertId:
    if request.extensions is not None:
        pass_over_single_extensions(request.extensions)
    fields: CertIdFields = request.cert_id.parse(CertIdFields)
    return CertId(
        raw=octets(request.cert_id),
        hash_algorithm=asn1.encode_der(fields.hash_algorithm.oid),
        issuer_name_hash=fields.issuer_name_hash,
        issuer_key_hash=fields.issuer_key_hash,
        serial=fields.serial_number,
    )


def _signature(signature: Signature, signed: asn1.TLV) -> RequestSignature:
    if signature.bits.padding_bits():
        raise DerError("a signature is not of whole octets")
    return RequestSignature(
        signed=octets(signed),
        algorithm=identifier(signature.algorithm),
        bits=signature.bits.as_bytes(),
        certificates=tuple(octets(each) for each in bounded(signature.certificates or [])),
    )


def _only_value(values: list[asn1.TLV]) -> bytes:
    if len(values) != 1:
        raise DerError("an explicit tag holds no or several values")
    return octets(values[0])
