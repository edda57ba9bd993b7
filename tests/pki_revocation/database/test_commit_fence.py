"""The commit fence: who dates a revocation is alone, who passes is not, and nobody waits without end."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from pki_revocation.database import commit_fence
from pki_revocation.database.commit_fence import (
    file_fence,
    hold_advisory_fence,
    moment_past_file_fence,
    pass_advisory_fence,
    try_advisory_fence,
)
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError
from pki_revocation.model import Channel
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.postgresql_waits import wait_until_somebody_waits
from tests.subscribers import Subscriber

ISSUER, OTHER = 7, 8


class Timer:
    """Stands for the machine's monotonic clock: only waiting takes time, and a wait for nothing is an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From a second of its own on."""
        self.now, self.waits = 100.0, list[float]()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self._wait)

    def _wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waits.append(seconds)
        self.now += seconds


@contextmanager
def locked(path: Path, kind: int) -> Iterator[None]:
    """As another process holds it."""
    with path.open("w") as stream:
        fcntl.flock(stream, kind | fcntl.LOCK_NB)
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A fence's file beside a database."""
    return tmp_path / "revocation.db-order"


@pytest.mark.parametrize(("kind", "shared_may"), [(fcntl.LOCK_EX, False), (fcntl.LOCK_SH, True)])
def test_who_passes_waits_for_who_dates_and_not_for_others(kind: int, shared_may: bool, path: Path) -> None:  # noqa: FBT001 - a column of the table
    """One alone dates a revocation; any number pass at once."""
    with locked(path, kind):
        with pytest.raises(StoreError), file_fence(path, exclusive=True, seconds=0):
            pass
        if shared_may:
            with file_fence(path, exclusive=False, seconds=0):
                pass
        else:
            with pytest.raises(StoreError), file_fence(path, exclusive=False, seconds=0):
                pass


@pytest.mark.parametrize("exclusive", [True, False])
def test_fence_is_held_inside_and_let_go_behind(exclusive: bool, path: Path) -> None:  # noqa: FBT001 - a parameter
    """Also by one that did not get it, and when an error ends the block."""
    for _ in range(3):
        with pytest.raises(KeyError), file_fence(path, exclusive=exclusive, seconds=0):
            fail_inside(path)
    with locked(path, fcntl.LOCK_EX), pytest.raises(StoreError), file_fence(path, exclusive=exclusive, seconds=0):
        pass
    with locked(path, fcntl.LOCK_EX):
        pass


def fail_inside(path: Path) -> None:
    """See that it is held, and leave by an error."""
    with pytest.raises(BlockingIOError), locked(path, fcntl.LOCK_EX):
        pass
    raise KeyError


