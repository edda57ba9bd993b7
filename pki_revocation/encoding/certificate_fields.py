"""What a certificate says, read from its octets one field at a time (RFC 5280 section 4.1).

The library reads what RFC 5280 allows and refuses a certificate for any one thing that is not. Whatever a CA signed can
be revoked, misissued certificates first of all (BR 4.9.1.1), so that here only the frame must be there: a field that
cannot be read is known to be so, and spoils no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from .der import BIT_STRING, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, UTC_TIME, DerError

BASIC_CONSTRAINTS = bytes.fromhex("551d13")
EXTENDED_KEY_USAGE = bytes.fromhex("551d25")
DISTRIBUTION_POINTS = bytes.fromhex("551d1f")
# What makes a certificate a precertificate (RFC 6962 section 3.1).
_POISON = bytes.fromhex("2b06010401d679020403")
_OCSP_SIGNING = bytes.fromhex("2b06010505070309")
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_BOOLEAN, _URI = 0x01, 0x86
_LONG_LENGTH = 0x80
_HIGH_TAG = 0x1F
# Serial, algorithm, issuer, validity, subject and key: what every certificate has.
_FIELDS = 6
_CENTURY_TURN = 50
_TIME_DIGITS = 14
# With hours alone, with minutes, with seconds.
_TIMES = frozenset({10, 12, _TIME_DIGITS})


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension: its identifier's contents and its value, as they stand there."""

    oid: bytes
    value: bytes


@dataclass(frozen=True)
class CertificateFields:
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

    @cached_property
    def is_ca(self) -> bool:
        """Whether its basic constraints say that it is a CA's."""
        return any(_is_true_first(each.value) for each in self.extensions if each.oid == BASIC_CONSTRAINTS)

    @cached_property
    def is_for_subscriber(self) -> bool:
        """Neither a CA's nor a delegated OCSP responder's: those are the CA's own, and no letter goes out."""
        if self.is_ca:
            return False
        return not any(_has_value(each.value, _OCSP_SIGNING) for each in self._of(EXTENDED_KEY_USAGE))

    @cached_property
    def is_precertificate(self) -> bool:
        """Whether it was made for logs, and no relying party takes it (RFC 6962 section 3.1)."""
        return any(True for _ in self._of(_POISON))

    @property
    def distribution_points(self) -> tuple[str, ...]:
        """The addresses that it names for its CRL, in their order (RFC 5280 section 4.2.1.13)."""
        return tuple(url for each in self._of(DISTRIBUTION_POINTS) for url in _addresses(each.value))

    def is_the_other_of(self, other: "CertificateFields") -> bool:
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


