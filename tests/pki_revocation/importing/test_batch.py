"""A batch: under which locks it is written, what it does when another import was first, and which reasons it keeps."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificates
from pki_revocation.errors import StoreError
from pki_revocation.importing import batch as batch_module
from pki_revocation.importing.batch import BatchWriter
from pki_revocation.importing.candidates import Candidate, PastRevocation, Source
from pki_revocation.importing.new_rows import registered_among
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.certificates import deal_numbers
from tests.fakes import FakeClock
from tests.pki_revocation.importing.waiting import waited_for


@pytest.fixture
def writer(database: Database, clock: FakeClock) -> BatchWriter:
    """A writer on the test's database."""
    return BatchWriter(database=database, clock=clock, audit=AuditTrail(clock))


def candidate(issuer: Issuer, serial: int, reason: RevocationReason | None = None) -> Candidate:
    """A subscriber's certificate; revoked where there is a reason."""
    return Candidate(
        source=Source(Path("index.txt"), "line"),
        place=serial,
        issuer_id=issuer.id,
        serial=serial,
        subject="CN=zorg.example",
        organisation="",
        not_before=None,
        not_after=datetime(2027, 11, 23, tzinfo=UTC),
        revocation=None if reason is None else PastRevocation(datetime(2026, 1, 2, tzinfo=UTC), reason),
    )


def serials_in(database: Database) -> list[int]:
    """What is registered."""
    with database.read() as connection:
        return list(connection.execute(select(certificates.c.serial).order_by(certificates.c.serial)).scalars())


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_batch_waits_for_the_journal(writer: BatchWriter, database: Database, issuer: Issuer) -> None:
    """Also one that brings no revocation: imports of one issuer, and its revocations, stand in one order."""
    written = waited_for(
        database,
        lambda connection: journal.lock_head(connection, issuer.id),
        lambda: writer.write(issuer, [candidate(issuer, 1)]),
    )

    assert written.added == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_numbers_that_two_deal_at_once(database: Database, issuer: Issuer) -> None:
    """The second waits for the first, and begins where that one ended: no number is dealt twice."""
    dealt: list[str] = []

    def deal() -> list[str]:
        with database.write() as connection:
            return deal_numbers(connection, 3)

    others = waited_for(database, lambda connection: dealt.extend(deal_numbers(connection, 3)), deal)

    assert len({*dealt, *others}) == 6


@pytest.mark.parametrize("overtaken", [0, 1, 2])
def test_another_import_registers_the_same(
    writer: BatchWriter, database: Database, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, overtaken: int
) -> None:
    """What is registered between look-up and write is looked up once more; after that, a sentence says what to do."""
    writer.write(issuer, [candidate(issuer, 1)])
    # The moment between look-up and write has no other handle.
    look_up = registered_among
    still_unseen = [True] * overtaken

    def known(connection: Connection, of: Issuer, serials: list[int]) -> set[int]:
        if still_unseen:
            still_unseen.pop()
            return set()
        return look_up(connection, of, serials)

    monkeypatch.setattr(batch_module, "registered_among", known)
    both = [candidate(issuer, 1), candidate(issuer, 2)]

    if overtaken == 2:
        with pytest.raises(StoreError, match="run the import again"):
            writer.write(issuer, both)
        assert serials_in(database) == [1]
    else:
        written = writer.write(issuer, both)
        assert (written.added, written.agreed, written.refusals) == (1, 1, ())
        assert serials_in(database) == [1, 2]


@pytest.mark.parametrize("reason", RevocationReason)
@pytest.mark.parametrize("for_subscriber", [True, False])
def test_reasons_of_cas_and_of_subscribers(
    writer: BatchWriter, database: Database, issuer: Issuer, reason: RevocationReason, *, for_subscriber: bool
) -> None:
    """A subscriber's certificate is revoked without a reason that BR 7.2.2 forbids there; a CA's keeps every one."""
    forbidden = for_subscriber and reason in {RevocationReason.CA_COMPROMISE, RevocationReason.AA_COMPROMISE}

    written = writer.write(issuer, [candidate(issuer, 1, reason)._replace(for_subscriber=for_subscriber)])

    assert (written.revoked, written.reasons_left_out) == (1, int(forbidden))
    with database.read() as connection:
        (entry,) = journal.entries_after(connection, issuer.id, 0)
        detail = connection.execute(select(audit.c.detail)).scalar_one()
    assert entry.reason is (RevocationReason.UNSPECIFIED if forbidden else reason)
    assert entry.revocation_date == datetime(2026, 1, 2, tzinfo=UTC)
    assert ('"reasons_left_out":1' in detail) == forbidden
