"""What an answer says, as other hands than ours read it: cryptography, asn1crypto, pyasn1."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from asn1crypto import ocsp as asn1crypto_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from pyasn1.codec.der import decoder, encoder
from pyasn1_alt_modules import rfc6960

from tests.conformance.wire import Reply, Wire

TYPE = "application/ocsp-response"
REFUSALS = {
    "malformedRequest": bytes.fromhex("30030a0101"),
    "internalError": bytes.fromhex("30030a0102"),
    "tryLater": bytes.fromhex("30030a0103"),
    "sigRequired": bytes.fromhex("30030a0105"),
    "unauthorized": bytes.fromhex("30030a0106"),
}
_NAMES = {octets: name for name, octets in REFUSALS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The answers to one request: by POST and by GET, first and once more, over one connection to one worker."""

    posts: tuple[Reply, ...]
    gets: tuple[Reply, ...]

    @property
    def all(self) -> tuple[Reply, ...]:
        """Every one."""
        return self.posts + self.gets


def encoded(request: bytes) -> str:
    """As RFC 6960 A.1 writes it into a path."""
    return quote(base64.b64encode(request).decode(), safe="")


def ask_all_ways(wire: Wire, request: bytes) -> Ways:
    """POST and GET, each twice: with whatever the responder keeps, the second answer comes from there."""
    path = encoded(request)
    return Ways(
        posts=(wire.post(request), wire.post(request)),
        gets=(wire.get(path), wire.get(path)) if len(path) <= 4096 else (),
    )


def verdict(reply: Reply) -> tuple[str, ...]:
    """The statuses in an answer, in order, or the one refusal; every OCSP answer has status 200 (RFC 6960 A.2)."""
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == TYPE
    assert reply.header("Content-Length") == str(len(reply.body))
    if reply.body in _NAMES:
        return (_NAMES[reply.body],)
    return tuple(single.certificate_status.name.lower() for single in read(reply.body).responses)


def read(der: bytes) -> ocsp.OCSPResponse:
    """A successful answer, as `cryptography` reads it."""
    response = ocsp.load_der_ocsp_response(der)
    assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    return response


def basic(der: bytes) -> Any:  # noqa: ANN401 - asn1crypto has no types
    """The BasicOCSPResponse, as asn1crypto reads it."""
    return asn1crypto_ocsp.OCSPResponse.load(der, strict=True)["response_bytes"]["response"].parsed


def cert_ids(der: bytes) -> tuple[bytes, ...]:
    """The CertIDs as they stand in the answer, octet for octet."""
    return tuple(single["cert_id"].dump() for single in basic(der)["tbs_response_data"]["responses"])


def nonce(der: bytes) -> bytes | None:
    """The nonce that came back."""
    try:
        return read(der).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None


def single_extensions(der: bytes) -> dict[str, Any]:
    """The singleExtensions of the one certificate that was asked about, none of which may be critical."""
    (single,) = basic(der)["tbs_response_data"]["responses"]
    listed = single["single_extensions"] or []
    assert not any(each["critical"].native for each in listed)
    return {each["extn_id"].dotted: each["extn_value"].parsed for each in listed}


def archive_cutoff(der: bytes) -> datetime | None:
    """The archiveCutoff that the answer has for it (RFC 6960 section 4.4.4)."""
    found = single_extensions(der).get("1.3.6.1.5.5.7.48.1.6")
    return None if found is None else found.native


def written_anew(der: bytes) -> bytes:
    """The answer, decoded and encoded again by pyasn1, inside and out: the same octets where it is DER (X.690 10)."""
    outer, rest = decoder.decode(der, asn1Spec=rfc6960.OCSPResponse())
    assert rest == b""
    inner, rest = decoder.decode(outer["responseBytes"]["response"], asn1Spec=rfc6960.BasicOCSPResponse())
    assert rest == b""
    outer["responseBytes"]["response"] = encoder.encode(inner)
    octets: bytes = encoder.encode(outer)
    return octets


def verify(der: bytes, signer: x509.Certificate) -> None:
    """The signature is this P-256 certificate's."""
    response, key = read(der), signer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
