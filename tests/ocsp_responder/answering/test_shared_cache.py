"""Answers that workers have in common: found by what they say, whole or not at all, and nobody waits."""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ocsp_responder.answering.shared_cache import SharedAnswer, SharedAnswerCache
from ocsp_responder.signing.response import Validity
from tests.fakes import FakeClock

MOMENT = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
KEY = SharedAnswerCache.key("a")
# A clock that lies behind nothing that is shared.
LATER = FakeClock(MOMENT + timedelta(days=1))


def validity(moment: datetime = MOMENT) -> Validity:
    """Twelve hours to be kept, twenty-four to be believed."""
    return Validity(
        this_update=moment, next_update=moment + timedelta(hours=24), refresh_at=moment + timedelta(hours=12)
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """With one row: four places for all keys."""
    made = tmp_path / "answers"
    SharedAnswerCache.make(made, octets=1, longest=1000)
    return made


@pytest.fixture
def pair(file: Path) -> Iterator[tuple[SharedAnswerCache, SharedAnswerCache]]:
    """Two workers' views."""
    with SharedAnswerCache(file, LATER) as one, SharedAnswerCache(file, LATER) as other:
        yield one, other


def test_what_one_has_signed_the_other_finds(pair: tuple[SharedAnswerCache, SharedAnswerCache]) -> None:
    """The same octets with the same validity; under another key there is nothing."""
    one, other = pair
    assert other.find(KEY, MOMENT) is None
    assert one.share(KEY, b"signed", validity()) == (b"signed", validity())

    assert other.find(KEY, MOMENT) == (b"signed", validity())
    assert other.find(SharedAnswerCache.key("b"), MOMENT) is None


@pytest.mark.parametrize(
    ("later", "found"),
    [
        (-timedelta(seconds=1), False),
        (timedelta(), True),
        (timedelta(hours=12) - timedelta(seconds=1), True),
        (timedelta(hours=12), False),
    ],
)
def test_no_answer_before_or_after_its_time(
    pair: tuple[SharedAnswerCache, SharedAnswerCache], later: timedelta, *, found: bool
) -> None:
    """BR 4.9.10: not a second later than it is to be signed anew; RFC 6960 section 4.2.2.1: not from the future."""
    one, other = pair
    one.share(KEY, b"signed", validity())
    assert (other.find(KEY, MOMENT + later) is not None) == found


def test_the_first_of_two_is_everybodys(pair: tuple[SharedAnswerCache, SharedAnswerCache]) -> None:
    """Two workers that sign at the same moment, or a second apart, go on with one answer."""
    one, other = pair
    one.share(KEY, b"first", validity(MOMENT + timedelta(seconds=1)))
    assert other.share(KEY, b"second", validity()).der == b"first"
    # A clock that was set back further leaves answers from the future, which are replaced.
    assert other.share(KEY, b"third", validity(MOMENT - timedelta(hours=1))).der == b"third"


@pytest.mark.parametrize("back", [1, 2, 45, 7200])
def test_answer_from_before_a_clock_was_set_back_is_never_sent_early(file: Path, back: int) -> None:
    """Not in the two seconds either in which another worker's answer may be a little later than one's own.

    It was what dated five answers ahead, 43 seconds after a clock had been set back by 45.
    """
    clock = FakeClock(MOMENT)
    with SharedAnswerCache(file, clock) as one, SharedAnswerCache(file, clock) as other:
        one.share(KEY, b"before", validity(clock.now()))
        clock.advance(-timedelta(seconds=back))
        while clock.now() < MOMENT:
            clock.advance(min(timedelta(seconds=max(1, back // 60)), MOMENT - clock.now()))
            sent = other.share(KEY, b"after", validity(clock.now()))
            assert sent.validity.this_update <= clock.now()


def test_a_full_row_forgets_the_oldest(pair: tuple[SharedAnswerCache, SharedAnswerCache]) -> None:
    """Five answers for four places."""
    one, other = pair
    keys = [SharedAnswerCache.key(place) for place in range(5)]
    for place, key in enumerate(keys):
        one.share(key, b"%d" % place, validity(MOMENT + timedelta(minutes=place)))
    found = [other.find(key, MOMENT + timedelta(hours=1)) for key in keys]
    assert [each and each.der for each in found] == [None, b"1", b"2", b"3", b"4"]


def test_half_an_answer_is_none(file: Path, pair: tuple[SharedAnswerCache, SharedAnswerCache]) -> None:
    """A worker that died while it wrote: whatever octet is wrong, nothing of it is said, and the place is free."""
    one, other = pair
    one.share(KEY, b"signed", validity())
    whole = file.read_bytes()
    begin = whole.index(KEY)
    length = whole.index(b"signed") + len(b"signed") - begin
    for at in range(begin, begin + length):
        with file.open("r+b") as opened:
            opened.seek(at)
            opened.write(bytes([whole[at] ^ 0x41]))
        assert other.find(KEY, MOMENT) is None
        assert one.share(KEY, b"signed", validity()).der == b"signed"
        assert other.find(KEY, MOMENT) == (b"signed", validity())


def test_nobody_waits_for_a_writer(file: Path, pair: tuple[SharedAnswerCache, SharedAnswerCache]) -> None:
    """One that was stopped while it wrote: others use what they signed, and find what is there."""
    one, other = pair
    one.share(KEY, b"signed", validity())
    descriptor = os.open(file, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert other.share(SharedAnswerCache.key("b"), b"own", validity()).der == b"own"
    assert other.find(SharedAnswerCache.key("b"), MOMENT) is None
    assert other.find(KEY, MOMENT) is not None
    os.close(descriptor)
    other.share(SharedAnswerCache.key("b"), b"own", validity())
    assert one.find(SharedAnswerCache.key("b"), MOMENT) is not None


def test_too_long_for_its_place(pair: tuple[SharedAnswerCache, SharedAnswerCache]) -> None:
    """It is its worker's alone."""
    one, other = pair
    assert one.share(KEY, bytes(5000), validity()).der == bytes(5000)
    assert other.find(KEY, MOMENT) is None


def test_threads_and_workers_at_once(file: Path) -> None:
    """Every answer that is found is whole and its key's own, whoever writes meanwhile."""

    def work(seed: int) -> None:
        with SharedAnswerCache(file, LATER) as mine:
            for turn in range(300):
                name = (seed + turn) % 7
                octets = bytes([name]) * 900
                assert mine.share(SharedAnswerCache.key(name), octets, validity()).der == octets
                found = mine.find(SharedAnswerCache.key(name), MOMENT)
                assert found is None or found.der == octets

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, seed) for seed in range(4)]:
            done.result()


def test_place_that_was_given_to_another_answer(
    pair: tuple[SharedAnswerCache, SharedAnswerCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look at its key and the reading of the rest: what is read is whole, and another certificate's."""
    one, other = pair
    one.share(KEY, b"signed", validity())
    read = SharedAnswerCache._read  # noqa: SLF001 - the moment before it is the matter

    def late(cache: SharedAnswerCache, at: int) -> object:
        other._write(at, SharedAnswerCache.key("b"), SharedAnswer(b"other", validity()))  # noqa: SLF001 - as above
        return read(cache, at)

    monkeypatch.setattr(SharedAnswerCache, "_read", late)

    assert one.find(KEY, MOMENT) is None


def test_another_file_is_refused(tmp_path: Path) -> None:
    """And one that is there already is not made anew."""
    other = tmp_path / "other"
    other.write_bytes(bytes(4096))
    with pytest.raises(ValueError, match="holds no answers"):
        SharedAnswerCache(other, LATER)
    with pytest.raises(FileExistsError):
        SharedAnswerCache.make(other, octets=1, longest=10)
