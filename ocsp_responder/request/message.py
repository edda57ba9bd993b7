"""OCSPRequest, read strictly: DER and nothing else, with bounds (RFC 6960 section 4.1, RFC 9654 section 2.1).

`cryptography` refuses requests for no or several certificates and takes nonces of any length; asn1crypto takes BER and
trailing bytes. So the request is read here. Whether a signature counts is for others to say (RFC 9919 section 3.1.2);
extensions that are not critical, or that this responder knows and needs nothing from, change nothing.
"""

from dataclasses import dataclass

from ocsp_responder.errors import MalformedRequest
from pki_revocation.encoding.der import (
    BIT_STRING,
    INTEGER,
    NULL,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    elements,
    read_whole,
)

from .common_requests import match_common_request
from .extensions import PreferredSignature, pass_over_single_extensions, request_extensions
from .fields import CONTEXT_0, CONTEXT_1, CONTEXT_2, Fields, fields_of, identifier, integer, listed, listed_in

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
    """The same step by step, which `parse_request` leaves out for what most clients send.

    Raises:
        MalformedRequest: as there.
    """
    try:
        return _ocsp_request(data, max_cert_ids)
    except DerError as error:
        raise MalformedRequest(f"The request is no OCSPRequest in DER: {error}.") from error


def _ocsp_request(data: bytes, max_cert_ids: int) -> OcspRequest:
    outer = Fields(read_whole(data, SEQUENCE))
    signed = outer.required(SEQUENCE)
    signature = outer.optional(CONTEXT_0)
    outer.end()

    # A version field could only say v1, and DER leaves a default out (X.690 section 11.5): with one, it is another.
    tbs = Fields(signed.content)
    requestor = tbs.optional(CONTEXT_1)
    asked = tbs.required(SEQUENCE)
    extensions = tbs.optional(CONTEXT_2)
    tbs.end()

    requests: list[CertId] = []
    for element in elements(asked.content):
        if len(requests) == max_cert_ids:
            raise DerError(f"it asks for more than {max_cert_ids} certificates")
        requests.append(_single_request(element))
    if not requests:
        raise DerError("it asks for no certificate")
    nonce, preferred = (None, ()) if extensions is None else request_extensions(extensions.content)
    return OcspRequest(
        cert_ids=tuple(requests),
        nonce=nonce,
        preferred_signatures=preferred,
        requestor_name=None if requestor is None else _only_element(requestor.content),
        signature=None if signature is None else _signature(signature.content, signed.raw),
    )


def _single_request(element: Element) -> CertId:
    fields = fields_of(element)
    cert_id = _cert_id(fields.required(SEQUENCE))
    extensions = fields.optional(CONTEXT_0)
    fields.end()
    if extensions is not None:
        pass_over_single_extensions(extensions.content)
    return cert_id


def _cert_id(element: Element) -> CertId:
    fields = Fields(element.content)
    algorithm = Fields(fields.required(SEQUENCE).content)
    name_hash, key_hash = fields.required(OCTET_STRING), fields.required(OCTET_STRING)
    serial = fields.required(INTEGER).content
    fields.end()
    return CertId(
        raw=element.raw,
        hash_algorithm=_hash_algorithm(algorithm),
        issuer_name_hash=name_hash.content,
        issuer_key_hash=key_hash.content,
        serial=integer(serial),
    )


def _hash_algorithm(fields: Fields) -> bytes:
    """SHA-1's parameters are NULL and SHA-2's absent, and clients send either with both (RFC 5754 section 2)."""
    oid, parameters = identifier(fields)
    if parameters is not None and parameters.tag != NULL:
        raise DerError("a hash has parameters that are not NULL")
    return oid.raw


def _signature(content: bytes, signed: bytes) -> RequestSignature:
    """Signature ::= SEQUENCE { AlgorithmIdentifier, BIT STRING, certs [0] OPTIONAL }."""
    fields = Fields(read_whole(content, SEQUENCE))
    algorithm = fields.required(SEQUENCE)
    identifier(Fields(algorithm.content))
    bits = fields.required(BIT_STRING).content
    certificates = fields.optional(CONTEXT_0)
    fields.end()
    if bits[:1] != b"\0":
        raise DerError("a signature is not of whole octets")
    enclosed = () if certificates is None else listed_in(certificates.content)
    return RequestSignature(
        signed=signed, algorithm=algorithm.raw, bits=bits[1:], certificates=tuple(each.raw for each in enclosed)
    )


def _only_element(content: bytes) -> bytes:
    values = listed(content)
    if len(values) != 1:
        raise DerError("an explicit tag holds no or several values")
    return values[0].raw
