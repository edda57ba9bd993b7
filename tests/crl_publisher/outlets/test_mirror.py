"""A mirror follows the origin, catches up with the newest alone, and holds nothing else up."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crl_publisher.errors import OutletError
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet, Outlet
from crl_publisher.outlets.bringing import OutletSync
from crl_publisher.outlets.keeping import OutletStateWriter
from crl_publisher.outlets.mirror import Mirror
from crl_publisher.outlets.published_files import PublishedFiles
from crl_publisher.outlets.states import OutletState, all_outlet_states
from crl_publisher.published import PublishedCrl
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.outlets.servers import ObjectStore, PutServer
from tests.databases import new_sqlite
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

PATH = "crl/issuing.crl"
CHECK = timedelta(minutes=10)


class Monotonic:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now


@pytest.fixture
def monotonic() -> Monotonic:
    """The mirrors' stopwatch."""
    return Monotonic()


@pytest.fixture
def mirror_of(
    database: Database, clock: FakeClock, root: Path, outlet: DirectoryOutlet, monotonic: Monotonic
) -> Callable[..., Mirror]:
    """Makes a mirror of the origin at an outlet, without jitter."""

    def make(to: Outlet, name: str = "backup", stopwatch: Callable[[], float] = monotonic) -> Mirror:
        return Mirror(
            name=name,
            origin=outlet,
            sync=OutletSync(outlet, to, PublishedFiles(root)),
            record=OutletStateWriter(name, database, clock),
            check=CHECK,
            jitter=lambda: 1.0,
            monotonic=stopwatch,
        )

    return make


@pytest.fixture
def first(issuance: CrlIssuance, issuer: Issuer) -> PublishedCrl:
    """A CRL at the origin, and the certificate."""
    issuance.prepare(issuer)
    return issuance.publish(issuer)


def settle(mirror: Mirror) -> None:
    """Let it do everything that is due now."""
    mirror.scan()
    for is_retry in (False, True):
        while mirror.attend_due(is_retry=is_retry) == 0:
            pass


def state_of(database: Database, path: str = PATH, outlet: str = "backup") -> OutletState:
    """What the record says."""
    with database.read() as connection:
        (found,) = (each for each in all_outlet_states(connection) if (each.outlet, each.path) == (outlet, path))
    return found


@pytest.fixture
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """SQLite alone, but for the test that asks for both."""
    with new_sqlite(tmp_path / "revocation.db") as opened:
        yield opened


def test_everything_is_brought_and_recorded(
    mirror_of: Callable[..., Mirror],
    server: PutServer,
    first: PublishedCrl,
    root: Path,
    database: Database,
    clock: FakeClock,
    issuer: Issuer,
) -> None:
    """CRL and certificate, with their types, and the record says which number is there since when."""
    mirror = mirror_of(server.outlet())

    settle(mirror)

    assert server.files["/files/crl/issuing.crl"] == (root / PATH).read_bytes()
    assert server.types["/files/crl/issuing.crl"] == "application/pkix-crl"
    assert server.files["/files/aia/issuing.cer"] == issuer.certificate_der
    assert server.types["/files/aia/issuing.cer"] == "application/pkix-cert"
    state = state_of(database)
    assert (state.number, state.held_since, state.checked_at) == (first.number, clock.now(), clock.now())
    assert state.failure is None
    assert state_of(database, "aia/issuing.cer").number is None


def test_outlet_that_was_down_gets_the_newest_alone(
    mirror_of: Callable[..., Mirror],
    server: PutServer,
    first: PublishedCrl,
    issuance: CrlIssuance,
    issuer: Issuer,
    database: Database,
    monotonic: Monotonic,
    clock: FakeClock,
) -> None:
    """Three publications later there is one upload, after a pause that doubled each time; the alarm says why."""
    mirror = mirror_of(server.outlet())
    settle(mirror)
    before = server.puts
    server.status = 507
    pauses = []
    for _ in range(3):
        clock.advance(timedelta(seconds=10))
        newest = issuance.publish(issuer).number
        monotonic.now += 1000
        settle(mirror)
        failed = state_of(database)
        assert failed.next_attempt_at is not None
        pauses.append((failed.next_attempt_at - clock.now()).total_seconds())
    assert pauses == [2, 4, 8]
    assert failed.number == first.number
    assert failed.failure is not None
    assert "was answered 507" in failed.failure

    server.status = None
    monotonic.now += 7
    settle(mirror)
    assert server.puts == before
    monotonic.now += 2
    settle(mirror)

    assert server.puts == before + 1
    state = state_of(database)
    assert (state.number, state.failures, state.held_since) == (newest, 0, clock.now())
    # What went wrong last is still told.
    assert state.failure == failed.failure


