"""Signed answers that the workers of one service have in common, so that one question has one answer and one ETag.

It is worth its lines where there are several workers (`make bench-ocsp ROWS=workers`): with two of them a question has
one answer instead of two, so that a cache's conditional GET gets its 304 from either; and with RSA-3072 signing takes
1.4 times what one worker's takes, where it took 2.4 times.

A file in memory with places of one size. What an answer says is its key, and when it was signed is not: an answer is
found by a worker that is about to sign the same, and one that has become wrong is not asked for any more, so that
nothing here ever has to be dropped. No worker waits for another: a reader takes what has its checksum, and a writer
that finds another one writing for longer than that takes keeps its answer to itself.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Self

from ocsp_responder.signing.response import Validity
from pki_revocation.clock import Clock

# Where the parent of several workers says that the file is.
SHARED_VARIABLE = "PKI_REVOCATION_SHARED_ANSWERS"
_MAGIC = b"OCSP answers 1  "
_HEAD = struct.Struct(f">{len(_MAGIC)}sII")
# Key, from when, to when, until when it may be kept, the length of what follows, and the checksum of all of it.
_PLACE = struct.Struct(">32sqqqI16s")
_KEY_OCTETS, _CHECK_OCTETS = 32, 16
# So many places can hold one key: the oldest answer goes.
_WAYS = 4
_ROUND_OCTETS = 256
_APART = timedelta(seconds=2)
# Writing takes some microseconds; a worker that takes longer has been stopped.
_TRIES, _THREAD_SECONDS = 100, 0.001


class SharedAnswer(NamedTuple):
    """An answer's octets, and how long they count."""

    der: bytes
    validity: Validity


class _Place(NamedTuple):
    """A place of the file: times in Unix seconds."""

    key: bytes
    this_update: int
    next_update: int
    refresh_at: int
    octets: bytes


class SharedAnswerCache:
    """One worker's view of the file."""

    def __init__(self, file: Path, clock: Clock) -> None:
        """Open a file that `make` made; *clock* says whether another worker's answer is dated ahead.

        Raises:
            OSError: when it cannot be opened.
            ValueError: when it is another file.
        """
        self._descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        magic, self._octets, self._rows = _HEAD.unpack(os.pread(self._descriptor, _HEAD.size, 0))
        if magic != _MAGIC:
            raise ValueError(f"{file} holds no answers")
        self._map = mmap.mmap(self._descriptor, 0)
        # The file's lock keeps processes apart, and this one threads.
        self._threads = threading.Lock()
        self._clock = clock

    @staticmethod
    def make(file: Path, *, octets: int, longest: int) -> None:
        """Make the file, and have its room reserved.

        Args:
            file: what is to be made.
            octets: how large, roughly.
            longest: of an answer.

        Raises:
            OSError: when there is no room.
        """
        place = -(-(_PLACE.size + longest) // _ROUND_OCTETS) * _ROUND_OCTETS
        rows = max(1, octets // (place * _WAYS))
        # Not a durable file: it ends with the process that makes it, and is written where it lies.
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # A hole in the file would be found missing where it is written to, which ends the process.
            os.posix_fallocate(descriptor, 0, _ROUND_OCTETS + rows * _WAYS * place)
            os.pwrite(descriptor, _HEAD.pack(_MAGIC, place, rows), 0)
        finally:
            os.close(descriptor)

    @staticmethod
    def key(*said: object) -> bytes:
        """The key of an answer with these contents: SHA-256 over their `repr`, which must tell them apart."""
        return hashlib.sha256(repr(said).encode()).digest()

    def find(self, key: bytes, moment: datetime) -> SharedAnswer | None:
        """The answer that a worker has signed under this key and that counts at this moment, or None."""
        seconds = int(moment.timestamp())
        for at in self._places(key):
            if self._map[at : at + _KEY_OCTETS] == key:
                found = self._read(at)
                # Once more: between the two looks the place may have been given to another answer, whole and right.
                if found is not None and found.key == key and found.this_update <= seconds < found.refresh_at:
                    return SharedAnswer(found.octets, _validity(found.this_update, found.next_update, found.refresh_at))
        return None

    def share(self, key: bytes, der: bytes, validity: Validity) -> SharedAnswer:
        """Share an answer with the other workers; give the answer to send, which may be another worker's.

        That may be dated a little later than this one, and never after the present: an answer that was made before the
        clock was set back lies in the future.
        """
        own = SharedAnswer(der, validity)
        if _PLACE.size + len(der) > self._octets:
            return own
        with self._alone() as alone:
            if alone:
                # Another worker's second may have begun since this one was dated.
                earlier = self.find(key, min(validity.this_update + _APART, self._clock.now()))
                if earlier is not None:
                    return earlier
                self._write(min(self._places(key), key=self._age), key, own)
        return own

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        """Give itself; leaving closes it."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Let go of the file."""
        self.close()

    def _places(self, key: bytes) -> range:
        row = int.from_bytes(key[:8]) % self._rows
        begin = _ROUND_OCTETS + row * _WAYS * self._octets
        return range(begin, begin + _WAYS * self._octets, self._octets)

    def _read(self, at: int) -> _Place | None:
        """What a place holds; None if it is not whole."""
        place = self._map[at : at + self._octets]
        key, this_update, next_update, refresh_at, length, check = _PLACE.unpack_from(place)
        octets = place[_PLACE.size : _PLACE.size + length]
        if _checked(key, this_update, next_update, refresh_at, octets) != check:
            return None
        return _Place(key, this_update, next_update, refresh_at, octets)

    def _write(self, at: int, key: bytes, answer: SharedAnswer) -> None:
        moments = (answer.validity.this_update, answer.validity.next_update, answer.validity.refresh_at)
        this_update, next_update, refresh_at = (int(each.timestamp()) for each in moments)
        check = _checked(key, this_update, next_update, refresh_at, answer.der)
        place = _PLACE.pack(key, this_update, next_update, refresh_at, len(answer.der), check) + answer.der
        self._map[at : at + len(place)] = place

    def _age(self, at: int) -> int:
        """The thisUpdate of a place's answer in Unix seconds; 0 for one that is not whole."""
        found = self._read(at)
        return 0 if found is None else found.this_update

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other worker writes now; none can until the block ends."""
        if not self._threads.acquire(timeout=_THREAD_SECONDS):
            yield False
            return
        try:
            alone = any(self._locked() for _ in range(_TRIES))
            try:
                yield alone
            finally:
                if alone:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def _locked(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _checked(key: bytes, this_update: int, next_update: int, refresh_at: int, octets: bytes) -> bytes:
    head = struct.pack(">32sqqq", key, this_update, next_update, refresh_at)
    return hashlib.blake2b(head + octets, digest_size=_CHECK_OCTETS).digest()


def _validity(this_update: int, next_update: int, refresh_at: int) -> Validity:
    return Validity(
        this_update=datetime.fromtimestamp(this_update, UTC),
        next_update=datetime.fromtimestamp(next_update, UTC),
        refresh_at=datetime.fromtimestamp(refresh_at, UTC),
    )
