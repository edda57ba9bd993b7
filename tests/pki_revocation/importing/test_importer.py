"""The importer: what goes in, with which numbers and journal rows, what is refused, and what a killed run leaves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, select

from pki_revocation import journal
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificates
from pki_revocation.errors import NotFound
from pki_revocation.importing.candidates import RefusalKind
from pki_revocation.importing.importer import BATCH_ROWS, Importer
from pki_revocation.importing.listing import listed
from pki_revocation.model import Channel, Issuer, JournalEntry
from pki_revocation.numbers import parse_number
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, pem, with_serial, write_index


def journal_rows(database: Database, issuer: Issuer) -> list[JournalEntry]:
    """The issuer's whole journal."""
    with database.read() as connection:
        return list(journal.entries_after(connection, issuer.id, 0))


def numbers_of(database: Database) -> dict[int, str | None]:
    """Each registered serial's number."""
    with database.read() as connection:
        return {row.serial: row.number for row in connection.execute(select(certificates))}


def test_live_rows_get_numbers(importer: Importer, database: Database, issuer: Issuer, tmp_path: Path) -> None:
    """Every live row gets a number of its own with right check digits; more than one batch, one audit record each."""
    index = write_index(tmp_path / "index.txt", (index_row(serial) for serial in range(1, 9)))
    done: list[int] = []

    report = importer.run([index], None, done.append)

    assert (report.added, report.numbered, report.revoked, report.expired) == (8, 8, 0, 0)
    assert report.refusals == ()
    numbers = numbers_of(database)
    assert set(numbers) == set(range(1, 9))
    assert len({parse_number(number or "") for number in numbers.values()}) == 8
    assert done == [3, 6, 8]
    with database.read() as connection:
        details = connection.execute(select(audit.c.event, audit.c.detail).order_by(audit.c.sequence)).all()
        assert verify_chain(connection) == 3
    assert {event for event, _ in details} == {"certificates.imported"}
    assert details[0].detail == '{"added":3,"expired":0,"issuer":"issuing","numbered":3,"revoked":0}'
    assert journal_rows(database, issuer) == []


def test_revoked_and_expired_rows_get_none(
    importer: Importer, database: Database, issuer: Issuer, clock: FakeClock, tmp_path: Path
) -> None:
    """Revocations come in with their own dates and the present as the moment of recording; no number for either."""
    index = write_index(
        tmp_path / "index.txt",
        [
            index_row(1),
            index_row(2, "260102030405Z,superseded"),
            index_row(3, "260202030405Z,keyTime,20251224120000Z"),
            index_row(4, status="E", expiry="250101000000Z"),
            index_row(5, expiry="250101000000Z"),
            index_row(6, "240102030405Z", expiry="250101000000Z"),
        ],
    )

    report = importer.run([index])

    assert (report.added, report.numbered, report.revoked, report.expired) == (6, 1, 3, 2)
    assert [serial for serial, number in numbers_of(database).items() if number] == [1]
    entries = journal_rows(database, issuer)
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert [entry.serial for entry in entries] == [2, 3, 6]
    assert {entry.recorded_at for entry in entries} == {clock.now()}
    assert {entry.channel for entry in entries} == {Channel.IMPORT}
    assert entries[0].revocation_date == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [entry.reason for entry in entries] == [
        RevocationReason.SUPERSEDED,
        RevocationReason.KEY_COMPROMISE,
        RevocationReason.UNSPECIFIED,
    ]
    assert entries[1].invalidity_date == datetime(2025, 12, 24, 12, tzinfo=UTC)


