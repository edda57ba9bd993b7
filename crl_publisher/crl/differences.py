"""What tells one list of entries from another, without reading entry by entry what is the same in both.

Both lists are ordered by serial within each shard, so that equal stretches lie side by side. They are compared as
octets; only where they differ are entries taken apart. Whatever the order, the old list plus what was added less what
was removed is the new list, since nothing is passed over that is not the same octets on both sides.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from crl_publisher.errors import UnreadableCrl
from pki_revocation.encoding.serials import stored_from_der

_STRETCH = 1 << 16
# No entry of a CRL has as much, and the length of the longest is one octet.
_LONGEST = 0x7F + 2
# A serial of one octet and a UTCTime.
_SHORTEST = 2 + 3 + 15


class Differences(NamedTuple):
    """Entries, each as its octets, with how often they are more on one side."""

    added: list[bytes]
    removed: list[bytes]


class Readable(Protocol):
    """Where the old list comes from."""

    def read(self, size: int, /) -> bytes:
        """The next octets, at most so many; none at the end."""
        ...


class TooManyDifferences(Exception):
    """There are more differences than are worth listing."""


def entries_of(data: bytes, listed: slice) -> Iterator[bytes]:
    """The entries of a list whose contents lie at *listed*, each with its tag.

    Raises:
        UnreadableCrl: when they do not fill the list.
    """
    at, end = listed.start, listed.stop
    while at < end:
        length = data[at + 1] if at + 1 < end else _LONGEST
        behind = at + 2 + length
        if not _SHORTEST - 2 <= length <= _LONGEST - 2 or behind > end:
            raise UnreadableCrl(f"The entry at octet {at} has a length that no entry has.")
        yield data[at:behind]
        at = behind


def serial_of(entry: bytes) -> bytes:
    """The serial of an entry, as the database keeps and orders it."""
    return stored_from_der(entry[4 : 4 + entry[3]])


def differences(old: Readable, old_size: int, data: bytes, listed: slice, *, at_most: int) -> Differences:
    """Compare two lists.

    Args:
        old: stands at the contents of the old list.
        old_size: their length.
        data: holds the new list.
        listed: where its contents lie.
        at_most: how many differences are worth listing.

    Raises:
        TooManyDifferences: when there are more.
        UnreadableCrl: when one of them is no list of entries.
    """
    left, right = _Old(old, old_size), _New(data, listed)
    added: list[bytes] = []
    removed: list[bytes] = []
    # Where a shard has ended on one side alone, the other goes on by itself to the shard's end.
    passed = came = b""
    while (last := _skip_equal(left, right)) is not None:
        passed, came = (serial_of(last),) * 2 if last else (passed, came)
        gone, come = left.entry(), right.entry()
        if gone == come:
            passed = came = serial_of(gone)
            left.take(len(gone))
            right.take(len(come))
            continue
        was, comes = serial_of(gone), serial_of(come)
        behind, ahead = was < passed, comes < came
        if behind < ahead or (behind == ahead and was <= comes):
            passed = was
            removed.append(gone)
            left.take(len(gone))
        if ahead < behind or (behind == ahead and comes <= was):
            came = comes
            added.append(come)
            right.take(len(come))
        if len(added) + len(removed) > at_most:
            raise TooManyDifferences
    for rest, found in ((left, removed), (right, added)):
        while rest.has_more():
            entry = rest.entry()
            found.append(entry)
            rest.take(len(entry))
            if len(added) + len(removed) > at_most:
                raise TooManyDifferences
    return _without_both(added, removed)


class _Old:
    """The old list, of which a stretch is in memory; it begins where an entry does."""

    def __init__(self, stream: Readable, size: int) -> None:
        self._stream = stream
        self._unread = size
        self.stretch: bytes = b""

    def has_more(self) -> bool:
        return bool(self.stretch) or self._unread > 0

    def fill(self) -> None:
        """Read on until a whole stretch is in memory, or all that is left of the list.

        Raises:
            UnreadableCrl: when the stream ends inside the list.
        """
        wanted = min(_STRETCH - len(self.stretch), self._unread)
        if wanted > 0:
            octets = self._stream.read(wanted)
            if not octets:
                raise UnreadableCrl("The public CRL ends inside its list.")
            self._unread -= len(octets)
            self.stretch += octets

    def entry(self) -> bytes:
        if len(self.stretch) < _LONGEST:
            self.fill()
        return _first(self.stretch)

    def take(self, octets: int) -> None:
        self.stretch = self.stretch[octets:]


class _New:
    """The new list, all in memory."""

    def __init__(self, data: bytes, listed: slice) -> None:
        self._data = data
        self._at: int = listed.start
        self._end: int = listed.stop

    def has_more(self) -> bool:
        return self._at < self._end

    def stretch(self, octets: int) -> bytes:
        return self._data[self._at : min(self._at + octets, self._end)]

    def entry(self) -> bytes:
        return _first(self.stretch(_LONGEST))

    def take(self, octets: int) -> None:
        self._at += octets


def _skip_equal(left: _Old, right: _New) -> bytes | None:
    """Move both to the first entry that differs, or that a stretch ends in; None at the end of either.

    The last entry that was passed over is given, or nothing where none was.
    """
    last = b""
    while left.has_more() and right.has_more():
        left.fill()
        here, there = left.stretch, right.stretch(len(left.stretch))
        same = len(here) if here == there else _common(here, there)
        begin, end = _last_entry(here, same)
        last = here[begin:end] or last
        left.take(end)
        right.take(end)
        if (end == 0 or same < len(here)) and left.has_more() and right.has_more():
            return last
    return None


def _common(here: bytes, there: bytes) -> int:
    """How many octets both begin with."""
    low, high = 0, min(len(here), len(there))
    while low < high:
        middle = (low + high + 1) // 2
        if here[low:middle] == there[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _last_entry(stretch: bytes, same: int) -> tuple[int, int]:
    """Where the last entry lies that is within the first *same* octets; twice 0 for none."""
    begin = end = 0
    while end + 2 <= same:
        behind = end + 2 + stretch[end + 1]
        if behind > same:
            break
        begin, end = end, behind
    return begin, end


def _first(octets: bytes) -> bytes:
    return next(entries_of(octets, slice(0, len(octets))))


def _without_both(added: list[bytes], removed: list[bytes]) -> Differences:
    """The differences less the entries on both sides, which come up where the lists are not in the same order."""
    if not (added and removed):
        return Differences(added, removed)
    come, gone = Counter(added), Counter(removed)
    return Differences(list((come - gone).elements()), list((gone - come).elements()))
