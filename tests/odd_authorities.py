"""CAs whose certificates are put together octet by octet: names, extensions and keys that no library would write."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki_revocation.encoding.der import (
    NULL,
    bit_string,
    explicit,
    extension,
    integer,
    object_identifier,
    octet_string,
    sequence,
    time,
    tlv,
)
from tests.pki import DAY, EPOCH

SET = 0x31
UTF8, NUMERIC, PRINTABLE, TELETEX, IA5, UNIVERSAL, BMP = 0x0C, 0x12, 0x13, 0x14, 0x16, 0x1C, 0x1E
COMMON_NAME, COUNTRY, ORGANISATION = "2.5.4.3", "2.5.4.6", "2.5.4.10"
SUBJECT_KEY_IDENTIFIER, KEY_USAGE, BASIC_CONSTRAINTS = "2.5.29.14", "2.5.29.15", "2.5.29.19"
_ECDSA_SHA256 = sequence(object_identifier("1.2.840.10045.4.3.2"))
_CA = sequence(tlv(0x01, b"\xff"))
# keyCertSign and cRLSign.
_SIGNS = tlv(0x03, b"\x01\x06")


def attribute(oid: str, tag: int, value: bytes) -> bytes:
    """A relative name of one attribute, its value in any string type and any octets."""
    return tlv(SET, sequence(object_identifier(oid), tlv(tag, value)))


def named(*relative: bytes) -> bytes:
    """A name, of the country NL and whatever else."""
    return sequence(attribute(COUNTRY, PRINTABLE, b"NL"), *relative)


def odd_name(tag: int, value: bytes) -> bytes:
    """A name with an organisation and this common name."""
    return named(attribute(ORGANISATION, UTF8, b"Register"), attribute(COMMON_NAME, tag, value))


@dataclass(frozen=True, slots=True)
class OddExtension:
    """An extension as it is written; *written* replaces everything about it."""

    oid: str
    value: bytes
    critical: bool = False
    written: bytes | None = None

    @property
    def der(self) -> bytes:
        """As it stands in the certificate."""
        return self.written or extension(object_identifier(self.oid), self.value, critical=self.critical)


def usual(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> tuple[OddExtension, ...]:
    """What every CA's certificate has."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    return (
        OddExtension(BASIC_CONSTRAINTS, _CA, critical=True),
        OddExtension(KEY_USAGE, _SIGNS, critical=True),
        OddExtension(SUBJECT_KEY_IDENTIFIER, octet_string(identifier)),
    )


class OddAuthority:
    """A self-signed CA on P-256 with any name, and with any extensions beside, or in place of, the usual ones."""

    def __init__(
        self,
        subject: bytes,
        *more: OddExtension,
        key: ec.EllipticCurvePrivateKey | None = None,
        extensions: Sequence[OddExtension] | None = None,
    ) -> None:
        """Make its certificate; *extensions* are all that it has, where they are given."""
        self.subject = subject
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.extensions = (*(usual(self.key) if extensions is None else extensions), *more)
        self.certificate = self.certified(EPOCH, EPOCH + 3650 * DAY)

    def certified(
        self,
        begin: datetime,
        end: datetime,
        *,
        by: "OddAuthority | None" = None,
        extensions: Sequence[OddExtension] | None = None,
    ) -> x509.Certificate:
        """Another certificate of this name and key: renewed, or issued by another CA."""
        issuer = by or self
        return signed(
            issuer,
            subject=self.subject,
            key=self.key,
            validity=(begin, end),
            extensions=self.extensions if extensions is None else extensions,
        )

    def issue(self, now: datetime, *more: OddExtension, subject: bytes | None = None) -> x509.Certificate:
        """A server certificate, valid from an hour before *now* on for a year."""
        key = ec.generate_private_key(ec.SECP256R1())
        common = attribute(COMMON_NAME, UTF8, b"zorg.example")
        begin = now - timedelta(hours=1)
        return signed(
            self, subject=subject or named(common), key=key, validity=(begin, now + 365 * DAY), extensions=more
        )

    def pem(self, certificate: x509.Certificate | None = None) -> bytes:
        """Its certificate, or another one, as a file holds it."""
        return (certificate or self.certificate).public_bytes(Encoding.PEM)


