"""Requests piece by piece, from the ASN.1 of RFC 6960 section 4.1.1, and what each is to get."""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki_revocation.encoding.der import (
    NULL,
    OBJECT_IDENTIFIER,
    explicit,
    extension,
    object_identifier,
    octet_string,
    sequence,
    tlv,
)
from tests.pki import CertificateAuthority
from tests.vectors.authorities import ISSUING

MALFORMED = ("malformedRequest",)
UNAUTHORIZED = ("unauthorized",)

SHA1 = object_identifier("1.3.14.3.2.26")
SHA256 = object_identifier("2.16.840.1.101.3.4.2.1")
HASHES = {
    "sha1": SHA1,
    "sha256": SHA256,
    "sha384": object_identifier("2.16.840.1.101.3.4.2.2"),
    "sha512": object_identifier("2.16.840.1.101.3.4.2.3"),
}
NULL_PARAMETERS = tlv(NULL)
NONCE = object_identifier("1.3.6.1.5.5.7.48.1.2")
ACCEPTABLE_RESPONSES = object_identifier("1.3.6.1.5.5.7.48.1.4")
SERVICE_LOCATOR = object_identifier("1.3.6.1.5.5.7.48.1.7")
PREFERRED_SIGNATURES = object_identifier("1.3.6.1.5.5.7.48.1.8")
BASIC = object_identifier("1.3.6.1.5.5.7.48.1.1")
ECDSA_WITH_SHA1 = object_identifier("1.2.840.10045.4.1")
ECDSA_WITH_SHA256 = object_identifier("1.2.840.10045.4.3.2")
# An OID of nobody's: the documentation arc of RFC 5612.
UNKNOWN = object_identifier("1.3.6.1.4.1.32473.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A request, the clause that it is about, and what a responder of the vectors' CAs answers.

    *expected* is a status for each certificate that was asked about, in order, or one refusal; *cert_ids* and *nonce*
    are what the answer must give back octet for octet.
    """

    name: str
    section: str
    request: bytes
    expected: tuple[str, ...]
    cert_ids: tuple[bytes, ...] = ()
    nonce: bytes | None = None


def signed_integer(value: int) -> bytes:
    """An INTEGER, below zero too, in the fewest octets."""
    magnitude = value if value >= 0 else ~value
    return tlv(0x02, value.to_bytes(magnitude.bit_length() // 8 + 1, signed=True))


def key_bits(authority: CertificateAuthority) -> bytes:
    """What issuerKeyHash is over: the BIT STRING's contents, which for EC is the uncompressed point."""
    return authority.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def issuer_hashes(authority: CertificateAuthority, name: str) -> tuple[bytes, bytes]:
    """The issuerNameHash and issuerKeyHash."""
    return (
        hashlib.new(name, authority.certificate.subject.public_bytes()).digest(),
        hashlib.new(name, key_bits(authority)).digest(),
    )


def raw_cert_id(algorithm: bytes, name_hash: bytes, key_hash: bytes, serial: bytes) -> bytes:
    """A CertID from whole values; *algorithm* is the AlgorithmIdentifier, *serial* the INTEGER."""
    return sequence(algorithm, octet_string(name_hash), octet_string(key_hash), serial)


def cert_id(
    serial: int, authority: CertificateAuthority = ISSUING, name: str = "sha256", parameters: bytes = b""
) -> bytes:
    """The CertID of one of an authority's certificates."""
    return raw_cert_id(sequence(HASHES[name], parameters), *issuer_hashes(authority, name), signed_integer(serial))


def single(cert_id: bytes, *extensions: bytes) -> bytes:
    """A Request."""
    return sequence(cert_id, explicit(0, sequence(*extensions)) if extensions else b"")


def tbs(*singles: bytes, before: bytes = b"", extensions: tuple[bytes, ...] = ()) -> bytes:
    """A TBSRequest; *before* stands in front of the list."""
    return sequence(before, sequence(*singles), explicit(2, sequence(*extensions)) if extensions else b"")


def request(*cert_ids: bytes, before: bytes = b"", extensions: tuple[bytes, ...] = (), after: bytes = b"") -> bytes:
    """An OCSPRequest for these CertIDs; *after* stands behind tbsRequest."""
    return sequence(tbs(*(single(each) for each in cert_ids), before=before, extensions=extensions), after)


def nonce(value: bytes, *, critical: bool = False) -> bytes:
    """A nonce extension (RFC 9654 section 2.1)."""
    return extension(NONCE, octet_string(value), critical=critical)


def oid_of(content: bytes) -> bytes:
    """An OBJECT IDENTIFIER from its contents, right or wrong."""
    return tlv(OBJECT_IDENTIFIER, content)