def test_what_failed_is_tried_by_a_thread_of_its_own(
    mirror_of: Callable[..., Mirror], server: PutServer, first: PublishedCrl, database: Database, monotonic: Monotonic
) -> None:
    """However many paths hang time and again, the threads for all others have nothing to do with them."""
    server.status = 500
    mirror = mirror_of(server.outlet())
    settle(mirror)
    monotonic.now += 100

    assert mirror.attend_due(is_retry=False) > 0
    assert state_of(database).failures == 1
    assert mirror.attend_due(is_retry=True) == 0


def test_pause_is_never_longer_than_five_minutes(
    mirror_of: Callable[..., Mirror], server: PutServer, first: PublishedCrl, database: Database, monotonic: Monotonic
) -> None:
    """However often it failed: an outlet that is back after a day is found within five minutes."""
    server.status = 500
    mirror = mirror_of(server.outlet())
    for _ in range(12):
        settle(mirror)
        monotonic.now += 300.1

    assert state_of(database).failures == 12


def test_what_somebody_changed_is_put_right_at_the_next_check(
    mirror_of: Callable[..., Mirror], server: PutServer, first: PublishedCrl, root: Path, monotonic: Monotonic
) -> None:
    """Rubbish and an older version alike, without any publication."""
    mirror = mirror_of(server.outlet())
    settle(mirror)
    server.files["/files/crl/issuing.crl"] = b"rubbish"
    settle(mirror)
    assert server.files["/files/crl/issuing.crl"] == b"rubbish"

    monotonic.now += CHECK.total_seconds()
    settle(mirror)

    assert server.files["/files/crl/issuing.crl"] == (root / PATH).read_bytes()


def test_newer_crl_at_the_outlet_stays_and_is_told(
    mirror_of: Callable[..., Mirror],
    server: PutServer,
    first: PublishedCrl,
    issuance: CrlIssuance,
    issuer: Issuer,
    root: Path,
    database: Database,
) -> None:
    """As after the origin's folder came from an old backup: nothing old goes out, and that is an alarm."""
    old = (root / PATH).read_bytes()
    newer = issuance.publish(issuer)
    mirror = mirror_of(server.outlet())
    settle(mirror)
    (root / PATH).write_bytes(old)

    settle(mirror)

    assert hashlib.sha256(server.files["/files/crl/issuing.crl"]).hexdigest() == newer.sha256
    state = state_of(database)
    assert state.failure is not None
    assert f"holds CRL number {newer.number} already" in state.failure


def test_forged_number_keeps_nothing_away(
    mirror_of: Callable[..., Mirror], server: PutServer, first: PublishedCrl, root: Path
) -> None:
    """A CRL of another CA with the highest of numbers is rubbish, and is replaced."""
    from tests.crl_publisher.crl.test_frame import crl  # noqa: PLC0415 - its key and name are another CA's

    server.files["/files/crl/issuing.crl"] = crl(number=2**159 - 1)

    settle(mirror_of(server.outlet()))

    assert server.files["/files/crl/issuing.crl"] == (root / PATH).read_bytes()


def test_server_that_takes_and_drops_is_found_out(
    mirror_of: Callable[..., Mirror], root: Path, first: PublishedCrl, database: Database, tmp_path: Path
) -> None:
    """201 is no proof: what is there afterwards is."""

    class Forgetful(DirectoryOutlet):
        def replace(self, path: str, crl: bytes, **_: object) -> None:
            """Take it, and forget it."""

    settle(mirror_of(Forgetful(tmp_path / "forgetful")))

    failure = state_of(database).failure
    assert failure is not None
    assert "something else is there" in failure


