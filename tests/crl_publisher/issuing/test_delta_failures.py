"""Deltas when something is odd: clocks, slow outlets, lost records, and what the gate stops."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from crl_publisher.crl.builder import build
from crl_publisher.entry_store.listing import selected_entries
from crl_publisher.entry_store.selection import Selection
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.errors import CrlRejected
from crl_publisher.issuing import issuance as issuance_module
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.scope import FULL
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.crafted import entry
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import crl_at, issuance_of, with_deltas
from tests.fakes import FakeClock

DELTA = FULL.delta
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def issuance(database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet) -> CrlIssuance:
    """Publishes complete CRLs with deltas."""
    return issuance_of(database, clock, one_key, outlet, timings=with_deltas())


class SlowOutlet(DirectoryOutlet):
    """Each file takes a while to be written."""

    def __init__(self, root: Path, clock: FakeClock) -> None:
        """*clock* moves on with each file."""
        super().__init__(root)
        self._clock = clock

    def replace(self, path: str, crl: bytes, *, number: int, number_of: object) -> None:
        """As a folder does, and a minute passes."""
        super().replace(path, crl, number=number, number_of=number_of)  # type: ignore[arg-type] # passed on as it came
        self._clock.advance(MINUTE)


def test_delta_beside_keeps_to_the_complete_crls_time(
    database: Database, clock: FakeClock, one_key: OneKey, root: Path, issuer: Issuer
) -> None:
    """However long the complete one took: both are dated alike, and neither is valid for longer than it may be."""
    slow = issuance_of(database, clock, one_key, SlowOutlet(root, clock), timings=with_deltas(validity=10 * DAY))
    slow.publish(issuer)

    slow.publish(issuer)

    complete, delta = crl_at(root, issuer), crl_at(root, issuer, DELTA)
    assert delta.this_update == complete.this_update
    assert delta.next_update is not None
    assert delta.next_update - delta.this_update < 10 * DAY


def test_clock_that_was_set_back_stops_no_delta(issuance: CrlIssuance, issuer: Issuer, clock: FakeClock) -> None:
    """Like its complete CRL it takes the journal's last moment."""
    issuance.publish(issuer)
    clock.advance(-2 * HOUR)

    issuance.publish(issuer)

    assert issuance.publish_delta(issuer) is not None


def test_number_is_above_a_public_delta_that_the_record_has_lost(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, database: Database, root: Path
) -> None:
    """After a restore no number is used for two CRLs of one scope, also where Unix seconds do not help."""
    first = issuance.publish(issuer)
    for _ in range(5):
        issuance.publish_delta(issuer)
    lost = crl_at(root, issuer, DELTA).number
    assert lost is not None
    with database.write() as connection:
        connection.execute(delete(crls).where(crls.c.number > first.number))

    assert issuance.publish(issuer).number > lost
    assert (crl_at(root, issuer, DELTA).number or 0) > lost


def test_delta_alone_is_above_a_public_complete_crl_that_the_record_has_lost(
    issuance: CrlIssuance, issuer: Issuer, database: Database, root: Path
) -> None:
    """The other way round."""
    first = issuance.publish(issuer)
    for _ in range(5):
        issuance.publish(issuer)
    lost = crl_at(root, issuer).number
    assert lost is not None
    (root / DELTA.path(issuer)).unlink()
    with database.write() as connection:
        connection.execute(delete(crls).where(crls.c.number > first.number))

    made = issuance.publish_delta(issuer)

    assert made is not None
    assert made.number > lost


def test_wrong_entry_stops_a_delta(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    clock: FakeClock,
) -> None:
    """The gate holds deltas against the journal too: one entry less, one more, and one that is not behind the base."""
    (old,) = population.issue_revoked(1)
    issuance.publish(issuer)
    population.issue_revoked(2)
    wrongs = {
        "crl.entry.missing": lambda _: [],
        "crl.entry.unknown": lambda entries: [*entries, entry(0x4444, clock.now())],
        "crl.entry.unknown (old)": lambda entries: [*entries, entry(old, clock.now())],
        "crl.entry.duplicate": lambda entries: entries * 2,
    }
    for expected, change in wrongs.items():
        monkeypatch.setattr(
            issuance_module,
            "build",
            lambda identity, said, entries, spool, change=change: build(identity, said, change(list(entries)), spool),
        )

        with pytest.raises(CrlRejected) as rejected:
            issuance.publish_delta(issuer)

        assert set(rejected.value.counts) == {expected.split()[0]}
    assert not (root / DELTA.path(issuer)).exists()


@pytest.mark.parametrize(
    ("change", "expected"), [({"base_number": 5}, "crl.base-number"), ({"number": 7}, "crl.number.unreserved")]
)
def test_wrong_base_or_number_stops_a_delta(
    change: dict[str, int], expected: str, issuance: CrlIssuance, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Combined with another base it would lose what lies between."""
    issuance.publish(issuer)
    monkeypatch.setattr(
        issuance_module,
        "build",
        lambda identity, said, entries, spool: build(identity, replace(said, **change), entries, spool),
    )

    with pytest.raises(CrlRejected) as rejected:
        issuance.publish_delta(issuer)

    assert expected in rejected.value.counts


def test_raise_behind_what_is_covered_calls_up_no_old_entry(
    database: Database, population: Population, issuer: Issuer
) -> None:
    """It came in after the plan: the old entry says nothing new, and the new one is for the next delta."""
    (serial,) = population.issue_revoked(1)
    EntryStore(database).apply(issuer, through=1)
    population.revoke(serial, reason=RevocationReason.KEY_COMPROMISE)
    selection = Selection(issuer_id=issuer.id, scope=DELTA, covers=1, expired_before=None, listed_through=0, after=1)

    with database.read() as connection:
        assert list(selected_entries(connection, selection)) == []