def test_who_waits_asks_ever_less_often(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From half a millisecond to twenty, to the very end of its time; then it is one sentence."""
    timer = Timer(monkeypatch)
    with locked(path, fcntl.LOCK_EX):
        waiting = file_fence(path, exclusive=False, seconds=commit_fence.TIMEOUT_SECONDS)
        with pytest.raises(StoreError, match="for 2 seconds") as refused, waiting:
            pass
        assert refused.value.__suppress_context__
    assert timer.waits[:7] == [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.02]
    assert set(timer.waits[7:-1]) == {0.02}
    assert sum(timer.waits) == pytest.approx(2.0)
    assert timer.waits[-1] <= 0.02


def test_time_is_over_when_none_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once more at the very end, and not waited for nothing."""
    timer = Timer(monkeypatch)
    monkeypatch.setattr(commit_fence, "_FIRST_PAUSE", 1)
    monkeypatch.setattr(commit_fence, "_LONGEST_PAUSE", 4)
    with locked(path, fcntl.LOCK_EX), pytest.raises(StoreError), file_fence(path, exclusive=True, seconds=8):
        pass
    assert timer.waits == [1, 2, 4, 1]


def test_who_waits_gets_it_when_it_is_let_go(path: Path) -> None:
    """Soon after."""
    let_go = threading.Event()

    def holds() -> None:
        with locked(path, fcntl.LOCK_EX):
            held.set()
            assert let_go.wait(10)

    held = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(holds)
        assert held.wait(10)
        threading.Timer(0.05, let_go.set).start()
        with file_fence(path, exclusive=True, seconds=10):
            assert let_go.is_set()
        holder.result(10)


def test_moment_is_none_while_a_revocation_is_dated(path: Path, clock: FakeClock) -> None:
    """Without waiting; and whoever asked holds up nobody afterwards."""
    with locked(path, fcntl.LOCK_EX):
        assert moment_past_file_fence(path, clock) is None
    with locked(path, fcntl.LOCK_SH):
        assert moment_past_file_fence(path, clock) == clock.now()
    assert moment_past_file_fence(path, clock) == clock.now()
    with locked(path, fcntl.LOCK_EX):
        pass


def test_no_descriptor_is_left(path: Path, clock: FakeClock) -> None:
    """A responder asks many times a second."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        moment_past_file_fence(path, clock)
        with file_fence(path, exclusive=True, seconds=0):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("of_database", "expected"), [(0o600, 0o600), (0o640, 0o640), (0o664, 0o660), (0o777, 0o660), (None, 0o600)]
)
def test_who_may_write_the_database_may_hold_the_fence(of_database: int | None, expected: int, path: Path) -> None:
    """And nobody else, whatever the umask is; a file that is there is left as it is."""
    if of_database is not None:
        database = path.with_name("revocation.db")
        database.touch()
        database.chmod(of_database)
    umask = os.umask(0)
    try:
        with file_fence(path, exclusive=True, seconds=0):
            assert path.stat().st_mode & 0o7777 == expected
        path.chmod(0o604)
        path.write_text("kept")
        with file_fence(path, exclusive=True, seconds=0):
            assert (path.stat().st_mode & 0o7777, path.read_text()) == (0o604, "kept")
    finally:
        os.umask(umask)


def test_fence_of_a_sqlite_database_lies_beside_it(
    service: RevocationService, subscriber: Subscriber, database: Database
) -> None:
    """Under the name that every process of the installation knows."""
    service.revoke(
        service.authenticate(subscriber.number, subscriber.code),
        RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API),
    )
    if database.is_sqlite:
        assert Path(f"{database.url.database}-order").exists()


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[Database]:
    """A database on the server, with two connections or more."""
    with Database(postgresql_url) as opened:
        yield opened


def test_advisory_fence_is_of_one_issuer_to_the_end_of_the_transaction(postgresql_database: Database) -> None:
    """Under the program's own class of advisory locks, where an administrator sees who holds which."""
    keys = text("SELECT classid, objid, mode FROM pg_locks WHERE locktype = 'advisory'")
    with postgresql_database.write() as holder, postgresql_database.engine.connect() as other:
        hold_advisory_fence(holder, ISSUER)
        assert [tuple(row) for row in holder.execute(keys)] == [(0x504B49, ISSUER, "ExclusiveLock")]
        assert not try_advisory_fence(other, ISSUER)
        assert try_advisory_fence(other, OTHER)
    with postgresql_database.engine.connect() as other:
        assert try_advisory_fence(other, ISSUER)
        assert [tuple(row) for row in other.execute(keys)] == [(0x504B49, ISSUER, "ShareLock")]


def test_who_passes_the_advisory_fence_waits_and_goes_on(postgresql_database: Database) -> None:
    """Its own limit on waiting ends with its transaction, and it holds the fence as any who passes."""
    with ThreadPoolExecutor(1) as pool, closing(postgresql_database.engine.connect()) as passing:

        def passes() -> str:
            with passing.begin():
                pass_advisory_fence(passing, ISSUER)
                assert not may_be_held(postgresql_database)
            return str(passing.execute(text("SHOW lock_timeout")).scalar_one())

        with postgresql_database.write() as holder:
            hold_advisory_fence(holder, ISSUER)
            waiting = pool.submit(passes)
            wait_until_somebody_waits(postgresql_database)
            assert not waiting.done()
        assert waiting.result(10) == "10s"
    assert may_be_held(postgresql_database)


def may_be_held(database: Database) -> bool:
    """Whether somebody could date a revocation now."""
    query = text("SELECT pg_try_advisory_xact_lock(:class, :issuer)")
    with database.engine.connect() as connection:
        return bool(connection.execute(query, {"class": 0x504B49, "issuer": ISSUER}).scalar_one())


def test_nobody_waits_for_the_advisory_fence_without_end(
    postgresql_database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that was stopped holds it for good."""
    monkeypatch.setattr(commit_fence, "TIMEOUT_SECONDS", 0.05)
    with postgresql_database.write() as holder:
        hold_advisory_fence(holder, ISSUER)
        begun = time.monotonic()
        with pytest.raises(StoreError, match="lock timeout"), postgresql_database.read_dated(clock, ISSUER):
            pass
        assert time.monotonic() - begun < 5
