"""Bulk insertion stores exactly what every other writer of the table stores, on both databases."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from crl_publisher.bench.register import add_revoked
from crl_publisher.entry_store.store import EntryStore
from pki_revocation.audit import AuditTrail
from pki_revocation.database.bulk import RowExists, bulk_insert, bulk_replace
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crl_entries
from pki_revocation.importing.batch import BatchWriter, Written
from pki_revocation.journal import append, lock_head
from pki_revocation.model import Issuer
from pki_revocation.register.letter_recipients import add_recipients
from pki_revocation.register.live_codes import store_codes
from pki_revocation.subscribers import contacts
from tests.fakes import FakeClock

COLUMNS = (
    "issuer_id",
    "serial",
    "subject",
    "organisation",
    "not_before",
    "not_after",
    "number",
    "der",
    "imported_at",
)
NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
FAR = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
# Text with everything in it that COPY's text format gives a meaning.
SUBJECT = 'CN=\\N,O="a\tb"\\n, \\\\.é😀'


def rows(issuer: Issuer, *serials: int) -> list[tuple[object, ...]]:
    """Rows of certificates, odd in every column."""
    return [
        (issuer.id, serial, SUBJECT, "", None, FAR, f"{place:012d}" if place else None, b"\0\x80\n\\", NOW)
        for place, serial in enumerate(serials)
    ]


def test_same_as_an_ordinary_insert(database: Database, issuer: Issuer) -> None:
    """Serials of 20 octets, absent values, far dates, and octets and text of all kinds come back as they went in."""
    ordinary, bulk = rows(issuer, 1 << 158, 5), rows(issuer, (1 << 158) + 1, 6)
    bulk = [(*row[:6], "9" * 12 if row[6] else None, *row[7:]) for row in bulk]
    with database.write() as connection:
        connection.execute(insert(certificates), [dict(zip(COLUMNS, row, strict=True)) for row in ordinary])
        bulk_insert(connection, certificates, COLUMNS, iter(bulk))

    with database.read() as connection:
        columns = [certificates.c[name] for name in COLUMNS]
        found = {tuple(row) for row in connection.execute(select(*columns))}
    assert found == {*ordinary, *bulk}


def test_row_that_exists_takes_all_back(database: Database, issuer: Issuer) -> None:
    """One serial that is there already: nothing of the transaction stays, and the caller is told."""
    with database.write() as connection:
        bulk_insert(connection, certificates, COLUMNS, rows(issuer, 2))

    with pytest.raises(RowExists), database.write() as connection:
        bulk_insert(connection, certificates, COLUMNS, rows(issuer, 1, 2, 3))

    with database.read() as connection:
        assert connection.execute(select(certificates.c.serial)).scalars().all() == [2]


def test_replacing_takes_the_place_of_the_same_key(database: Database, issuer: Issuer) -> None:
    """A row with a key that is there replaces it whole, and one with a new key is added."""
    columns = ("issuer_id", "shard", "serial", "is_ca", "encoding_version", "not_after", "entry")
    with database.write() as connection:
        bulk_replace(
            connection,
            crl_entries,
            columns,
            [(issuer.id, 0, 1, False, 1, NOW, b"a"), (issuer.id, 0, 2, True, 1, NOW, b"b")],
        )
    with database.write() as connection:
        bulk_replace(
            connection,
            crl_entries,
            columns,
            [(issuer.id, 0, 2, False, 2, FAR, b"c"), (issuer.id, 1, 2, True, 1, NOW, b"d")],
        )

    with database.read() as connection:
        found = {tuple(row) for row in connection.execute(select(*(crl_entries.c[name] for name in columns)))}
    assert found == {
        (issuer.id, 0, 1, False, 1, NOW, b"a"),
        (issuer.id, 0, 2, False, 2, FAR, b"c"),
        (issuer.id, 1, 2, True, 1, NOW, b"d"),
    }


@pytest.mark.parametrize("insert_rows", [bulk_insert, bulk_replace])
def test_no_rows_are_no_error(database: Database, issuer: Issuer, insert_rows: Callable[..., None]) -> None:
    """Nothing is written, whatever kind of nothing it is, and the transaction goes on."""
    nothings: tuple[Iterable[tuple[object, ...]], ...] = ([], (), iter(()), filter(None, ()))
    with database.write() as connection:
        for nothing in nothings:
            insert_rows(connection, certificates, COLUMNS, nothing)
        bulk_insert(connection, certificates, COLUMNS, rows(issuer, 7))

    with database.read() as connection:
        assert connection.execute(select(certificates.c.serial)).scalars().all() == [7]


def test_every_caller_may_have_no_rows(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """An empty batch of an import, no new rows of the journal, nothing to apply, and a benchmark of none."""
    writer = BatchWriter(database=database, clock=clock, audit=AuditTrail(clock))
    assert writer.write(issuer, []) == Written()
    with database.write() as connection:
        head = lock_head(connection, issuer.id)
        assert append(connection, head, [], clock.now()) == ()
        add_recipients(connection, [])
        contacts.add(connection, [])
        store_codes(connection, [], pepper_id="0" * 16, clock=clock)
    assert EntryStore(database).apply(issuer) == 0
    assert EntryStore(database).rebuild(issuer) == 0
    assert add_revoked(database, issuer, clock, 0, random.Random(0)) == []  # noqa: S311 - no secret