def read_certificate(der: bytes) -> CertificateFields:
    """The fields of the one certificate that these octets are.

    Raises:
        DerError: when they have not the form of one, to its last octet.
    """
    outer = _span(der, 0, len(der), SEQUENCE, "a certificate")
    if outer.end != len(der):
        raise DerError(f"{len(der) - outer.end} octets stand behind the certificate")
    tbs = _span(der, outer.begin, outer.end, SEQUENCE, "what is signed")
    algorithm = _span(der, tbs.end, outer.end, SEQUENCE, "the algorithm")
    signature = _span(der, algorithm.end, outer.end, BIT_STRING, "the signature")
    if signature.end != outer.end or signature.begin == signature.end:
        raise DerError("the signature is empty, or something stands behind it")
    parts = [each for each in _spans(der, tbs.begin, tbs.end) if each.tag != _VERSION]
    if len(parts) < _FIELDS:
        raise DerError("a certificate has a serial, an algorithm, two names, its validity and a key")
    serial, _, issuer, validity, subject, key = parts[:_FIELDS]
    if serial.tag != INTEGER or serial.begin == serial.end:
        raise DerError("the serial is no INTEGER")
    not_before, not_after = _validity(der, validity)
    return CertificateFields(
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


def values_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and contents of the values that stand one after the other.

    Raises:
        DerError: when they do not fill *data*.
    """
    for each in _spans(data, 0, len(data)):
        yield each.tag, data[each.begin : each.end]


class _Span(NamedTuple):
    """Where a value begins, its tag, and where its contents begin and end."""

    at: int
    tag: int
    begin: int
    end: int


def _spans(data: bytes, begin: int, end: int) -> Iterator[_Span]:
    """The values between two places, one after the other."""
    while begin < end:
        found = _span(data, begin, end)
        yield found
        begin = found.end


def _span(data: bytes, at: int, limit: int, wanted: int | None = None, what: str = "a value") -> _Span:
    """One value; its length may be written in more octets than it takes, which DER forbids and signatures cover.

    Raises:
        DerError: when it does not end before *limit*, has no definite length, or another tag than the one *wanted*.
    """
    if at + 2 > limit:
        raise DerError(f"{what} is cut off")
    tag, length, begin = data[at], data[at + 1], at + 2
    if wanted is not None and tag != wanted:
        raise DerError(f"{what} has the tag {tag:#04x}, and not {wanted:#04x}")
    if tag & _HIGH_TAG == _HIGH_TAG:
        while begin <= limit and data[begin - 1] & _LONG_LENGTH:
            begin += 1
        if begin >= limit:
            raise DerError(f"{what} is cut off in its tag")
        length, begin = data[begin], begin + 1
    if length & _LONG_LENGTH:
        octets = length ^ _LONG_LENGTH
        if octets == 0:
            raise DerError(f"{what} has no definite length")
        length, begin = int.from_bytes(data[begin : begin + octets]), begin + octets
    if begin + length > limit:
        raise DerError(f"{what} is cut off")
    return _Span(at, tag, begin, begin + length)


def _validity(der: bytes, place: _Span) -> tuple[datetime | None, datetime | None]:
    try:
        first, last = _spans(der, place.begin, place.end)
    except ValueError:
        return None, None
    return _moment(der, first), _moment(der, last)


def _extensions(der: bytes, places: list[_Span]) -> Iterator[Extension]:
    """Those that have the form of one; whatever else stands there is no extension that anything asks for."""
    for outer in places:
        try:
            for listed in _spans(der, outer.begin, outer.end):
                for one in _spans(der, listed.begin, listed.end):
                    parts = {each.tag: der[each.begin : each.end] for each in _spans(der, one.begin, one.end)}
                    if OBJECT_IDENTIFIER in parts and OCTET_STRING in parts:
                        yield Extension(parts[OBJECT_IDENTIFIER], parts[OCTET_STRING])
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


def _addresses(value: bytes) -> Iterator[str]:
    """The URIs of DistributionPoint.distributionPoint.fullName, as far as they can be read."""
    try:
        for _, points in values_in(value):
            for _, point in values_in(points):
                for name in _under(point, _VERSION):
                    for full_name in _under(name, _VERSION):
                        for uri in _under(full_name, _URI):
                            yield uri.decode("latin-1")
    except DerError:
        return


def _under(data: bytes, tag: int) -> Iterator[bytes]:
    return (contents for found, contents in values_in(data) if found == tag)


def _moment(der: bytes, place: _Span) -> datetime | None:
    """A time with seconds or without, in UTC or with its difference from it; None for what is none.

    X.680 sections 46 and 47 allow what RFC 5280 section 4.1.2.5 does not. A fraction of a second is left out.
    """
    text = der[place.begin : place.end]
    if place.tag == UTC_TIME:
        text = (b"19" if text[:2] >= b"%d" % _CENTURY_TURN else b"20") + text
    elif place.tag != GENERALIZED_TIME:
        return None
    digits = len(text) - len(text.lstrip(b"0123456789"))
    if digits not in _TIMES:
        return None
    zone = text[digits:].lstrip(b".,0123456789")
    whole = text[:digits].ljust(_TIME_DIGITS, b"0")
    try:
        moment = datetime(
            int(whole[:4]),
            int(whole[4:6]),
            int(whole[6:8]),
            int(whole[8:10]),
            int(whole[10:12]),
            int(whole[12:]),
            tzinfo=UTC,
        )
        return moment if zone in {b"", b"Z"} else moment - _ahead(zone)
    except (ValueError, OverflowError):
        return None


def _ahead(zone: bytes) -> timedelta:
    """How far a zone such as +0100 is ahead of UTC.

    Raises:
        ValueError: when it is none.
    """
    sign, hours, minutes = zone[:1], zone[1:3], zone[3:]
    ahead = timedelta(hours=int(hours), minutes=int(minutes or b"0"))
    if sign not in {b"+", b"-"}:
        raise ValueError(zone)
    return ahead if sign == b"+" else -ahead
