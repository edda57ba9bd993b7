"""OCSPRequest, read strictly: DER and nothing else, with bounds (RFC 6960 section 4.1, RFC 9654 section 2.1).

`cryptography` refuses requests for no or several certificates and takes nonces of any length; asn1crypto takes BER and
trailing bytes. So the request is read here. A signature and a requestorName are accepted and ignored (RFC 9919 section
3.1.2); so are extensions that are not critical, or that this responder knows and needs nothing from.
"""

from dataclasses import dataclass

from pki_revocation.der import (
    BIT_STRING,
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    elements,
    object_identifier,
    read_whole,
)

from .errors import MalformedRequest

DEFAULT_MAX_CERT_IDS = 100
# RFC 9654 section 2.1: OCTET STRING (SIZE(1..128)).
NONCE_OCTETS = range(1, 129)
NONCE = object_identifier("1.3.6.1.5.5.7.48.1.2")

_BOOLEAN = 0x01
_TRUE = b"\xff"
_CONTEXT_0, _CONTEXT_1, _CONTEXT_2 = 0xA0, 0xA1, 0xA2
# Acceptable responses and preferred signature algorithms: there is one type of answer and one key, so both are heard
# and change nothing (RFC 6960 sections 4.4.3 and 4.4.7). Service locator: this responder never asks another one
# (section 4.4.6).
_KNOWN_REQUEST_EXTENSIONS = {
    NONCE,
    object_identifier("1.3.6.1.5.5.7.48.1.4"),
    object_identifier("1.3.6.1.5.5.7.48.1.8"),
}
_KNOWN_SINGLE_EXTENSIONS = {object_identifier("1.3.6.1.5.5.7.48.1.7")}


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
class OcspRequest:
    """What is asked: at least one certificate, and the nonce to echo where there is one."""

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None


def parse_request(data: bytes, *, max_cert_ids: int = DEFAULT_MAX_CERT_IDS) -> OcspRequest:
    """Read an OCSPRequest.

    Raises:
        MalformedRequest: for anything but the DER of one, for no certificate or more than *max_cert_ids*, for a
            nonce of 0 or over 128 octets, and for a critical extension that is not known here.
    """
    try:
        return _ocsp_request(data, max_cert_ids)
    except DerError as error:
        raise MalformedRequest(f"The request is no OCSPRequest in DER: {error}.") from error


class _Fields:
    """The values of one SEQUENCE, taken in their order."""

    def __init__(self, content: bytes) -> None:
        self._values = iter(tuple(elements(content)))
        self._next = next(self._values, None)

    def optional(self, tag: int) -> Element | None:
        """The next value when it has this tag."""
        found = self._next
        if found is None or found.tag != tag:
            return None
        self._next = next(self._values, None)
        return found

    def required(self, tag: int) -> Element:
        """The next value, which must have this tag."""
        found = self.optional(tag)
        if found is None:
            raise DerError(f"a value with tag {tag:#04x} is missing")
        return found

    def anything(self) -> Element | None:
        """The next value, whatever it is."""
        found, self._next = self._next, next(self._values, None)
        return found

    def end(self) -> None:
        """Nothing may follow."""
        if self._next is not None:
            raise DerError(f"a value with tag {self._next.tag:#04x} has no place here")


def _ocsp_request(data: bytes, max_cert_ids: int) -> OcspRequest:
    outer = _Fields(read_whole(data, SEQUENCE))
    tbs = _Fields(outer.required(SEQUENCE).content)
    if (signature := outer.optional(_CONTEXT_0)) is not None:
        _pass_over_signature(signature.content)
    outer.end()

    # A version field could only say v1, and DER leaves a default out (X.690 section 11.5): with one, it is another.
    if (requestor := tbs.optional(_CONTEXT_1)) is not None:
        _only_element(requestor.content)
    asked = tbs.required(SEQUENCE)
    extensions = tbs.optional(_CONTEXT_2)
    tbs.end()

    requests: list[CertId] = []
    for element in elements(asked.content):
        if len(requests) == max_cert_ids:
            raise DerError(f"it asks for more than {max_cert_ids} certificates")
        requests.append(_single_request(element))
    if not requests:
        raise DerError("it asks for no certificate")
    nonce = None if extensions is None else _extensions(extensions.content, _KNOWN_REQUEST_EXTENSIONS)
    return OcspRequest(cert_ids=tuple(requests), nonce=nonce)