def test_audit_record_is_tied_to_the_journal(
    importer: Importer, database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    """A batch's record names its first and last sequence, and the digest of the rows between."""
    index = write_index(tmp_path / "index.txt", [index_row(place, "260102030405Z") for place in (1, 2)])

    importer.run([index])

    entries = journal_rows(database, issuer)
    with database.read() as connection:
        detail = connection.execute(select(audit.c.detail)).scalar_one()
    assert '"first_sequence":1' in detail
    assert '"last_sequence":2' in detail
    assert f'"journal_sha256":"{journal.digest_of(entries)}"' in detail


def test_rest_goes_in_when_some_is_refused(
    importer: Importer,
    database: Database,
    authority: CertificateAuthority,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """Files and rows that cannot be are refused one by one, with file and reason; everything else is registered."""
    good, later = authority.issue("Zorg BV", clock.now()), authority.issue("Later", clock.now())
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "a.pem").write_bytes(pem(good, good))
    (folder / "b.der").write_bytes(later.public_bytes(Encoding.DER))
    (folder / "c.pem").write_bytes(pem(CertificateAuthority("Vreemd").issue("X", clock.now())))
    (folder / "d.pem").write_bytes(pem(CertificateAuthority("Demo Zorgverzekeraars CA").issue("X", clock.now())))
    (folder / "e.der").write_bytes(with_serial(authority, good, b"\x7f" * 65))
    (folder / "f.bin").write_bytes(b"\0\1\2")
    (folder / "index.txt").write_text(
        index_row(7) + "broken\n" + index_row(8, "261124000000Z") + index_row(0) + index_row(1 << 511)
    )

    report = importer.run([folder, tmp_path / "missing"])

    assert report.added == report.numbered == 4
    assert report.agreed == 1
    assert set(numbers_of(database)) == {good.serial_number, later.serial_number, 7, 0}
    assert report.refused == {
        RefusalKind.BROKEN: 3,
        RefusalKind.DATE: 1,
        RefusalKind.SERIAL: 2,
        RefusalKind.ISSUER: 1,
        RefusalKind.SIGNATURE: 1,
    }
    text = report.text()
    for line in (
        f"{folder}/index.txt, line 2: It has 1 tab-separated columns",
        f"{folder}/index.txt, line 3: Its revocation date 2026-11-24T00:00:00Z lies in the future.",
        f"{folder}/index.txt, line 4: Its serial 00 is zero (RFC 5280 section 4.1.2.2)",
        f"{folder}/index.txt, line 5: Its serial takes over 64 octets",
        f"{folder}/c.pem, certificate 1: Its issuer 'CN=Vreemd,C=NL' is not registered",
        f"{folder}/d.pem, certificate 1: Its signature is not verified by the key of 'issuing'.",
        f"{folder}/e.der, certificate 1: Its serial takes over 64 octets",
        f"{folder}/f.bin: It is neither PEM, DER",
        f"{tmp_path}/missing: There is no such file.",
    ):
        assert line in text


def test_second_import_adds_only_what_is_new(
    importer: Importer, database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    """What is registered keeps its number and its revocation; the new rows between are registered."""
    old = [index_row(serial, "260102030405Z" if serial % 2 else "") for serial in range(1, 6)]
    importer.run([write_index(tmp_path / "index.txt", old)])
    before = numbers_of(database)

    report = importer.run(
        [write_index(tmp_path / "index.txt", [*old[:2], index_row(6), index_row(7, "260102030405Z"), *old[2:]])]
    )

    assert (report.added, report.numbered, report.revoked) == (2, 1, 1)
    assert (report.agreed, report.refused) == (5, {})
    assert {serial: number for serial, number in numbers_of(database).items() if serial <= 5} == before
    assert [entry.serial for entry in journal_rows(database, issuer)] == [1, 3, 5, 7]
    with database.read() as connection:
        assert verify_chain(connection) == 4


def test_all_duplicates_write_nothing(importer: Importer, database: Database, tmp_path: Path) -> None:
    """No audit record, no number and no journal row for a batch that adds nothing."""
    index = write_index(tmp_path / "index.txt", [index_row(1), index_row(2)])
    importer.run([index])

    report = importer.run([index])

    assert report.added == 0
    assert (report.agreed, report.refused) == (2, {})
    with database.read() as connection:
        assert verify_chain(connection) == 1
    importer.run([write_index(index, [index_row(3)])])
    assert len(set(numbers_of(database).values())) == 3


def test_later_revocation_of_a_registered_certificate(
    importer: Importer, database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    """An index in which a registered row was revoked since revokes it, with its date; valid again says nothing."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(1)])])

    report = importer.run([write_index(tmp_path / "index.txt", [index_row(1, "260102030405Z"), index_row(1)])])

    (entry,) = journal_rows(database, issuer)
    assert (entry.serial, entry.revocation_date) == (1, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert (report.revoked_since, report.refused) == (1, {})
    assert "1 was registered already as not revoked, and is revoked now." in report.text()
    assert "revoked in one place and valid in another: it is revoked" in report.text()
    assert importer.run([write_index(tmp_path / "index.txt", [index_row(1)])]).agreed == 1
    assert len(journal_rows(database, issuer)) == 1
    with database.read() as connection:
        verify_chain(connection)
        assert verify_journal(connection) == 1


def test_certificates_go_to_their_own_issuers(
    importer: Importer,
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    tmp_path: Path,
    authority: CertificateAuthority,
) -> None:
    """One bundle from two CAs; the same serial under each is no duplicate; index rows go to the issuer named."""
    other = CertificateAuthority("Andere CA")
    with database.write() as connection:
        second = add_issuer(connection, name="other", certificate=other.certificate, is_default=False, clock=clock)
    (tmp_path / "both.pem").write_bytes(
        pem(authority.issue("A", clock.now(), serial=99), other.issue("B", clock.now(), serial=99))
    )
    index = write_index(tmp_path / "index.txt", [index_row(5)])

    report = importer.run([tmp_path / "both.pem", index], "other")

    assert report.added == 3
    with database.read() as connection:
        assert [each.subject for each in listed(connection, issuer, 10)] == ["CN=a.example,O=A,C=NL"]
        assert {each.serial for each in listed(connection, second, 10)} == {99, 5}


def test_certificates_of_the_ca_itself_get_no_number(
    importer: Importer, database: Database, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """Known, and 'good' for relying parties, but nobody gets a letter to revoke a responder or a CA with."""
    _, responder = authority.delegate(clock.now())
    (tmp_path / "a.pem").write_bytes(pem(responder, authority.certificate))
    index = write_index(tmp_path / "index.txt", [index_row(authority.certificate.serial_number + 1)])

    report = importer.run([tmp_path / "a.pem", index])

    assert (report.added, report.numbered, report.expired, report.revoked) == (3, 1, 0, 0)
    assert numbers_of(database)[responder.serial_number] is None
    assert numbers_of(database)[authority.certificate.serial_number] is None


def test_unknown_issuer_name_is_an_error(importer: Importer, tmp_path: Path) -> None:
    """A name that nobody has stops the import before anything is read."""
    with pytest.raises(NotFound, match="no issuer 'elsewhere'"):
        importer.run([tmp_path], "elsewhere")


def test_register_without_issuers_is_an_error(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    """Nothing could be imported at all: the sentence names the command that helps."""
    with pytest.raises(NotFound, match="issuer add"):
        Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([tmp_path])


def test_index_without_a_default_issuer_is_refused(
    database: Database, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """An index does not say whose it is. Certificates beside it do, and yet wait: it may say that they are revoked."""
    with database.write() as connection:
        add_issuer(connection, name="a", certificate=authority.certificate, is_default=False, clock=clock)
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "a.pem").write_bytes(pem(authority.issue("Zorg BV", clock.now())))
    write_index(folder / "index.txt", [index_row(1)])

    report = Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([folder])

    assert report.added == 0
    assert report.refused == {RefusalKind.ISSUER: 1, RefusalKind.BARRED: 1}
    assert "It may be revoked: " in report.text()


def test_failure_loses_one_batch(
    importer: Importer, database: Database, issuer: Issuer, clock: FakeClock, tmp_path: Path
) -> None:
    """What fails in a batch takes back all of that batch, journal and audit with it; those before stay."""
    rows = [index_row(place, "260102030405Z") for place in range(1, 7)]

    def stop(done: int) -> None:
        raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt):
        importer.run([write_index(tmp_path / "index.txt", rows)], None, stop)
    assert len(journal_rows(database, issuer)) == 3

    class BrokenClock(FakeClock):
        """Fails at the fourth look, for the audit record: certificates and journal rows are written by then."""

        looks = 0

        def now(self) -> datetime:
            self.looks += 1
            if self.looks == 4:
                raise RuntimeError("no time")
            return super().now()

    broken_clock = BrokenClock(clock.now())
    broken = Importer(database=database, clock=broken_clock, audit=AuditTrail(broken_clock), batch_rows=3)
    with pytest.raises(RuntimeError):
        broken.run([write_index(tmp_path / "index.txt", rows[3:])])

    assert len(numbers_of(database)) == 3
    assert len(journal_rows(database, issuer)) == 3
    report = importer.run([write_index(tmp_path / "index.txt", rows)])
    assert report.added == 3
    assert (report.agreed, report.refused) == (3, {})
    with database.read() as connection:
        assert verify_chain(connection) == 2


def test_twenty_thousand_rows(database: Database, issuer: Issuer, clock: FakeClock, tmp_path: Path) -> None:
    """A register of real size goes in right: every serial, every number, every revocation, gapless."""
    count = 20_050
    rows = (
        index_row((1 << 126) + place * 7919, "260102030405Z,keyCompromise" if place % 20 == 0 else "")
        for place in range(count)
    )
    index = write_index(tmp_path / "index.txt", rows)

    report = Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([index])

    revoked = len(range(0, count, 20))
    assert (report.added, report.revoked, report.numbered) == (count, revoked, count - revoked)
    with database.read() as connection:
        distinct = connection.execute(select(func.count(certificates.c.number.distinct()))).scalar_one()
        assert verify_chain(connection) == -(-count // BATCH_ROWS)
    assert distinct == count - revoked
    assert [entry.sequence for entry in journal_rows(database, issuer)] == list(range(1, revoked + 1))


def test_clock_that_went_back(
    importer: Importer, database: Database, issuer: Issuer, clock: FakeClock, tmp_path: Path
) -> None:
    """Imported rows are recorded no earlier than the journal's last moment, as every other row."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(1, "260102030405Z")])])
    clock.advance(timedelta(minutes=-1))

    importer.run([write_index(tmp_path / "index.txt", [index_row(2, "260102030405Z")])])

    first, second = journal_rows(database, issuer)
    assert first.recorded_at == second.recorded_at


def test_reasons_that_subscribers_cannot_have(
    importer: Importer,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    tmp_path: Path,
) -> None:
    """BR 7.2.2: revoked without the reason, and said so; a CA certificate among the rows keeps it."""
    of_a_ca = authority.certificate.serial_number
    rows = [
        index_row(of_a_ca, "260102030405Z,CACompromise"),
        index_row(2, "260102030405Z,CACompromise"),
        index_row(3, "260102030405Z,CAkeyTime,20251224120000Z"),
        index_row(4, "260102030405Z,AACompromise"),
        index_row(5, "260102030405Z,superseded"),
    ]
    importer.run([write_index(tmp_path / "before.txt", rows[1:2])])

    report = importer.run([write_index(tmp_path / "index.txt", rows)])

    assert (report.revoked, report.reasons_left_out) == (4, 2)
    assert {entry.serial: entry.reason for entry in journal_rows(database, issuer)} == {
        of_a_ca: RevocationReason.CA_COMPROMISE,
        2: RevocationReason.UNSPECIFIED,
        3: RevocationReason.UNSPECIFIED,
        4: RevocationReason.UNSPECIFIED,
        5: RevocationReason.SUPERSEDED,
    }


def test_revocations_before_1950_are_refused(
    importer: Importer, database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    """No CRL could say them: such a row would stop every later one."""
    rows = [index_row(1, "19491231235959Z"), index_row(2, "500101000000Z")]

    report = importer.run([write_index(tmp_path / "index.txt", rows)])

    assert report.refused == {RefusalKind.DATE: 1}
    assert [entry.serial for entry in journal_rows(database, issuer)] == [2]


def test_index_wins_over_the_bare_certificate_whatever_the_order(
    importer: Importer,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """A CA keeps the certificates of what it revoked: they must not go in as live because they were named first."""
    certificate = authority.issue("Zorg BV", clock.now())
    (tmp_path / "issued").mkdir()
    (tmp_path / "issued" / "1.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    row = f"R\t271123000000Z\t261001000000Z\t{certificate.serial_number:X}\tunknown\t/CN=x\n"
    (tmp_path / "index.txt").write_text(row)

    report = importer.run([tmp_path / "issued", tmp_path / "index.txt"], None)

    assert report.revoked == 1
    assert [entry.serial for entry in journal_rows(database, issuer)] == [certificate.serial_number]
