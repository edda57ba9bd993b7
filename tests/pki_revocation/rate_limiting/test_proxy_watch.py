"""A proxy that does not say where requests come from is seen, said once in the log, and known to `doctor`."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pki_revocation.cli.doctor import examine
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import CONFIG_NAME, Installation
from pki_revocation.database.engine import Database
from pki_revocation.rate_limiting.client_address import TrustedProxies
from pki_revocation.rate_limiting.proxy_sightings import (
    ProxySighting,
    ProxyTrouble,
    recent_sightings,
    record_sighting,
)
from pki_revocation.rate_limiting.proxy_watch import ProxyWatch
from tests.fakes import FakeClock

PROXY = "10.1.0.4"
DAY = timedelta(days=1)


def at_once(act: Callable[[], None]) -> None:
    """The writing is done before the request is answered."""
    act()


class Watching:
    """A watch as one process has it, and what it wrote."""

    def __init__(self, database: Database, clock: FakeClock, trusted: str = "") -> None:
        """It trusts the proxies of *trusted*."""
        self.seconds = 0.0
        self._database, self._clock = database, clock
        self.watch = ProxyWatch(
            proxies=TrustedProxies.from_text(trusted),
            database=database,
            clock=clock,
            start=at_once,
            monotonic=lambda: self.seconds,
        )

    def seen(self) -> list[tuple[str, str]]:
        """Addresses and what is wrong with each."""
        with self._database.read() as connection:
            return [(each.address, each.trouble.value) for each in recent_sightings(connection, self._clock.now())]


def test_a_near_proxy_that_is_not_named(database: Database, clock: FakeClock) -> None:
    """Told by its address, loopback or private, and by a header that browsers do not write.

    Anybody may write the header: from the outside it says nothing of a proxy.
    """
    near = ["127.0.0.1", "::1", PROXY, "172.16.3.4", "192.168.1.1", "fd00::5", "::ffff:10.1.0.9"]
    watching = Watching(database, clock)
    for peer in (*near, "93.184.216.34", "2a00:1450::1", "::ffff:93.184.216.34", "", "unix"):
        watching.watch.saw_request(peer, has_proxy_header=False)
        assert watching.seen() == []
    for peer in ("93.184.216.34", "2a00:1450::1", "::ffff:93.184.216.34", "", "unix"):
        watching.watch.saw_request(peer, has_proxy_header=True)
    assert watching.seen() == []
    for peer in near:
        watching.watch.saw_request(peer, has_proxy_header=True)

    assert watching.seen() == sorted((peer.removeprefix("::ffff:"), "unnamed") for peer in near)


def test_a_named_proxy_is_well_while_it_says_where_from(database: Database, clock: FakeClock) -> None:
    """Silence is noticed where a number and a code are tried; a later word ends it, and later silence is no news."""
    watching = Watching(database, clock, trusted="10.1.0.0/24")
    watching.watch.saw_request(PROXY, has_proxy_header=True)
    watching.watch.saw_request(PROXY, has_proxy_header=False)
    assert watching.seen() == []

    watching.watch.saw_attempt(PROXY, has_forwarded_for=False)
    assert watching.seen() == [(PROXY, "silent")]
    watching.watch.saw_attempt(PROXY, has_forwarded_for=True)
    assert watching.seen() == []
    watching.watch.saw_attempt(PROXY, has_forwarded_for=False)
    assert watching.seen() == []
    watching.watch.saw_attempt("10.2.0.1", has_forwarded_for=False)
    assert watching.seen() == []


def test_the_log_says_it_once_and_the_row_is_kept_fresh(
    database: Database, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand requests cost one write in an hour; what is older than a day is no news."""
    watching = Watching(database, clock)
    with caplog.at_level(logging.WARNING):
        for hour in range(30):
            watching.seconds = hour * 1800.0
            clock.advance(timedelta(minutes=30))
            for _ in range(10):
                watching.watch.saw_request(PROXY, has_proxy_header=True)

    said = [record.getMessage() for record in caplog.records if "trusted_proxies" in record.getMessage()]
    (line,) = said
    assert line == (
        f"requests come through {PROXY}, which [limits] trusted_proxies does not name (last at 2026-11-23T14:33:22Z), "
        "so that all clients behind it are one source, whose wrong codes keep each other out: name it there if it is "
        "your proxy"
    )
    assert watching.seen() == [(PROXY, "unnamed")]
    clock.advance(DAY + timedelta(hours=1))
    assert watching.seen() == []


def test_many_addresses_make_few_rows(database: Database, clock: FakeClock) -> None:
    """Neither in a process nor in the table, whoever has a whole private network to write from."""
    watching = [Watching(database, clock) for _ in range(5)]
    for place in range(100):
        clock.advance(timedelta(seconds=1))
        watching[place % 5].watch.saw_request(f"10.0.0.{place}", has_proxy_header=True)

    assert len(watching[0].seen()) == 50
    assert ("10.0.0.99", "unnamed") in watching[0].seen()


def test_two_workers_may_see_the_same(database: Database, clock: FakeClock) -> None:
    """The later one counts."""
    for trouble in (ProxyTrouble.UNNAMED, ProxyTrouble.SILENT):
        with database.write() as connection:
            record_sighting(connection, ProxySighting(address=PROXY, trouble=trouble, seen_at=clock.now()))

    assert Watching(database, clock).seen() == [(PROXY, "silent")]


def test_no_request_waits_or_fails_for_it(tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """While the database is away it is tried again, and not for each request."""
    lost = Database(f"sqlite:///{tmp_path}/gone/revocation.db")
    watching = Watching(lost, clock)
    with caplog.at_level(logging.WARNING):
        for second in range(200):
            watching.seconds = float(second)
            watching.watch.saw_request(PROXY, has_proxy_header=True)

    assert sum("is written down later" in record.getMessage() for record in caplog.records) == 4


@pytest.mark.parametrize(
    ("trusted", "trouble", "well", "says"),
    [
        ("", ProxyTrouble.UNNAMED, False, "trusted_proxies does not name"),
        ("10.0.0.0/8", ProxyTrouble.UNNAMED, True, "names 10.0.0.0/8"),
        ("10.0.0.0/8", ProxyTrouble.SILENT, False, "sends no X-Forwarded-For"),
        ("", ProxyTrouble.SILENT, True, "none is named"),
        ("", None, True, "none is named, and none was seen"),
    ],
)
def test_doctor_says_it(
    sqlite_database: Database, tmp_path: Path, trusted: str, trouble: ProxyTrouble | None, *, well: bool, says: str
) -> None:
    """Until the configuration is right: then at once, and not a day later."""
    (tmp_path / CONFIG_NAME).write_text(f'[limits]\ntrusted_proxies = "{trusted}"\n')
    if trouble is not None:
        with sqlite_database.write() as connection:
            seen_at = SystemClock().now()
            record_sighting(connection, ProxySighting(address=PROXY, trouble=trouble, seen_at=seen_at))

    (found,) = [each for each in examine(Installation.open(tmp_path)) if each.check == "proxies"]

    assert found.well is well
    assert says in found.says
