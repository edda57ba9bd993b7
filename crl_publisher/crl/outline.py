"""What stands around a CRL's list, read from a stream without the list: a file of 50 MB costs a few kilobytes.

Strict DER (X.690 section 10) of the structure in RFC 5280 section 5.1. The list itself is passed over by its length, so
an outline says nothing about the entries; a signature that fits does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

from crl_publisher.errors import UnreadableCrl
from keys.algorithms import algorithms_for
from keys.errors import UnusableKey
from pki_revocation.encoding import der

_LONGEST_HEADER = 11
# Names, extensions and signatures are far smaller; what is larger is no CRL of anybody's.
_LARGEST_PART = 1 << 20
_BLOCK = 1 << 18
_EXTENSIONS = 0xA0
_LAST_UTC = 2049
_NUMBER = "2.5.29.20"
_TIMES = {der.UTC_TIME: "%y%m%d%H%M%SZ", der.GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}
_TIME_LENGTHS = {der.UTC_TIME: 13, der.GENERALIZED_TIME: 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlOutline:
    """A CRL without its list.

    *issuer* and *algorithm* are DER; *signed_from* and *signed_to* bound what is signed, *rest* is the DER of the same
    CRL with no list at all: small, and its signature not right.
    """

    issuer: bytes
    this_update: datetime
    next_update: datetime | None
    number: int | None
    algorithm: bytes
    signature: bytes
    signed_from: int
    signed_to: int
    has_entries: bool
    rest: bytes = field(repr=False)

    def is_signed_by(self, issuer: x509.Certificate, stream: BinaryIO) -> bool:
        """Whether the signature over what the stream holds is this CA's; the stream ends somewhere else."""
        try:
            key = cast("CertificateIssuerPublicKeyTypes", issuer.public_key())
            algorithm = next(each for each in algorithms_for(key) if each.identifier == self.algorithm)
            stream.seek(self.signed_from)
            algorithm.verify(key, self.signature, _blocks(stream, self.signed_to - self.signed_from))
        except (InvalidSignature, UnusableKey, StopIteration):
            return False
        return True


def read_outline(stream: BinaryIO) -> CrlOutline:
    """Read it from the beginning of the stream, which must hold one CRL and nothing else.

    Raises:
        UnreadableCrl: when it does not, as when it was cut off.
    """
    try:
        return _outline(_Reader(stream, 0, stream.seek(0, 2)))
    except (der.DerError, ValueError) as error:
        raise UnreadableCrl(f"This is no CRL in DER: {error}.") from error


class _Reader:
    """Reads values one after the other between two offsets of a stream."""

    def __init__(self, stream: BinaryIO, start: int, end: int) -> None:
        self._stream = stream
        self.start = start
        self.offset = start
        self.end = end

    def header(self) -> tuple[int, int, int]:
        """The next value's tag, where its contents begin, and where they end."""
        self._stream.seek(self.offset)
        octets = self._stream.read(min(_LONGEST_HEADER, self.end - self.offset))
        tag, begin, end = der.bounds(octets, size=self.end - self.offset)
        return tag, self.offset + begin, self.offset + end

    def enter(self, tag: int) -> "_Reader":
        """Go into the next value, which has this tag, and past it here."""
        found, start, end = self.header()
        if found != tag:
            raise der.DerError(f"expected tag {tag:#04x} and found {found:#04x}")
        self.offset = end
        return _Reader(self._stream, start, end)

    def value(self) -> der.Element:
        """The next value, whole."""
        _, _, end = self.header()
        octets = self.octets(self.offset, end)
        self.offset = end
        return der.read(octets)[0]

    def octets(self, start: int, end: int) -> bytes:
        """What stands between two offsets."""
        if end - start > _LARGEST_PART:
            raise der.DerError("a part that should be small is larger than a megabyte")
        self._stream.seek(start)
        return self._stream.read(end - start)

    def next_tag(self) -> int | None:
        """The tag of the next value; None at the end."""
        return self.header()[0] if self.offset < self.end else None

    def finish(self) -> None:
        """Refuse what is left over."""
        if self.offset != self.end:
            raise der.DerError("something follows that should not be there")


def _outline(reader: _Reader) -> CrlOutline:
    whole = reader.enter(der.SEQUENCE)
    reader.finish()
    signed_from = whole.offset
    inner = whole.enter(der.SEQUENCE)
    signed_to = whole.offset
    outer_algorithm = whole.value().raw
    signature = whole.value()
    whole.finish()
    if signature.tag != der.BIT_STRING or not signature.content.startswith(b"\0"):
        raise der.DerError("the signature is no BIT STRING of whole octets")
    if inner.next_tag() == der.INTEGER:
        inner.value()
    algorithm, issuer = inner.value(), inner.value()
    if algorithm.raw != outer_algorithm:
        raise der.DerError("it names two signature algorithms")
    this_update = _time(inner.value())
    next_update = _time(inner.value()) if inner.next_tag() in _TIMES else None
    before, has_entries = inner.octets(inner.start, inner.offset), False
    if inner.next_tag() == der.SEQUENCE:
        listed = inner.enter(der.SEQUENCE)
        has_entries = listed.offset < listed.end
    extensions = inner.value() if inner.next_tag() == _EXTENSIONS else None
    inner.finish()
    after = b"" if extensions is None else extensions.raw
    return CrlOutline(
        issuer=issuer.raw,
        this_update=this_update,
        next_update=next_update,
        number=None if extensions is None else _number(extensions),
        algorithm=outer_algorithm,
        signature=signature.content[1:],
        signed_from=signed_from,
        signed_to=signed_to,
        has_entries=has_entries,
        rest=der.sequence(der.sequence(before, after), outer_algorithm, signature.raw),
    )


def _time(value: der.Element) -> datetime:
    if value.tag not in _TIMES or len(value.content) != _TIME_LENGTHS[value.tag]:
        raise der.DerError("a time is neither UTCTime nor GeneralizedTime in whole seconds")
    moment = datetime.strptime(value.content.decode("ascii"), _TIMES[value.tag]).replace(tzinfo=UTC)
    # RFC 5280 section 4.1.2.5.1: two digits from 50 on are the last century; Python begins that at 69.
    return moment.replace(year=moment.year - 100) if value.tag == der.UTC_TIME and moment.year > _LAST_UTC else moment


def _number(extensions: der.Element) -> int | None:
    wanted = der.object_identifier(_NUMBER)
    for extension in der.elements(der.read_whole(extensions.content, der.SEQUENCE)):
        parts = list(der.elements(extension.content))
        if parts and parts[0].raw == wanted:
            octets = der.read_whole(der.read_whole(parts[-1].raw, der.OCTET_STRING), der.INTEGER)
            return int.from_bytes(octets, signed=True)
    return None


def _blocks(stream: BinaryIO, count: int) -> Iterator[bytes]:
    while count and (block := stream.read(min(_BLOCK, count))):
        count -= len(block)
        yield block
