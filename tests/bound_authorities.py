"""RSA CAs whose certificate binds the key to RSASSA-PSS (RFC 4055 section 1.2), with parameters or without.

`cryptography` writes no such SubjectPublicKeyInfo, so that the certificates are put together here.
"""

import secrets
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.algorithms import SignatureName, algorithm_for
from pki_revocation.encoding.der import (
    NULL,
    bit_string,
    explicit,
    integer,
    object_identifier,
    sequence,
    time,
    tlv,
)
from tests.odd_authorities import COMMON_NAME, OddExtension, attribute, named, usual
from tests.pki import DAY, EPOCH

RSA_ENCRYPTION = sequence(object_identifier("1.2.840.113549.1.1.1"), tlv(NULL))
PSS = object_identifier("1.2.840.113549.1.1.10")
_SHA = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
NAME = named(attribute(COMMON_NAME, 0x0C, b"Bound CA"))


def hash_identifier(name: str, *, null: bool = True) -> bytes:
    """The AlgorithmIdentifier of a hash, its parameters NULL or left out (RFC 4055 section 2.1)."""
    return sequence(object_identifier(_SHA[name]), tlv(NULL) if null else b"")


def pss(
    digest: str, salt: int | None, *, mask: str | None = None, null: bool = True, trailer: int | None = None
) -> bytes:
    """The AlgorithmIdentifier of a key that is bound to this hash and to at least this salt."""
    inner = hash_identifier(mask or digest, null=null)
    return sequence(
        PSS,
        sequence(
            explicit(0, hash_identifier(digest, null=null)),
            explicit(1, sequence(object_identifier("1.2.840.113549.1.1.8"), inner)),
            b"" if salt is None else explicit(2, integer(salt)),
            b"" if trailer is None else explicit(3, integer(trailer)),
        ),
    )


UNBOUND = sequence(PSS)


class BoundAuthority:
    """A self-signed RSA CA whose SubjectPublicKeyInfo has this AlgorithmIdentifier; it signs with PSS and SHA-256."""

    def __init__(self, algorithm: bytes, key: rsa.RSAPrivateKey) -> None:
        """Make its certificate, valid from 2026 for ten years."""
        self.key = key
        self.subject = NAME
        self.certificate = self.certified(algorithm, EPOCH, EPOCH + 3650 * DAY)

    def certified(self, algorithm: bytes, begin: datetime, end: datetime) -> x509.Certificate:
        """A certificate that says this of the key."""
        return self._signed(self.subject, spki_of(self.key, algorithm), (begin, end), usual(self.key))

    def issue(self, now: datetime, algorithm: bytes, key: rsa.RSAPrivateKey, *more: OddExtension) -> x509.Certificate:
        """A certificate of another key, valid from *now* on for a fortnight."""
        subject = named(attribute(COMMON_NAME, 0x0C, b"zorg.example"))
        return self._signed(subject, spki_of(key, algorithm), (now, now + 14 * DAY), more)

    def _signed(
        self, subject: bytes, spki: bytes, validity: tuple[datetime, datetime], extensions: tuple[OddExtension, ...]
    ) -> x509.Certificate:
        # What others verify this by does not look at the binding of the signer: the tests do.
        algorithm = algorithm_for(self.key.public_key(), SignatureName.PSS)
        to_be_signed = sequence(
            explicit(0, integer(2)),
            integer(secrets.randbits(126) | 1 << 126),
            algorithm.identifier,
            self.subject,
            sequence(*(time(each) for each in validity)),
            subject,
            spki,
            explicit(3, sequence(*(each.der for each in extensions))) if extensions else b"",
        )
        signature = self.key.sign(to_be_signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return x509.load_der_x509_certificate(sequence(to_be_signed, algorithm.identifier, bit_string(signature)))


def spki_of(key: rsa.RSAPrivateKey, algorithm: bytes) -> bytes:
    """The key's SubjectPublicKeyInfo under an AlgorithmIdentifier."""
    usual_one = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert usual_one.startswith(b"\x30\x82")
    bits = usual_one[4 + len(RSA_ENCRYPTION) :]
    return sequence(algorithm, bits)


def delegate_extensions() -> tuple[OddExtension, ...]:
    """What makes a certificate an OCSP delegate's (BR 7.1.2.8)."""
    return (
        OddExtension("2.5.29.15", tlv(0x03, b"\x07\x80"), critical=True),
        OddExtension("2.5.29.37", sequence(object_identifier("1.3.6.1.5.5.7.3.9"))),
        OddExtension("1.3.6.1.5.5.7.48.1.5", tlv(NULL)),
    )
