"""A CRL without its list: what stands around it, and where in its octets the list lies.

Everything that reads a CRL reads this frame: the gate, the outlets, distribution and the probe. A list may have 50 MB,
so it is passed over by its length. What is left is the same CRL with no entries, a few kilobytes, and `cryptography`
reads it as strict DER (X.690 section 10; RFC 5280 section 5.1). A frame says nothing about the entries; a signature
that fits does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, BinaryIO, NamedTuple, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.x509.oid import ExtensionOID

from crl_publisher.errors import UnreadableCrl
from keys.algorithms import algorithm_of, algorithms_for
from keys.errors import UnusableKey
from pki_revocation.encoding.der import (
    GENERALIZED_TIME,
    INTEGER,
    SEQUENCE,
    UTC_TIME,
    Bounds,
    DerError,
    bounds,
    sequence,
    tlv,
)

_VERSION_2 = 1
_LONGEST_HEADER = 11
# Names, extensions and signatures are far smaller; what is larger is no CA's CRL.
_LARGEST_PART = 1 << 20
_BLOCK = 1 << 18
_EMPTY_LIST = sequence()

Time: TypeAlias = asn1.UTCTime | asn1.GeneralizedTime


@asn1.sequence
class _Extension:
    oid: x509.ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]  # noqa: FBT003 - the library's own word
    value: bytes


@asn1.sequence
class _Inner:
    """A TBSCertList without revokedCertificates: what stands in their place is refused, as all that is too many."""

    version: int | None
    algorithm: asn1.TLV
    issuer: asn1.TLV
    this_update: Time
    next_update: Time | None
    extensions: Annotated[list[_Extension] | None, asn1.Explicit(0)]


@asn1.sequence
class _Whole:
    inner: _Inner
    algorithm: asn1.TLV
    signature: asn1.BitString


class _Places(NamedTuple):
    """Where the parts lie: *signed* is what the signature is over, *listed* the contents of revokedCertificates."""

    signed: slice
    before: slice
    listed: slice
    after: slice
    tail: slice
    has_list: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around the list of a CRL.

    *is_version_2*, *issuer* and the two algorithms are as they are encoded, the latter three in DER; *signed* and
    *listed* are places in the CRL's octets, the list's contents without its header (empty, too, where *has_list* is
    False). *is_generalized* says of thisUpdate and nextUpdate whether they are GeneralizedTime. *before*, *after* and
    *tail* are the octets in front of the list, behind it, and behind what is signed.
    """

    is_version_2: bool
    inner_algorithm: bytes
    outer_algorithm: bytes
    issuer: bytes
    this_update: datetime
    next_update: datetime | None
    is_generalized: tuple[bool, bool]
    number: int | None
    signature: bytes = field(repr=False)
    signed: slice
    listed: slice
    has_list: bool
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    tail: bytes = field(repr=False)

    @property
    def has_entries(self) -> bool:
        """Whether anything is listed."""
        return bool(self.listed.start < self.listed.stop)

    def with_entries(self, entries: Sequence[bytes]) -> bytes:
        """The same CRL with other entries: small enough for readers that take their time, its signature not right."""
        listed = sequence(*entries) if entries else _EMPTY_LIST if self.has_list else b""
        return sequence(sequence(self.before, listed, self.after), self.tail)

    def with_issuer(self, name: bytes) -> "Frame":
        """The same CRL under another issuer's name, its signature not right."""
        return replace(self, issuer=name, before=self.before.replace(self.issuer, name, 1))

    def without_list(self) -> bytes:
        """The same CRL with no list at all, its signature not right."""
        return sequence(sequence(self.before, self.after), self.tail)

    def is_signed_by(self, issuer: x509.Certificate, stream: BinaryIO) -> bool:
        """Whether this CA signed it with an algorithm that it may sign CRLs with, named alike in both places.

        Args:
            issuer: the CA's certificate.
            stream: the CRL that the frame was read from; it is left at another place.
        """
        try:
            algorithms = algorithms_for(issuer)
        except UnusableKey:
            return False
        allowed = {each.identifier for each in algorithms}
        if self.inner_algorithm != self.outer_algorithm or self.outer_algorithm not in allowed:
            return False
        stream.seek(self.signed.start)
        return self.is_verified_by(issuer, _blocks(stream, self.signed.stop - self.signed.start))

    def is_verified_by(self, issuer: x509.Certificate, signed: Iterable[bytes | memoryview]) -> bool:
        """Whether the signature fits this CA's key, with any algorithm that its certificate lets it be used with.

        Args:
            issuer: the CA's certificate.
            signed: what the signature is over, piece by piece.
        """
        try:
            algorithm_of(self.outer_algorithm, issuer).verify(issuer.public_key(), self.signature, signed)
        except (InvalidSignature, UnusableKey):
            return False
        return True