def _single_request(element: Element) -> CertId:
    fields = _Fields(_contents(element, SEQUENCE))
    cert_id = _cert_id(fields.required(SEQUENCE))
    extensions = fields.optional(_CONTEXT_0)
    fields.end()
    if extensions is not None:
        _extensions(extensions.content, _KNOWN_SINGLE_EXTENSIONS)
    return cert_id


def _cert_id(element: Element) -> CertId:
    fields = _Fields(element.content)
    algorithm = _Fields(fields.required(SEQUENCE).content)
    name_hash, key_hash = fields.required(OCTET_STRING), fields.required(OCTET_STRING)
    serial = fields.required(INTEGER).content
    fields.end()
    return CertId(
        raw=element.raw,
        hash_algorithm=_hash_algorithm(algorithm),
        issuer_name_hash=name_hash.content,
        issuer_key_hash=key_hash.content,
        serial=_integer(serial),
    )


def _hash_algorithm(fields: _Fields) -> bytes:
    """SHA-1's parameters are NULL and SHA-2's absent, and clients send either with both (RFC 5754 section 2)."""
    oid = fields.required(OBJECT_IDENTIFIER)
    _refuse_bad_oid(oid.content)
    if (parameters := fields.optional(NULL)) is not None and parameters.content:
        raise DerError("a NULL has contents")
    fields.end()
    return oid.raw


def _integer(content: bytes) -> int:
    """X.690 section 8.3.2: at least one octet, and never nine equal leading bits."""
    redundant = len(content) > 1 and content[0] in {0x00, 0xFF} and content[0] >> 7 == content[1] >> 7
    if not content or redundant:
        raise DerError("an INTEGER is empty or not minimal")
    return int.from_bytes(content, signed=True)


def _refuse_bad_oid(content: bytes) -> None:
    """X.690 section 8.19.2: each arc in the fewest octets, the last one complete."""
    starts = [0, *(place + 1 for place, octet in enumerate(content[:-1]) if octet < 0x80)]  # noqa: PLR2004 - the continuation bit
    if not content or content[-1] & 0x80 or any(content[start] == 0x80 for start in starts):  # noqa: PLR2004 - likewise
        raise DerError("an OBJECT IDENTIFIER is empty, cut off or not minimal")


def _extensions(content: bytes, known: set[bytes]) -> bytes | None:
    """Go through [n] EXPLICIT Extensions; give the nonce, where it is among the known ones and there."""
    nonce = None
    listed = tuple(elements(read_whole(content, SEQUENCE)))
    if not listed:
        raise DerError("a list of extensions is empty")
    for element in listed:
        fields = _Fields(_contents(element, SEQUENCE))
        oid = fields.required(OBJECT_IDENTIFIER)
        _refuse_bad_oid(oid.content)
        critical = fields.optional(_BOOLEAN)
        value = fields.required(OCTET_STRING).content
        fields.end()
        # DER writes TRUE as one way only, and FALSE, the default, not at all.
        if critical is not None and critical.content != _TRUE:
            raise DerError("a criticality is neither absent nor TRUE")
        if critical is not None and oid.raw not in known:
            raise DerError("it has a critical extension that is not known here")
        if oid.raw == NONCE and oid.raw in known:
            if nonce is not None:
                raise DerError("it has two nonces")
            nonce = read_whole(value, OCTET_STRING)
            if len(nonce) not in NONCE_OCTETS:
                raise DerError(f"its nonce has {len(nonce)} octets instead of 1 to 128")
    return nonce


def _pass_over_signature(content: bytes) -> None:
    """Signature ::= SEQUENCE { AlgorithmIdentifier, BIT STRING, certs [0] OPTIONAL }: well formed, and no more."""
    fields = _Fields(read_whole(content, SEQUENCE))
    algorithm = _Fields(fields.required(SEQUENCE).content)
    algorithm.required(OBJECT_IDENTIFIER)
    algorithm.anything()
    algorithm.end()
    fields.required(BIT_STRING)
    if (certificates := fields.optional(_CONTEXT_0)) is not None:
        for _ in elements(read_whole(certificates.content, SEQUENCE)):
            pass
    fields.end()


def _only_element(content: bytes) -> None:
    if len(tuple(elements(content))) != 1:
        raise DerError("an explicit tag holds no or several values")


def _contents(element: Element, tag: int) -> bytes:
    if element.tag != tag:
        raise DerError(f"a value with tag {tag:#04x} is missing")
    return element.content
