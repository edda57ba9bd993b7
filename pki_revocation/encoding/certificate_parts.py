"""The parts of a certificate as octets, for a CA whose name or extensions `cryptography` does not decode.

A name in TeletexString with Latin-1, an extension that stands there twice: `x509.Certificate` refuses the whole name
and all extensions for one of them, although names are compared and hashed as octets (RFC 6960 section 4.1.1), and of
the extensions three are asked for. Here each part is found by its place, and each extension is read by itself.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from .declared import SubjectPublicKeyInfo, identifier, octets, values_of
from .der import SEQUENCE, DerError, bounds

# In a TBSCertificate behind the version: serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo.
_ISSUER, _SUBJECT, _KEY = 2, 4, 5
_VERSION, _EXTENSIONS = b"\xa0", b"\xa3"
_MOST_PARTS = 3
# RFC 5280 section 4.2.1.3: bits are counted from the left.
_KEY_CERT_SIGN, _CRL_SIGN = 5, 6
_OCTET = 8


class ExtensionParts(NamedTuple):
    """One extension: its OBJECT IDENTIFIER with dots, and the octets in its extnValue."""

    oid: str
    value: bytes


class CaKeyUsage(NamedTuple):
    """What a CA's certificate lets its key sign (RFC 5280 section 4.2.1.3)."""

    key_cert_sign: bool
    crl_sign: bool


@dataclass(frozen=True, slots=True)
class CertificateParts:
    """The parts of a certificate: names and key in DER, and the extensions in their order."""

    issuer: bytes
    subject: bytes
    key: bytes
    extensions: tuple[ExtensionParts, ...]

    @property
    def key_algorithm(self) -> bytes:
        """The AlgorithmIdentifier of the key, which `cryptography` drops: it may bind it (RFC 4055 section 1.2)."""
        return identifier(asn1.decode_der(SubjectPublicKeyInfo, self.key).algorithm)

    @property
    def key_oid(self) -> str:
        """The OBJECT IDENTIFIER of that algorithm, with dots."""
        first, *_ = asn1.decode_der(SubjectPublicKeyInfo, self.key).algorithm
        oid: x509.ObjectIdentifier = first.parse(x509.ObjectIdentifier)
        return oid.dotted_string

    @property
    def key_bits(self) -> bytes:
        """The contents of subjectPublicKey, without tag, length and unused bits: what key hashes are taken over."""
        return asn1.decode_der(SubjectPublicKeyInfo, self.key).public_key.as_bytes()

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are one name, octet for octet."""
        return self.issuer == self.subject

    @property
    def subject_key_identifier(self) -> bytes | None:
        """The identifier in it; None where there is none that can be read (RFC 5280 section 4.2.1.2)."""
        value = self._value(ExtensionOID.SUBJECT_KEY_IDENTIFIER)
        try:
            return None if value is None else asn1.decode_der(bytes, value)
        except ValueError:
            return None

    @property
    def key_identifier(self) -> bytes:
        """What the AKI of all that this key signs says: its identifier, or the SHA-1 of its bits where it has none."""
        found = self.subject_key_identifier
        return hashlib.sha1(self.key_bits, usedforsecurity=False).digest() if found is None else found

    @property
    def is_ca(self) -> bool:
        """Whether its basic constraints say so; one that writes the default out has them too."""
        value = self._value(ExtensionOID.BASIC_CONSTRAINTS)
        try:
            values = [] if value is None else values_of(value)
        except ValueError:
            return False
        return bool(values) and values[0].tag_bytes == b"\x01" and bytes(values[0].data) != b"\0"

    @property
    def key_usage(self) -> CaKeyUsage | None:
        """What its key may sign; None where it has no key usage, and may sign both.

        Raises:
            ValueError: when it has one that cannot be read: then it lets the key sign nothing that is known.
        """
        value = self._value(ExtensionOID.KEY_USAGE)
        if value is None:
            return None
        bits = asn1.decode_der(asn1.BitString, value).as_bytes()
        return CaKeyUsage(key_cert_sign=_bit(bits, _KEY_CERT_SIGN), crl_sign=_bit(bits, _CRL_SIGN))

    def _value(self, oid: x509.ObjectIdentifier) -> bytes | None:
        """The first extension of a kind: where one stands there twice, readers differ, and most take the first."""
        return next((each.value for each in self.extensions if each.oid == oid.dotted_string), None)


def parts_of(certificate: x509.Certificate | bytes) -> CertificateParts:
    """The parts of a certificate.

    Args:
        certificate: itself, or its DER.

    Raises:
        ValueError: when it is no certificate as RFC 5280 section 4.1 has it.
    """
    der = certificate if isinstance(certificate, bytes) else certificate.public_bytes(Encoding.DER)
    whole = values_of(der)
    if len(whole) != _MOST_PARTS:
        raise DerError("a certificate has three parts")
    values = values_of(octets(whole[0]))
    if values and values[0].tag_bytes == _VERSION:
        del values[0]
    if len(values) <= _KEY:
        raise DerError("a part of the certificate is missing")
    return CertificateParts(
        issuer=octets(values[_ISSUER]),
        subject=octets(values[_SUBJECT]),
        key=octets(values[_KEY]),
        extensions=tuple(_extensions(values[_KEY + 1 :])),
    )


def issuer_of(certificate: x509.Certificate) -> bytes:
    """The issuer's name alone, in DER: asked of a hundred thousand certificates, it must cost less than all parts.

    Raises:
        ValueError: as for `parts_of`.
    """
    der = certificate.public_bytes(Encoding.DER)
    begin = bounds(der, bounds(der).begin).begin
    if der[begin : begin + 1] == _VERSION:
        begin = bounds(der, begin).end
    for _ in range(_ISSUER):
        begin = bounds(der, begin).end
    return der[begin : bounds(der, begin).end]


def _extensions(values: list[asn1.TLV]) -> list[ExtensionParts]:
    found = next((bytes(each.data) for each in values if each.tag_bytes == _EXTENSIONS), None)
    if found is None or found[:1] != bytes([SEQUENCE]):
        return []
    return [_extension(octets(each)) for each in values_of(found)]


def _extension(data: bytes) -> ExtensionParts:
    first, *_, last = values_of(data)
    return ExtensionParts(first.parse(x509.ObjectIdentifier).dotted_string, bytes(last.data))


def _bit(bits: bytes, number: int) -> bool:
    octet, place = divmod(number, _OCTET)
    return octet < len(bits) and bool(bits[octet] & 0x80 >> place)
