"""Lists and certificates make one entry, in either order: status from the list, all else from the certificate."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from pki_revocation import journal
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.database.commit_fence import hold_advisory_fence
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crl_projections, crl_shards, mail_outbox
from pki_revocation.importing.candidates import RefusalKind
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.report import ImportReport
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.crafted_certificates import POISON, TIMESTAMPS, crafted
from tests.pki_revocation.importing.rows import index_row, pem, write_index
from tests.pki_revocation.importing.waiting import waited_for

URL = "http://crl.example.nl/crl/issuing/1.crl"
SERIAL = 0x4711
DATE = "260102030405Z"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shard(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """A shard whose address the certificates name."""
    with database.write() as connection:
        row = {"issuer_id": issuer.id, "shard": 1, "url": URL, "added_at": clock.now()}
        connection.execute(insert(crl_shards).values(row))


def run_apart(importer: Importer, files: list[Path], *, apart: bool) -> list[ImportReport]:
    """All files in one import, or each in one of its own."""
    return [importer.run([file]) for file in files] if apart else [importer.run(files)]


def list_of(folder: Path, form: str, serial: int, *, revoked: bool) -> Path:
    """An index or CSV with one row."""
    if form == "index":
        row = index_row(serial, f"{DATE},superseded" if revoked else "", subject="/CN=x")
        return write_index(folder / f"{serial:x}.txt", [row])
    status = "R,2026-01-02T03:04:05Z,superseded" if revoked else "V,,"
    file = folder / f"{serial:x}.csv"
    header = "serial,subject,not_after,status,revoked_at,reason"
    file.write_text(f"{header}\n0{serial:x},CN=x,2027-01-01T00:00:00Z,{status}\n")
    return file


def test_list_and_certificate_in_either_order(
    importer: Importer,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """The shard and the dates are the certificate's, the revocation is the list's; nothing is refused."""
    ways = itertools.product(("index", "csv"), (True, False), (True, False), (True, False))
    for serial, (form, revoked, turned, apart) in enumerate(ways, start=SERIAL):
        certificate = authority.issue("Zorg BV", clock.now(), serial=serial, crl_url=URL)
        file = tmp_path / f"{serial}.pem"
        file.write_bytes(pem(certificate))
        told = list_of(tmp_path, form, serial, revoked=revoked)

        reports = run_apart(importer, [told, file][:: -1 if turned else 1], apart=apart)

        assert [report.refused for report in reports] == [{} for _ in reports]
        with database.read() as connection:
            row = connection.execute(select(certificates).where(certificates.c.serial == serial)).one()
            entry = journal.latest_entry(connection, issuer.id, serial)
        assert row.der is not None
        assert (row.subject, row.organisation) == ("CN=zorg-bv.example,O=Zorg BV,C=NL", "Zorg BV")
        assert (row.shard, row.not_after) == (1, certificate.not_valid_after_utc)
        assert (entry and (entry.revocation_date, entry.reason)) == (
            (AT, RevocationReason.SUPERSEDED) if revoked else None
        )
        if apart:
            assert reports[1].completed + reports[1].revoked_since + reports[1].agreed == 1
        else:
            assert (reports[0].added, reports[0].agreed) == (1, 1)
        assert importer.run([told, file]).agreed == 2
    with database.read() as connection:
        verify_chain(connection)
        assert verify_journal(connection) == 8


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_revocation_of_what_was_good_is_fenced(
    importer: Importer, database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    """OCSP may just be saying good of it: as every revocation, it is dated behind the fence that such answers pass."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(SERIAL), index_row(1)])])
    index = write_index(tmp_path / "index.txt", [index_row(SERIAL, DATE)])

    report = waited_for(
        database, lambda connection: hold_advisory_fence(connection, issuer.id), lambda: importer.run([index])
    )

    assert report.revoked_since == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_revocation_of_what_was_good_is_no_earlier_than_an_answer(
    importer: Importer, database: Database, issuer: Issuer, clock: FakeClock, tmp_path: Path
) -> None:
    """An answer said good of it, and the clock was set back since: order counts, as with every revocation."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(SERIAL)])])
    clock.advance(timedelta(seconds=5))  # behind all that the journal's head knows of
    with database.read_dated(clock, issuer.id) as (_, answered):
        pass
    clock.advance(timedelta(seconds=-10))

    importer.run([write_index(tmp_path / "index.txt", [index_row(SERIAL, DATE)])])

    with database.read() as connection:
        (entry,) = journal.entries_after(connection, issuer.id, 0)
    assert entry.recorded_at == answered


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_entries_that_a_publisher_makes_are_waited_for(
    importer: Importer, database: Database, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """Otherwise they would be made of the row as it was, and stay where the certificate does not point."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(SERIAL, DATE)])])
    (tmp_path / "a.pem").write_bytes(pem(authority.issue("Zorg BV", clock.now(), serial=SERIAL, crl_url=URL)))

    def publish(connection: Connection) -> None:
        connection.execute(insert(crl_projections).values(issuer_id=1, sequence=0))

    report = waited_for(database, publish, lambda: importer.run([tmp_path / "a.pem"]))

    assert report.completed == 1


