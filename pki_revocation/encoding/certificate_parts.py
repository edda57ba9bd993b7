"""What a certificate says, read from its octets one part at a time (RFC 5280 section 4.1).

The library reads what RFC 5280 allows and refuses a certificate, a whole name or all extensions for any one thing that
is not. Whatever a CA signed can be revoked, misissued certificates first of all (BR 4.9.1.1), and names are compared
and hashed as octets (RFC 6960 section 4.1.1), so that here only the frame must be there: a part that cannot be read is
known to be so, and spoils no other.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding

from .certificate_times import moment_of
from .declared import SubjectPublicKeyInfo, identifier
from .der import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, DerError
from .distribution_points import addresses
from .values import Span, span, spans, values_in

_BASIC_CONSTRAINTS = bytes.fromhex("551d13")
_KEY_USAGE = bytes.fromhex("551d0f")
_EXTENDED_KEY_USAGE = bytes.fromhex("551d25")
_SUBJECT_KEY_IDENTIFIER = bytes.fromhex("551d0e")
_ALTERNATIVE_NAMES = bytes.fromhex("551d11")
_DISTRIBUTION_POINTS = bytes.fromhex("551d1f")
# What makes a certificate a precertificate (RFC 6962 section 3.1).
_POISON = bytes.fromhex("2b06010401d679020403")
_OCSP_SIGNING = bytes.fromhex("2b06010505070309")
_VERSION, _EXTENSIONS = 0xA0, 0xA3
# dNSName in a GeneralName.
_DNS_NAME = 0x82
_BOOLEAN = 0x01
# Serial, algorithm, issuer, validity, subject and key: what every certificate has.
_FIELDS = 6
# RFC 5280 section 4.2.1.3: bits are counted from the left.
_KEY_CERT_SIGN, _CRL_SIGN = 5, 6
_OCTET = 8


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension: its identifier's contents and its value, as they stand there."""

    oid: bytes
    value: bytes


class CaKeyUsage(NamedTuple):
    """What a CA's certificate lets its key sign (RFC 5280 section 4.2.1.3)."""

    key_cert_sign: bool
    crl_sign: bool


