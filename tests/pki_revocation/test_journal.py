"""The journal as its readers see it."""

from datetime import timedelta

import pytest

from pki_revocation import journal
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotFound
from pki_revocation.model import Channel, EntryKind, Issuer, JournalEntry
from pki_revocation.reasons import RevocationReason
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.subscribers import enrol


@pytest.fixture
def serials(
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    request: pytest.FixtureRequest,
) -> list[int]:
    """Five registered certificates."""
    verifier = request.getfixturevalue("verifier")
    return [
        enrol(database, issuer, authority.issue(f"Zorg {place}", clock.now()), clock, verifier).certificate.serial
        for place in range(5)
    ]


def _append(database: Database, issuer: Issuer, clock: FakeClock, *serials: int) -> tuple[JournalEntry, ...]:
    with database.write() as connection:
        head = journal.lock_head(connection, issuer.id)
        new = [
            journal.NewEntry(
                kind=EntryKind.REVOCATION, serial=serial, reason=RevocationReason.SUPERSEDED, channel=Channel.IMPORT
            )
            for serial in serials
        ]
        return journal.append(connection, head, new, journal.moment_under_lock(head, clock))


def test_reader_gets_what_follows_its_last_sequence(
    database: Database, issuer: Issuer, clock: FakeClock, serials: list[int]
) -> None:
    """A consumer that remembers where it was reads the rest, in order, up to a bound where it wants one."""
    first = _append(database, issuer, clock, *serials[:2])
    second = _append(database, issuer, clock, *serials[2:])
    with database.read() as connection:
        assert tuple(journal.entries_after(connection, issuer.id, 0)) == first + second
        assert tuple(journal.entries_after(connection, issuer.id, 2)) == second
        assert tuple(journal.entries_after(connection, issuer.id, 1, through=3)) == (first[1], second[0])
        assert journal.read_head(connection, issuer.id).sequence == 5


def test_head_remembers_the_latest_moment(
    database: Database, issuer: Issuer, clock: FakeClock, serials: list[int]
) -> None:
    """A CRL that was dated under the lock moves the head's time, and later rows are not dated before it."""
    with database.write() as connection:
        head = journal.lock_head(connection, issuer.id)
        later = clock.now() + timedelta(minutes=5)
        journal.move_head(connection, issuer.id, head.sequence, later)

    (entry,) = _append(database, issuer, clock, serials[0])

    assert entry.recorded_at == later


def test_digest_covers_every_field(database: Database, issuer: Issuer, clock: FakeClock, serials: list[int]) -> None:
    """Two rows never have the same digest, and the same row always has."""
    entries = _append(database, issuer, clock, *serials)

    assert len({journal.digest_of([entry]) for entry in entries}) == 5
    assert journal.digest_of(entries) == journal.digest_of(list(entries))


def test_unknown_issuer_has_no_head(database: Database) -> None:
    """Asking for another issuer's journal is an error with a sentence."""
    with database.read() as connection, pytest.raises(NotFound):
        journal.read_head(connection, 99)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"revocation_date": timedelta(seconds=1)}, "after the moment"),
        ({"kind": EntryKind.RAISE}, "raised"),
        ({"invalidity_date": timedelta(0)}, "keyCompromise"),
    ],
)
def test_impossible_rows_cannot_be_made(clock: FakeClock, changes: dict[str, object], says: str) -> None:
    """The value itself refuses a future date, a raise to another reason, and a stray invalidity date."""
    values = {
        "issuer_id": 1,
        "sequence": 1,
        "kind": EntryKind.REVOCATION,
        "serial": 1,
        "recorded_at": clock.now(),
        "revocation_date": clock.now(),
        "reason": RevocationReason.SUPERSEDED,
        "invalidity_date": None,
        "channel": Channel.API,
        "reference": "A",
    } | {key: clock.now() + value if isinstance(value, timedelta) else value for key, value in changes.items()}
    with pytest.raises(ValueError, match=says):
        JournalEntry(**values)  # type: ignore[arg-type] # a table of wrong values
