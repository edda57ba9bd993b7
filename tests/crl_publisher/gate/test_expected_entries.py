"""The gate's own encoder: octet for octet what the entry store has, for everything that the journal may hold."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from crl_publisher.gate.expected_entries import EntryOctets, JournalRow, expected_entries, row_of
from crl_publisher.scope import CA, FULL, USERS, Part, Scope
from pki_revocation.database.engine import Database
from pki_revocation.encoding.serials import LIMIT, stored
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.entry_store.test_store import journal_entry
from tests.crl_publisher.plans import plan_of
from tests.crl_publisher.population import Population, encoded_row

MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001 - the zone is put on below
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
OCTETS = EntryOctets()


@given(
    serial=st.integers(-LIMIT, LIMIT - 1) | st.integers(-300, 300),
    revoked=MOMENTS,
    reason=st.sampled_from(RevocationReason),
    invalidity=st.none() | MOMENTS,
)
def test_both_encoders_agree(
    serial: int, revoked: datetime, reason: RevocationReason, invalidity: datetime | None
) -> None:
    """From 1950 to 2099, each reason, with and without an invalidity date, and every serial that has a place here."""
    entry = journal_entry(serial, revoked, reason, invalidity)
    since = None if entry.invalidity_date is None else int(entry.invalidity_date.timestamp())

    assert OCTETS(JournalRow(stored(serial), 1, int(revoked.timestamp()), reason, since)) == encoded_row(entry)


def test_last_row_of_each_serial_counts(database: Database, population: Population) -> None:
    """A raise takes its revocation's place; alone, where the revocation lies before what is asked for."""
    first, second = sorted(population.issue_revoked(2))
    (raised,) = population.revoke(first, reason=RevocationReason.KEY_COMPROMISE)
    plan = plan_of(population, FULL, covers=3)

    with database.read() as connection:
        everything = {row.serial: (row.sequence, octets) for row, octets in expected_entries(connection, plan)}
        after = [octets for _, octets in expected_entries(connection, plan, after=2)]
        before = {row.sequence for row, _ in expected_entries(connection, plan_of(population, FULL, covers=2))}
        last, unknown = row_of(connection, plan, stored(first)), row_of(connection, plan, b"\x42")

    assert everything[stored(first)] == (3, encoded_row(raised))
    assert set(everything) == {stored(first), stored(second)}
    assert after == [encoded_row(raised)]
    assert before == {1, 2}
    assert (last.sequence if last else None, unknown) == (3, None)


def test_each_scope_expects_its_own(database: Database, population: Population) -> None:
    """By the register's word: shards, CA certificates and all others; the complete list has every one of them."""
    plain = population.issue()
    shard = Scope(Part.SHARD, shard=2, url="http://crl.example.nl/crl/issuing/2.crl")
    other = Scope(Part.SHARD, shard=3, url="http://crl.example.nl/crl/issuing/3.crl")
    authority, named = population.issue(is_ca=True), population.issue(shard=2)
    population.revoke(*plain, *authority, *named)

    with database.read() as connection:
        found = {
            scope.name: {row.serial for row, _ in expected_entries(connection, plan_of(population, scope, covers=3))}
            for scope in (FULL, CA, USERS, shard, other)
        }

    assert found == {
        "full": {stored(each) for each in (*plain, *authority, *named)},
        "ca": {stored(each) for each in authority},
        "users": {stored(each) for each in (*plain, *named)},
        "shard-2": {stored(each) for each in named},
        "shard-3": set(),
    }
