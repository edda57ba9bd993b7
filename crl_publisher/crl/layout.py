"""Where the parts of a CRL lie in its octets, so that 50 MB need not be copied to look at any of them.

RFC 5280 section 5.1: CertificateList, TBSCertList, and the list of entries inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crl_publisher.errors import UnreadableCrl
from pki_revocation.encoding.der import GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME, DerError, bounds, sequence

_TIMES = (bytes((UTC_TIME,)), bytes((GENERALIZED_TIME,)))
_SEQUENCE = bytes((SEQUENCE,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A CRL in parts.

    *signed* is what the signature is over, *before* the fields in front of the list, *listed* the contents of
    revokedCertificates (empty, like no list, where *has_list* is False), *after* the extensions with their tag, *tail*
    the outer algorithm and the signature.
    """

    data: bytes = field(repr=False)
    signed: slice
    before: slice
    listed: slice
    after: slice
    tail: slice
    has_list: bool

    def with_entries(self, entries: Sequence[bytes]) -> bytes:
        """The same CRL with other entries: small enough for readers that take their time, its signature not right."""
        data = self.data
        listed = sequence(*entries) if entries else b"\x30\x00" if self.has_list else b""
        return sequence(sequence(data[self.before], listed, data[self.after]), data[self.tail])


def layout_of(data: bytes) -> Layout:
    """Find the parts.

    Raises:
        UnreadableCrl: when this is no CertificateList.
    """
    try:
        return _layout(data)
    except DerError as error:
        raise UnreadableCrl(f"This is no CRL in DER: {error}.") from error


def list_bounds(head: bytes, size: int) -> slice:
    """Where the list's contents lie in a CRL of *size* octets, from its first octets; an empty slice for no list.

    Raises:
        UnreadableCrl: when they are no CRL's, or too few to tell.
    """
    try:
        return _list(head, size)[1]
    except DerError as error:
        raise UnreadableCrl(f"The beginning of the CRL cannot be read: {error}.") from error


def _layout(data: bytes) -> Layout:
    size = len(data)
    outer = bounds(data)
    inner = bounds(data, outer.begin)
    at, listed, has_list = _list(data, size)
    if outer.end != size:
        message = "something follows it"
        raise DerError(message)
    return Layout(
        data=data,
        signed=slice(outer.begin, inner.end),
        before=slice(inner.begin, at),
        listed=listed,
        after=slice(listed.stop, inner.end),
        tail=slice(inner.end, outer.end),
        has_list=has_list,
    )


def _list(data: bytes, size: int) -> tuple[int, slice, bool]:
    """Where revokedCertificates stands or would stand, its contents, and whether it is there."""
    outer = bounds(data, size=size)
    inner = bounds(data, outer.begin, size=outer.end)
    if outer.tag != SEQUENCE or inner.tag != SEQUENCE:
        message = "it does not begin like a CertificateList"
        raise DerError(message)
    at = inner.begin
    version = bounds(data, at, size=inner.end)
    if version.tag == INTEGER:
        at = version.end
    for _ in range(3):  # signature, issuer, thisUpdate
        at = bounds(data, at, size=inner.end).end
    if at < inner.end and data[at : at + 1] in _TIMES:
        at = bounds(data, at, size=inner.end).end
    if at == inner.end or data[at : at + 1] != _SEQUENCE:
        return at, slice(at, at), False
    listed = bounds(data, at, size=inner.end)
    return at, slice(listed.begin, listed.end), True