def signed(
    issuer: OddAuthority,
    *,
    subject: bytes,
    key: ec.EllipticCurvePrivateKey,
    validity: tuple[datetime, datetime],
    extensions: Sequence[OddExtension],
) -> x509.Certificate:
    """A certificate of these parts."""
    to_be_signed = sequence(
        explicit(0, integer(2)),
        integer(secrets.randbits(126) | 1 << 126),
        _ECDSA_SHA256,
        issuer.subject,
        sequence(*(time(each) for each in validity)),
        subject,
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        *([explicit(3, sequence(*(each.der for each in extensions)))] if extensions else []),
    )
    signature = issuer.key.sign(to_be_signed, ec.ECDSA(hashes.SHA256()))
    return x509.load_der_x509_certificate(sequence(to_be_signed, _ECDSA_SHA256, bit_string(signature)))


# Names that `cryptography` does not decode: each a common name's string type and octets.
ODD_NAMES = {
    "Latin-1 in UTF8String": odd_name(UTF8, b"Zorgregister \xe9\xe9n"),
    "Latin-1 in TeletexString": odd_name(TELETEX, b"Geb\xfchrenregister"),
    "Latin-1 in IA5String": odd_name(IA5, b"Co\xf6peratie"),
    "lone surrogate in UTF8String": odd_name(UTF8, b"\xed\xa0\x80"),
    "cut off in UTF8String": odd_name(UTF8, b"Zorg \xe2\x82"),
    "an INTEGER": odd_name(0x02, b"\x05"),
    "NULL": odd_name(NULL, b""),
    "a SEQUENCE": odd_name(0x30, integer(1)),
    "an OCTET STRING": odd_name(0x04, b"Zorg"),
    "GeneralString": odd_name(0x1B, b"Zorg \xe9"),
    "a country of three letters": sequence(
        attribute(COUNTRY, PRINTABLE, b"NLD"), attribute(COMMON_NAME, UTF8, b"\xff\xfe")
    ),
}
# Extensions that `cryptography` refuses altogether, for one that is broken.
ODD_EXTENSIONS = {
    "a CDP that is no SEQUENCE": OddExtension("2.5.29.31", tlv(NULL)),
    "a path length that is no INTEGER": OddExtension("2.5.29.36", sequence(tlv(0x80))),
    "AIA that is NULL": OddExtension("1.3.6.1.5.5.7.1.1", tlv(NULL)),
    "empty nameConstraints": OddExtension("2.5.29.30", sequence()),
    "an IP address of three octets": OddExtension("2.5.29.17", sequence(tlv(0x87, b"\x0a\x00\x00"))),
    "a broken SCT list": OddExtension("1.3.6.1.4.1.11129.2.4.2", octet_string(b"\xff\xff")),
    "policies that are no SEQUENCE": OddExtension("2.5.29.32", tlv(NULL)),
    "an extension twice": OddExtension(KEY_USAGE, _SIGNS, critical=True),
    "an AKI that is no SEQUENCE": OddExtension("2.5.29.35", octet_string(b"\x01")),
    "an EKU that is empty of sense": OddExtension("2.5.29.37", tlv(NULL)),
}

# What `cryptography` does not even load: such a certificate is refused in one sentence, and nothing is written.
UNLOADABLE_NAMES = {
    "Latin-1 in PrintableString": odd_name(PRINTABLE, b"Co\xf6peratie"),
    "BMPString of odd length": odd_name(BMP, b"\x00Z\x00o\x00"),
    "UniversalString of odd length": odd_name(UNIVERSAL, b"\x00\x00\x00Z\x00"),
}