def test_subscriber_is_told_when_a_list_revokes_what_was_live(
    importer: Importer, database: Database, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """The number counted until then: its subscriber hears of it by mail, as of every other revocation."""
    (tmp_path / "a.pem").write_bytes(pem(authority.issue("Zorg BV", clock.now(), serial=SERIAL)))
    importer.run([tmp_path / "a.pem"])

    importer.run([write_index(tmp_path / "index.txt", [index_row(SERIAL, DATE)])])

    with database.read() as connection:
        number = connection.scalar(select(certificates.c.number))
        assert connection.execute(select(mail_outbox.c.kind, mail_outbox.c.number)).one() == ("revoked", number)


def test_certificate_gives_a_number_to_what_a_list_called_expired(
    importer: Importer, database: Database, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """The dates are the certificate's: what is live in truth must be revocable by its subscriber."""
    index = write_index(tmp_path / "index.txt", [index_row(SERIAL, status="E", expiry="250101000000Z")])
    assert importer.run([index]).expired == 1
    (tmp_path / "a.pem").write_bytes(pem(authority.issue("Zorg BV", clock.now(), serial=SERIAL)))

    report = importer.run([tmp_path / "a.pem"])

    assert (report.completed, report.numbered) == (1, 1)
    with database.read() as connection:
        assert connection.scalar(select(certificates.c.number)) is not None


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_precertificate_and_certificate_are_one(
    importer: Importer,
    database: Database,
    authority: CertificateAuthority,
    clock: FakeClock,
    tmp_path: Path,
    *,
    apart: bool,
    turned: bool,
) -> None:
    """RFC 6962 section 3.1: one serial, and what relying parties get is the certificate."""
    plain = authority.issue("Zorg BV", clock.now(), serial=SERIAL)
    precertificate, certificate = (crafted(authority, plain, extensions=[each]) for each in (POISON, TIMESTAMPS))
    files = [tmp_path / "pre.der", tmp_path / "certificate.der"]
    for file, der in zip(files, (precertificate, certificate), strict=True):
        file.write_bytes(der)

    reports = run_apart(importer, files[:: -1 if turned else 1], apart=apart)

    assert [report.refused for report in reports] == [{} for _ in reports]
    with database.read() as connection:
        assert connection.scalar(select(certificates.c.der)) == certificate


def test_other_certificate_with_the_same_serial_is_refused(
    importer: Importer, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """Another key or subject, also where one of the two has a precertificate's mark: the CA gave one serial twice."""
    one, other = (authority.issue(name, clock.now(), serial=SERIAL) for name in ("Zorg BV", "Ander"))
    ders = [crafted(authority, one), crafted(authority, other), crafted(authority, other, extensions=[POISON])]
    for first, second in itertools.permutations(range(len(ders)), 2):
        if {first, second} == {1, 2}:
            continue
        file = tmp_path / f"{first}{second}.der"
        file.write_bytes(ders[first] + ders[second])
        report = importer.run([file])
        assert report.refused[RefusalKind.SERIAL] >= 1
        assert "RFC 5280 section 4.1.2.2" in report.text()


def test_certificate_that_was_signed_twice_is_one(
    importer: Importer, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """ECDSA signs the same in other octets each time."""
    plain = authority.issue("Zorg BV", clock.now(), serial=SERIAL)
    first, second = crafted(authority, plain), crafted(authority, plain)
    assert first != second
    (tmp_path / "a.der").write_bytes(first)
    (tmp_path / "b.der").write_bytes(second)

    report = importer.run([tmp_path / "a.der", tmp_path / "b.der"])

    assert (report.added, report.agreed, report.refused) == (1, 1, {})
    assert importer.run([tmp_path / "b.der"]).agreed == 1


def test_revocations_that_differ_are_said(
    importer: Importer, database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    """Another date or reason changes no row of the journal, and is no refusal: it is said."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(SERIAL, f"{DATE},superseded")])])

    report = importer.run([write_index(tmp_path / "index.txt", [index_row(SERIAL, "260202030405Z,keyCompromise")])])

    assert (report.agreed, report.refused) == (1, {})
    (remark,) = report.remarks
    assert "the date 2026-02-02T03:04:05Z, and not 2026-01-02T03:04:05Z" in remark.says
    assert "the reason keyCompromise, and not superseded" in remark.says
    with database.read() as connection:
        assert len(list(journal.entries_after(connection, issuer.id, 0))) == 1


def test_rows_of_one_list_that_differ_name_what_counts(importer: Importer, tmp_path: Path) -> None:
    """The sentence is of the second row, and says that the first one's word is in the register."""
    rows = [index_row(SERIAL, f"{DATE},superseded"), index_row(SERIAL, f"{DATE},keyCompromise")]

    (remark,) = importer.run([write_index(tmp_path / "index.txt", rows)]).remarks

    assert remark.says == (
        f"Serial {SERIAL:x} is revoked in an earlier place already; this one gives the reason keyCompromise, and not "
        "superseded. The earlier counts."
    )


def test_killed_between_index_and_certificates(
    database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """Each batch is whole by itself: the same command again completes what was left."""
    issued = [authority.issue(f"Zorg {n}", clock.now(), serial=n) for n in range(1, 7)]
    (tmp_path / "all.pem").write_bytes(pem(*issued))
    index = write_index(tmp_path / "index.txt", [index_row(n, DATE if n % 2 else "") for n in range(1, 7)])
    importer = Importer(database=database, clock=clock, audit=AuditTrail(clock), batch_rows=3)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer.run([index, tmp_path / "all.pem"], None, stop)
    report = importer.run([index, tmp_path / "all.pem"])

    assert report.refused == {}
    with database.read() as connection:
        rows = connection.execute(select(certificates.c.serial, certificates.c.der)).all()
        entries = list(journal.entries_after(connection, issuer.id, 0))
    assert {row.serial for row in rows} == set(range(1, 7))
    assert all(row.der for row in rows)
    assert [each.serial for each in entries] == [1, 3, 5]
