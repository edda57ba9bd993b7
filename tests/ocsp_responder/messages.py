"""OCSP requests piece by piece, so that a test can spoil any one of them."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ocsp_responder.answering.issuers import HASHES, issuer_hashes
from pki_revocation.encoding.der import (
    NULL,
    explicit,
    extension,
    integer,
    object_identifier,
    octet_string,
    sequence,
    tlv,
)
from pki_revocation.model import Issuer

OIDS = {name: oid for oid, name in HASHES.items()}
NONCE = object_identifier("1.3.6.1.5.5.7.48.1.2")
PREFERRED_SIGNATURES = object_identifier("1.3.6.1.5.5.7.48.1.8")
SERVICE_LOCATOR = object_identifier("1.3.6.1.5.5.7.48.1.7")
ACCEPTABLE_RESPONSES = object_identifier("1.3.6.1.5.5.7.48.1.4")
BASIC = object_identifier("1.3.6.1.5.5.7.48.1.1")
OF_NOBODY = object_identifier("1.3.6.1.4.1.99999.1")
ANY_HASH = bytes(range(32))


def algorithm(name: str = "sha256", parameters: bytes = b"") -> bytes:
    """An AlgorithmIdentifier; the parameters are absent unless they are given."""
    return sequence(OIDS[name], parameters)


def cert_id(
    algorithm: bytes = algorithm(),
    name_hash: bytes = ANY_HASH,
    key_hash: bytes = ANY_HASH,
    serial: bytes = b"\x02\x01\x05",
) -> bytes:
    """A CertID; *serial* is its whole INTEGER."""
    return sequence(algorithm, octet_string(name_hash), octet_string(key_hash), serial)


def cert_id_of(issuer: Issuer, serial: int, name: str = "sha256", parameters: bytes = b"") -> bytes:
    """The CertID of an issuer's certificate."""
    return cert_id(algorithm(name, parameters), *issuer_hashes(issuer, OIDS[name]), integer(serial))


def single(cert_id: bytes, *extensions: bytes) -> bytes:
    """A Request."""
    return sequence(cert_id, explicit(0, sequence(*extensions)) if extensions else b"")


def ocsp_request(*singles: bytes, before: bytes = b"", extensions: tuple[bytes, ...] = (), after: bytes = b"") -> bytes:
    """An OCSPRequest: *before* stands in front of the list, *after* behind tbsRequest."""
    listed = explicit(2, sequence(*extensions)) if extensions else b""
    return sequence(sequence(before, sequence(*singles), listed), after)


def nonce(value: bytes, *, critical: bool = False) -> bytes:
    """The nonce extension (RFC 9654)."""
    return extension(NONCE, octet_string(value), critical=critical)


def preferred(*algorithms: bytes, critical: bool = False) -> bytes:
    """The extension with PreferredSignatureAlgorithms (RFC 6960 section 4.4.7.1); each is its AlgorithmIdentifier."""
    return extension(PREFERRED_SIGNATURES, sequence(*(sequence(each) for each in algorithms)), critical=critical)


def asked(issuer: Issuer, *serials: int, name: str = "sha256", nonce_value: bytes | None = None) -> bytes:
    """A request for certificates of one issuer."""
    singles = [single(cert_id_of(issuer, serial, name)) for serial in serials]
    return ocsp_request(*singles, extensions=() if nonce_value is None else (nonce(nonce_value),))


def built(certificate: x509.Certificate, issuer: x509.Certificate, nonce_value: bytes | None = None) -> bytes:
    """The same for one certificate, as `cryptography` makes it."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
    if nonce_value is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce_value), critical=False)
    return builder.build().public_bytes(Encoding.DER)


SIGNATURE = explicit(0, sequence(algorithm(), tlv(0x03, b"\0" + b"\x55" * 64), explicit(0, sequence(sequence()))))
REQUESTOR = explicit(1, tlv(0x82, b"relying.example"))
EMPTY_LIST = ocsp_request()
EXPLICIT_V1 = explicit(0, integer(0))
EXPLICIT_V2 = explicit(0, integer(1))
RSA_SHA1, RSA_SHA256, RSA_SHA384, RSA_SHA512 = (
    sequence(object_identifier(f"1.2.840.113549.1.1.{number}"), tlv(NULL)) for number in (5, 11, 12, 13)
)
ECDSA_SHA1 = sequence(object_identifier("1.2.840.10045.4.1"))
ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512 = (
    sequence(object_identifier(f"1.2.840.10045.4.3.{number}")) for number in (2, 3, 4)
)
A_NAME = sequence(tlv(0x31, sequence(object_identifier("2.5.4.3"), tlv(0x0C, b"Elsewhere"))))
A_PLACE = sequence(sequence(object_identifier("1.3.6.1.5.5.7.48.1"), tlv(0x86, b"http://elsewhere.example/")))
LOCATOR = extension(SERVICE_LOCATOR, sequence(A_NAME, A_PLACE))
