"""What tells two lists apart: nothing that differs is passed over, and what is the same is not taken apart."""

from collections import Counter
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crl_publisher.crl import differences as differences_module
from crl_publisher.crl.differences import Differences, TooManyDifferences, differences, entries_of, serial_of
from crl_publisher.errors import UnreadableCrl
from pki_revocation.encoding.der import integer, sequence
from tests.campaign import examples
from tests.crl_publisher.crafted import entry, reason_code
from tests.crl_publisher.entry_store.test_store import FAR, MOMENTS

ENTRIES = st.builds(
    lambda serial, at, reason: entry(serial, at, *([reason_code(reason)] if reason else [])),
    st.integers(1, 40) | st.integers(1, (1 << 159) - 1),
    st.sampled_from([FAR.replace(year=2030), FAR]) | MOMENTS,
    st.sampled_from([0, 1, 4]),
)
# Much alike, in no order, with duplicates: an old list, and what is done to it.
OLD = st.lists(ENTRIES, max_size=60)
CHANGES = st.lists(st.tuples(st.sampled_from(["insert", "remove", "move", "double"]), st.integers(0, 60), ENTRIES))


def compared(old: list[bytes], new: list[bytes], *, at_most: int = 1000) -> Differences:
    """The differences of two lists, the new one inside of something else."""
    before, after = b"".join(old), b"".join(new)
    data = b"front" + after + b"behind"
    return differences(BytesIO(before), len(before), data, slice(5, 5 + len(after)), at_most=at_most)


def changed(old: list[bytes], changes: list[tuple[str, int, bytes]]) -> list[bytes]:
    """The old list after some changes, each at a place."""
    new = list(old)
    for what, where, other in changes:
        place = where % (len(new) + 1)
        if what == "insert":
            new.insert(place, other)
        elif place < len(new):
            taken = new[place] if what == "double" else new.pop(place)
            if what != "remove":
                new.insert(where // 2 % (len(new) + 1), taken)
    return new


@settings(max_examples=examples(300))
@given(old=OLD, changes=CHANGES)
@pytest.mark.parametrize("stretch", [130, 1 << 16])
def test_old_and_added_less_removed_is_new(
    stretch: int, old: list[bytes], changes: list[tuple[str, int, bytes]]
) -> None:
    """As multisets, whatever the order and however often; wherever a stretch ends; and both sides are disjoint."""
    new = changed(old, changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(differences_module, "_STRETCH", stretch)
        found = compared(old, new)

    added, removed = Counter(found.added), Counter(found.removed)
    assert Counter(old) + added - removed == Counter(new)
    assert removed <= Counter(old)
    assert not added & removed


@given(old=OLD, new=OLD)
def test_lists_that_have_nothing_to_do_with_each_other(old: list[bytes], new: list[bytes]) -> None:
    """Then too the sum is right."""
    found = compared(old, new)

    assert Counter(old) + Counter(found.added) - Counter(found.removed) == Counter(new)


def listed(count: int, *, shards: int = 1) -> list[bytes]:
    """Entries in the order of a CRL: by serial in each shard."""
    serials = [range(shard * 10 + 1000, shard * 10 + 1000 + 100 * count, 100) for shard in range(shards)]
    return [entry(serial, FAR) for shard in serials for serial in shard]


@pytest.mark.parametrize("place", [0, 1, 1000, 2500, 2999, 3000])
@pytest.mark.parametrize("change", ["add", "remove", "replace"])
def test_one_change_is_one_difference(place: int, change: str) -> None:
    """At the beginning, inside and at the end: everything else is passed over."""
    old = listed(3000)
    place = min(place, len(old) - (change != "add"))
    other = entry(100 * place + 950, FAR)
    new = [*old[:place], *([] if change == "remove" else [other]), *old[place + (change != "add") :]]

    found = compared(old, new, at_most=2)

    assert found == Differences([] if change == "remove" else [other], [] if change == "add" else [old[place]])


def test_end_of_a_shard_is_no_more_than_any_other_place() -> None:
    """Where a list has several orders one behind the other, what comes or goes at an end stays one difference."""
    old = listed(500, shards=4)
    at_ends = [entry(60_000 + number, FAR) for number in range(3)]
    grown = [*old[:500], *at_ends, *old[500:1500], at_ends[0], *old[1500:]]

    assert compared(old, grown, at_most=4) == Differences([*at_ends, at_ends[0]], [])
    assert compared(grown, old, at_most=4) == Differences([], [*at_ends, at_ends[0]])


def test_too_many_differences_are_not_listed() -> None:
    """Whoever asked looks at everything then."""
    old = listed(100)

    assert len(compared(old, [], at_most=100).removed) == 100
    for before, after in ((old, []), ([], old), (old, old[::2])):
        with pytest.raises(TooManyDifferences):
            compared(before, after, at_most=49)


@pytest.mark.parametrize(
    "broken",
    [b"0", b"0\x00", b"0\x81\x14" + bytes(20), sequence(integer(1)), entry(1, FAR)[:-1], entry(1, FAR) + b"\0"],
)
def test_what_is_no_list_of_entries_is_refused(broken: bytes) -> None:
    """On either side, behind what is right; a comparison with it would mean nothing."""
    good = entry(5, FAR)

    for before, after in (([good, broken], [good]), ([good], [good, broken]), ([broken], [good]), ([good], [broken])):
        with pytest.raises(UnreadableCrl):
            compared(before, after)
    with pytest.raises(UnreadableCrl):
        list(entries_of(good + broken, slice(0, len(good + broken))))


def test_old_list_that_ends_early_is_refused() -> None:
    """The public file was cut off while it was read."""
    old = b"".join(listed(3))

    with pytest.raises(UnreadableCrl, match="ends inside its list"):
        differences(BytesIO(old[:-5]), len(old), old, slice(0, len(old)), at_most=9)


@given(serial=st.integers(1, (1 << 159) - 1))
def test_serial_is_what_the_database_keeps(serial: int) -> None:
    """Its octets without leading zeros, so that the order of entries is that of the database."""
    assert serial_of(entry(serial, FAR)) == serial.to_bytes((serial.bit_length() + 7) // 8)