def read_frame(stream: BinaryIO) -> Frame:
    """Read the frame of a CRL.

    Args:
        stream: holds one CRL, from its first octet to its last, and nothing else.

    Raises:
        UnreadableCrl: when it does not, as when the CRL was cut off.
    """
    try:
        return _frame(stream)
    except DerError as error:
        raise UnreadableCrl(f"This is no CRL in DER: {error}.") from error
    except ValueError as error:
        message = "This is no CRL in DER: what stands around its list is not what RFC 5280 section 5.1 says."
        raise UnreadableCrl(message) from error


def _frame(stream: BinaryIO) -> Frame:
    places = _places(stream, stream.seek(0, 2))
    before, after, tail = (_part(stream, place) for place in (places.before, places.after, places.tail))
    whole = asn1.decode_der(_Whole, sequence(sequence(before, after), tail))
    inner = whole.inner
    if whole.signature.padding_bits():
        message = "the signature is no BIT STRING of whole octets"
        raise DerError(message)
    return Frame(
        is_version_2=inner.version == _VERSION_2,
        inner_algorithm=_raw(inner.algorithm),
        outer_algorithm=_raw(whole.algorithm),
        issuer=_raw(inner.issuer),
        this_update=_moment(inner.this_update),
        next_update=None if inner.next_update is None else _moment(inner.next_update),
        is_generalized=(
            isinstance(inner.this_update, asn1.GeneralizedTime),
            isinstance(inner.next_update, asn1.GeneralizedTime),
        ),
        number=_number(inner.extensions or []),
        signature=whole.signature.as_bytes(),
        signed=places.signed,
        listed=places.listed,
        has_list=places.has_list,
        before=before,
        after=after,
        tail=tail,
    )


def _places(stream: BinaryIO, size: int) -> _Places:
    """Walk over the headers of a TBSCertList as far as the list: nothing but them is read."""
    outer = _header(stream, 0, size)
    inner = _header(stream, outer.begin, outer.end)
    if outer.tag != SEQUENCE or inner.tag != SEQUENCE or outer.end != size:
        message = "it is not one CertificateList with nothing behind it"
        raise DerError(message)
    following = _header(stream, inner.begin, inner.end)
    for _ in range(4 if following.tag == INTEGER else 3):  # version, signature, issuer, thisUpdate
        at, following = following.end, _next(stream, following.end, inner.end)
    if following.tag in {UTC_TIME, GENERALIZED_TIME}:
        at, following = following.end, _next(stream, following.end, inner.end)
    has_list = following.tag == SEQUENCE
    listed = slice(following.begin, following.end) if has_list else slice(at, at)
    return _Places(
        signed=slice(outer.begin, inner.end),
        before=slice(inner.begin, at),
        listed=listed,
        after=slice(listed.stop, inner.end),
        tail=slice(inner.end, outer.end),
        has_list=has_list,
    )


def _next(stream: BinaryIO, at: int, end: int) -> Bounds:
    """The bounds of the next value; at the end they are empty and have no tag."""
    return _header(stream, at, end) if at < end else Bounds(0, at, at)


def _header(stream: BinaryIO, at: int, end: int) -> Bounds:
    """The tag of the value at an offset, and the places where its contents begin and end, no later than *end*."""
    stream.seek(at)
    tag, begin, behind = bounds(stream.read(min(_LONGEST_HEADER, end - at)), size=end - at)
    return Bounds(tag, at + begin, at + behind)


def _part(stream: BinaryIO, place: slice) -> bytes:
    size = place.stop - place.start
    if size > _LARGEST_PART:
        message = "a part that should be small is larger than a megabyte"
        raise DerError(message)
    stream.seek(place.start)
    return stream.read(size)


def _moment(time: Time) -> datetime:
    """RFC 5280 section 4.1.2.5.2: GeneralizedTime has no fraction, which DER would allow."""
    moment = time.as_datetime()
    if moment.microsecond:
        message = "a time has a fraction of a second"
        raise DerError(message)
    return moment


def _raw(value: asn1.TLV) -> bytes:
    """All octets of a SEQUENCE: in DER there is one way to write its header."""
    raw = tlv(SEQUENCE, bytes(value.data))
    if raw[:1] != value.tag_bytes:
        message = "a name or an algorithm is no SEQUENCE"
        raise DerError(message)
    return raw


def _number(extensions: Sequence[_Extension]) -> int | None:
    """The CRLNumber (RFC 5280 section 5.2.3)."""
    found = next((each.value for each in extensions if each.oid == ExtensionOID.CRL_NUMBER), None)
    return None if found is None else asn1.decode_der(int, found)


def _blocks(stream: BinaryIO, count: int) -> Iterator[bytes]:
    while count and (block := stream.read(min(_BLOCK, count))):
        count -= len(block)
        yield block