@dataclass(frozen=True)
class CertificateParts:
    """The parts of one certificate; *issuer*, *subject*, *public_key* and *algorithm* with their tags.

    *signed* is what *signature* is over. *not_before* and *not_after* are None where they cannot be read.
    """

    der: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    serial: int
    issuer: bytes
    not_before: datetime | None
    not_after: datetime | None
    subject: bytes
    public_key: bytes = field(repr=False)
    extensions: tuple[Extension, ...] = field(repr=False)
    algorithm: bytes
    signature: bytes = field(repr=False)

    @property
    def key_algorithm(self) -> bytes:
        """The AlgorithmIdentifier of the key, which `cryptography` drops: it may bind it (RFC 4055 section 1.2)."""
        return identifier(asn1.decode_der(SubjectPublicKeyInfo, self.public_key).algorithm)

    @property
    def key_oid(self) -> str:
        """The OBJECT IDENTIFIER of that algorithm, with dots."""
        first, *_ = asn1.decode_der(SubjectPublicKeyInfo, self.public_key).algorithm
        oid: x509.ObjectIdentifier = first.parse(x509.ObjectIdentifier)
        return oid.dotted_string

    @property
    def key_bits(self) -> bytes:
        """The contents of subjectPublicKey, without tag, length and unused bits: what key hashes are taken over."""
        return asn1.decode_der(SubjectPublicKeyInfo, self.public_key).public_key.as_bytes()

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are one name, octet for octet."""
        return self.issuer == self.subject

    @property
    def subject_key_identifier(self) -> bytes | None:
        """The identifier in it; None where there is none that can be read (RFC 5280 section 4.2.1.2)."""
        value = self._value(_SUBJECT_KEY_IDENTIFIER)
        try:
            return None if value is None else asn1.decode_der(bytes, value)
        except ValueError:
            return None

    @property
    def key_identifier(self) -> bytes:
        """What the AKI of all that this key signs says: its identifier, or the SHA-1 of its bits where it has none."""
        found = self.subject_key_identifier
        return hashlib.sha1(self.key_bits, usedforsecurity=False).digest() if found is None else found

    @cached_property
    def is_ca(self) -> bool:
        """Whether its basic constraints say that it is a CA's."""
        return any(_is_true_first(each.value) for each in self.extensions if each.oid == _BASIC_CONSTRAINTS)

    @property
    def key_usage(self) -> CaKeyUsage | None:
        """What its key may sign; None where it has no key usage, and may sign both.

        Raises:
            ValueError: when it has one that cannot be read: then it lets the key sign nothing that is known.
        """
        value = self._value(_KEY_USAGE)
        if value is None:
            return None
        bits = asn1.decode_der(asn1.BitString, value).as_bytes()
        return CaKeyUsage(key_cert_sign=_bit(bits, _KEY_CERT_SIGN), crl_sign=_bit(bits, _CRL_SIGN))

    @cached_property
    def is_for_subscriber(self) -> bool:
        """Neither a CA's nor a delegated OCSP responder's: those are the CA's own, and no letter goes out."""
        if self.is_ca:
            return False
        return not any(_has_value(each.value, _OCSP_SIGNING) for each in self._of(_EXTENDED_KEY_USAGE))

    @cached_property
    def is_precertificate(self) -> bool:
        """Whether it was made for logs, and no relying party takes it (RFC 6962 section 3.1)."""
        return any(True for _ in self._of(_POISON))

    @property
    def distribution_points(self) -> tuple[str, ...]:
        """The addresses that it names for its CRL, in their order (RFC 5280 section 4.2.1.13)."""
        return tuple(url for each in self._of(_DISTRIBUTION_POINTS) for url in addresses(each.value))

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The host names among its alternative names, in their order, on one line each (RFC 5280 section 4.2.1.6)."""
        return tuple(name for each in self._of(_ALTERNATIVE_NAMES) for name in _dns_names(each.value))

    def is_the_other_of(self, other: "CertificateParts") -> bool:
        """Whether one is the precertificate of the other: one serial, one subject and one key (RFC 6962 section 3.1).

        What else may differ is the CA's error, and no reason to know one of them alone.
        """
        if self.is_precertificate == other.is_precertificate:
            return False
        return (self.serial, self.issuer, self.subject, self.public_key) == (
            other.serial,
            other.issuer,
            other.subject,
            other.public_key,
        )

    def _of(self, oid: bytes) -> Iterator[Extension]:
        return (each for each in self.extensions if each.oid == oid)

    def _value(self, oid: bytes) -> bytes | None:
        """The first extension of a kind: where one stands there twice, readers differ, and most take the first."""
        return next((each.value for each in self._of(oid)), None)


def parts_of(certificate: x509.Certificate | bytes) -> CertificateParts:
    """The parts of a certificate.

    Args:
        certificate: itself, or the octets that it is, and nothing else.

    Raises:
        DerError: when they have not the form of one, to its last octet.
    """
    der = certificate if isinstance(certificate, bytes) else certificate.public_bytes(Encoding.DER)
    outer = span(der, 0, len(der), SEQUENCE, "a certificate")
    if outer.end != len(der):
        raise DerError(f"{len(der) - outer.end} octets stand behind the certificate")
    tbs = span(der, outer.begin, outer.end, SEQUENCE, "what is signed")
    algorithm = span(der, tbs.end, outer.end, SEQUENCE, "the algorithm")
    signature = span(der, algorithm.end, outer.end, BIT_STRING, "the signature")
    if signature.end != outer.end or signature.begin == signature.end:
        raise DerError("the signature is empty, or something stands behind it")
    parts = [each for each in spans(der, tbs.begin, tbs.end) if each.tag != _VERSION]
    if len(parts) < _FIELDS:
        raise DerError("a certificate has a serial, an algorithm, two names, its validity and a key")
    serial, _, issuer, validity, subject, key = parts[:_FIELDS]
    if serial.tag != INTEGER or serial.begin == serial.end:
        raise DerError("the serial is no INTEGER")
    not_before, not_after = _validity(der, validity)
    return CertificateParts(
        der=der,
        signed=der[tbs.at : tbs.end],
        serial=int.from_bytes(der[serial.begin : serial.end], signed=True),
        issuer=der[issuer.at : issuer.end],
        not_before=not_before,
        not_after=not_after,
        subject=der[subject.at : subject.end],
        public_key=der[key.at : key.end],
        extensions=tuple(_extensions(der, [each for each in parts[_FIELDS:] if each.tag == _EXTENSIONS])),
        algorithm=der[algorithm.at : algorithm.end],
        signature=der[signature.begin + 1 : signature.end],
    )


def _validity(der: bytes, place: Span) -> tuple[datetime | None, datetime | None]:
    try:
        first, last = spans(der, place.begin, place.end)
    except ValueError:
        return None, None
    return moment_of(der, first), moment_of(der, last)


def _extensions(der: bytes, places: list[Span]) -> Iterator[Extension]:
    """Those that have the form of one; whatever else stands there is no extension that anything asks for."""
    for outer in places:
        try:
            for listed in spans(der, outer.begin, outer.end):
                for one in spans(der, listed.begin, listed.end):
                    parts = {each.tag: der[each.begin : each.end] for each in spans(der, one.begin, one.end)}
                    if OBJECT_IDENTIFIER in parts and OCTET_STRING in parts:
                        yield Extension(parts[OBJECT_IDENTIFIER], parts[OCTET_STRING])
        except DerError:
            return


def _dns_names(value: bytes) -> Iterator[str]:
    try:
        for _, names in values_in(value):
            for tag, name in values_in(names):
                if tag == _DNS_NAME:
                    # An IA5String: whatever else it holds is shown, and nothing of it acts on who reads it.
                    yield name.decode("ascii", "backslashreplace")
    except DerError:
        return


def _is_true_first(value: bytes) -> bool:
    """Whether the SEQUENCE begins with a BOOLEAN that is not FALSE; written out or left out makes no difference."""
    try:
        ((_, contents),) = values_in(value)
        tag, first = next(values_in(contents), (0, b""))
    except ValueError:
        return False
    return tag == _BOOLEAN and any(first)


def _has_value(value: bytes, wanted: bytes) -> bool:
    try:
        return any(contents == wanted for _, inner in values_in(value) for _, contents in values_in(inner))
    except DerError:
        return False


def _bit(bits: bytes, number: int) -> bool:
    octet, place = divmod(number, _OCTET)
    return octet < len(bits) and bool(bits[octet] & 0x80 >> place)