def test_restarted_mirror_checks_everything(
    mirror_of: Callable[..., Mirror],
    server: PutServer,
    first: PublishedCrl,
    root: Path,
    database: Database,
    clock: FakeClock,
) -> None:
    """The record of an earlier process is not believed; what stayed the same keeps its 'since'."""
    settle(mirror_of(server.outlet()))
    since = clock.now()
    clock.advance(timedelta(hours=1))
    settle(mirror_of(server.outlet()))
    assert state_of(database).held_since == since
    assert state_of(database).checked_at == clock.now()
    del server.files["/files/crl/issuing.crl"]

    settle(mirror_of(server.outlet()))

    assert server.files["/files/crl/issuing.crl"] == (root / PATH).read_bytes()


class Hanging(DirectoryOutlet):
    """An outlet of which one path hangs."""

    def __init__(self, root: Path, path: str, released: threading.Event) -> None:
        super().__init__(root)
        self._path = path
        self._released = released

    def sha256(self, path: str) -> bytes | None:
        """Hang, and fail in the end."""
        if path == self._path:
            self._released.wait(30)
            raise OutletError("It hung.")
        return super().sha256(path)


def test_what_hangs_holds_nothing_up(
    mirror_of: Callable[..., Mirror],
    tmp_path: Path,
    root: Path,
    first: PublishedCrl,
    issuance: CrlIssuance,
    issuer: Issuer,
    outlet: DirectoryOutlet,
) -> None:
    """Not the publisher, not another outlet, and not another CRL at the same one."""
    released, stop = threading.Event(), threading.Event()
    hanging = mirror_of(Hanging(tmp_path / "hanging", PATH, released), "hanging", time.monotonic)
    healthy = mirror_of(DirectoryOutlet(tmp_path / "healthy"), "healthy", time.monotonic)
    threads = [thread for each in (hanging, healthy) for thread in each.start(stop, lambda: True)]
    try:
        newest = issuance.publish(issuer)
        for each in (hanging, healthy):
            each.wake()
        wait_until(lambda: (DirectoryOutlet(tmp_path / "healthy").sha256(PATH) or b"").hex() == newest.sha256)
        wait_until((tmp_path / "hanging/aia/issuing.cer").exists)
        outlet.put("crl/issuing-delta.crl", (root / PATH).read_bytes())
        wait_until((tmp_path / "hanging/crl/issuing-delta.crl").exists)
        assert not (tmp_path / "hanging" / PATH).exists()
    finally:
        released.set()
        stop.set()
        for each in (hanging, healthy):
            each.wake()
        for thread in threads:
            thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_who_does_not_publish_writes_nothing(
    mirror_of: Callable[..., Mirror], tmp_path: Path, first: PublishedCrl
) -> None:
    """A publisher that waits for the lease leaves the outlets to the one that has it, and begins when it gets it."""
    stop, allowed = threading.Event(), threading.Event()
    mirror = mirror_of(DirectoryOutlet(tmp_path / "backup"), "backup", time.monotonic)
    threads = mirror.start(stop, allowed.is_set)
    try:
        mirror.wake()
        time.sleep(0.2)
        assert not (tmp_path / "backup").exists()
        allowed.set()
        mirror.wake()
        wait_until((tmp_path / "backup" / PATH).exists)
    finally:
        stop.set()
        mirror.wake()
        for thread in threads:
            thread.join(10)


def test_store_that_answers_500_for_a_minute(
    mirror_of: Callable[..., Mirror],
    store: ObjectStore,
    first: PublishedCrl,
    issuance: CrlIssuance,
    issuer: Issuer,
    database: Database,
    monotonic: Monotonic,
    clock: FakeClock,
    authority: CertificateAuthority,
) -> None:
    """Publishing goes on, the bucket keeps its last CRL, and within a pause of the minute's end it has the newest."""
    mirror = mirror_of(store.outlet())
    settle(mirror)
    store.broken.touch()
    for _ in range(60):
        monotonic.now += 1
        clock.advance(timedelta(seconds=1))
        newest = issuance.publish(issuer)
        settle(mirror)
    failed = state_of(database)
    assert failed.failures == 5
    assert failed.failure is not None
    assert "500 Internal Server Error" in failed.failure
    assert "\n" not in failed.failure
    store.broken.unlink()
    assert (store.outlet().sha256(PATH) or b"").hex() == first.sha256

    monotonic.now += 32
    settle(mirror)

    assert (store.outlet().sha256(PATH) or b"").hex() == newest.sha256
    assert state_of(database).failures == 0
