"""What a list says that has no place here bars its serial: in its own import, and from everything that comes later."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.cli.register_checks import register_findings
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificates
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.importing.arrival import ArrivalConflict, ArrivalRegistrar
from pki_revocation.importing.candidates import RefusalKind
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Issuer
from pki_revocation.register.barred import all_bars
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, pem, write_index

HELD = 0x1003
DATE = "260102030405Z"
HEADER = "serial,subject,not_after,status,revoked_at,reason"
CSV_DATE = "2026-01-02T03:04:05Z"
# The columns of an index.txt and rows of CSV from which no revocation can be written.
INDEX_COLUMNS = (
    f"{DATE},certificateHold",
    f"{DATE},holdInstruction,holdInstructionReject",
    f"{DATE},removeFromCRL",
    f"{DATE},unknown",
    "never,superseded",
    "260230000000Z",
    "19491231235959Z",
    f"{DATE},keyTime,yesterday",
    "491231235959Z",
)
CSV_ROWS = (
    f"{{}},x,2027-11-23T14:03:22Z,R,{CSV_DATE},certificateHold",
    f"{{}},x,2027-11-23T14:03:22Z,R,{CSV_DATE},boredom",
    "{},x,2027-11-23T14:03:22Z,R,,superseded",
    "{},x,2027-11-23T14:03:22Z,R,yesterday,superseded",
    f"{{}},x,2027-11-23T14:03:22Z,V,{CSV_DATE},",
    f"{{}},x,2027-11-23T14:03:22Z,H,{CSV_DATE},",
    '{},"x"y,2027-11-23T14:03:22Z,R,,',
    f"{{}},x,2027-11-23T14:03:22Z,R,{CSV_DATE},superseded,more",
)


@pytest.fixture
def held(authority: CertificateAuthority, clock: FakeClock, tmp_path: Path) -> Path:
    """The file of a certificate that the CA put on hold, and what it has in it."""
    file = tmp_path / "held.pem"
    file.write_bytes(pem(authority.issue("Zorg BV", clock.now(), serial=HELD)))
    return file


def registered(database: Database) -> set[int]:
    """The serials that are registered."""
    with database.read() as connection:
        return set(connection.scalars(select(certificates.c.serial)))


def barred(database: Database, issuer: Issuer) -> dict[int, str]:
    """The serials that are barred, and the kind of each bar."""
    with database.read() as connection:
        return {bar.serial: bar.kind for bar in all_bars(connection, issuer.id)}


def lists(folder: Path) -> dict[int, Path]:
    """A list for each way in which a row can be refused, each about a serial of its own."""
    files = {}
    for serial, text in enumerate(INDEX_COLUMNS, start=HELD):
        files[serial] = write_index(folder / f"{serial:x}-index.txt", [index_row(serial, text)])
    for serial, row in enumerate(CSV_ROWS, start=HELD + len(files)):
        files[serial] = folder / f"{serial:x}-rows.csv"
        files[serial].write_text(f"{HEADER}\n{row.format(f'{serial:x}')}\n")
    return files


@pytest.mark.parametrize("together", [True, False])
def test_refused_row_bars_its_certificate(
    importer: Importer,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    tmp_path: Path,
    *,
    together: bool,
) -> None:
    """In the same import, named first, and in a later one; neither the certificate nor a valid row brings it in."""
    told = lists(tmp_path)
    issued = tmp_path / "issued.pem"
    issued.write_bytes(pem(*(authority.issue("Zorg BV", clock.now(), serial=serial) for serial in told)))
    valid = write_index(tmp_path / "valid.txt", [index_row(serial) for serial in told])

    if together:
        report = importer.run([issued, *told.values()])
    else:
        importer.run(told.values())
        report = importer.run([issued])
    later = importer.run([issued, valid])

    assert registered(database) == set()
    assert set(barred(database, issuer)) == set(told)
    assert report.refused[RefusalKind.BARRED] == len(told)
    assert (later.taken, set(later.refused)) == (0, {RefusalKind.BARRED})
    assert "Serial 1003 is barred, and does not come in as live" in later.text()


def test_order_of_lists_and_of_their_rows_says_nothing(
    importer: Importer, database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    """A valid row of the same serial before it, in another file or in a batch that was written long before."""
    before = [index_row(HELD), *(index_row(serial) for serial in range(1, 8))]
    first = write_index(tmp_path / "a.txt", before)
    second = write_index(tmp_path / "b.txt", [*before, index_row(HELD, f"{DATE},certificateHold")])

    importer.run([first, second])

    assert registered(database) == set(range(1, 8))
    assert barred(database, issuer) == {HELD: "hold"}


def test_hold_is_said_first_and_other_rows_go_in(
    importer: Importer, database: Database, held: Path, tmp_path: Path
) -> None:
    """The operations engineer's own migration: index and certificates in one command, one of them on hold."""
    index = write_index(
        tmp_path / "index.txt", [index_row(1), index_row(HELD, f"{DATE},certificateHold"), index_row(2, DATE)]
    )

    report = importer.run([held, index])

    first, second, third = report.text().splitlines()[:3]
    assert first.startswith("ON HOLD: 1 certificate is on hold, and barred")
    assert f"{index}, line 2: It is on hold" in second
    assert third.startswith("2 certificates went in")
    assert registered(database) == {1, 2}


def test_arrivals_and_the_api_are_kept_out_too(
    importer: Importer, database: Database, issuer: Issuer, clock: FakeClock, held: Path, tmp_path: Path
) -> None:
    """The endpoint's registrar says why, and registers nothing."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(HELD, f"{DATE},certificateHold")])])
    registrar = ArrivalRegistrar(database=database, clock=clock, audit=AuditTrail(clock))
    certificate = x509.load_pem_x509_certificate(held.read_bytes())

    with pytest.raises(ArrivalConflict, match="Serial 1003 is barred"):
        registrar.take(parts_of(certificate.public_bytes(Encoding.DER)), None, None, {})

    assert registered(database) == set()


def test_final_revocation_lifts_the_bar(
    importer: Importer, database: Database, issuer: Issuer, held: Path, tmp_path: Path
) -> None:
    """What is revoked for good comes in, with its certificate, and the audit trail says that the bar is gone."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(HELD, f"{DATE},certificateHold")]), held])

    report = importer.run([held, write_index(tmp_path / "index.txt", [index_row(HELD, f"{DATE},superseded")])])

    assert (report.added, report.revoked, report.lifted, report.refused) == (1, 1, 1, {})
    assert barred(database, issuer) == {}
    with database.read() as connection:
        events = connection.execute(select(audit.c.event, audit.c.detail).order_by(audit.c.sequence)).all()
        verify_chain(connection)
        assert verify_journal(connection) == 1
    assert [event for event, _ in events] == [
        "certificates.barred",
        "certificates.unbarred",
        "certificates.imported",
    ]
    assert '"serials":["1003"]' in events[0].detail


def test_what_is_revoked_here_is_not_barred(
    importer: Importer, database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    """A list that comes every night, and still says hold of what was revoked here since, alarms no operator."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(HELD, DATE)])])

    report = importer.run([write_index(tmp_path / "index.txt", [index_row(HELD, f"{DATE},certificateHold")])])

    assert report.refused == {RefusalKind.HOLD: 1}
    assert barred(database, issuer) == {}


def test_doctor_names_what_is_barred(importer: Importer, database: Database, held: Path, tmp_path: Path) -> None:
    """With its sentence, and whether it is registered as live all the same, from a time before the list."""
    importer.run([held])
    report = importer.run(
        [write_index(tmp_path / "index.txt", [index_row(HELD, f"{DATE},certificateHold"), index_row(5)])]
    )

    (remark,) = report.remarks
    assert "Serial 1003 is registered here as not revoked all the same, and OCSP says good of it" in remark.says

    findings = {check: (well, says) for check, well, says in register_findings(database)}

    well, says = findings["barred serials of issuing"]
    assert not well
    assert "1003 (hold: " in says
    assert "index.txt, line 1: It is on hold" in says
    assert "Registered as live all the same: 1003." in says
    assert findings["certificates of issuing"] == (True, "1 came without the certificate itself: 05")


@pytest.mark.parametrize(
    ("name", "text"),
    [("index.txt", None), ("rows.csv", "serienummer;naam\n01;x\n"), ("rows.csv", '"serial"x,subject,not_after\n')],
)
def test_list_that_cannot_be_read_holds_bare_certificates_back(
    importer: Importer, database: Database, held: Path, tmp_path: Path, name: str, text: str | None
) -> None:
    """It may say that they are revoked: nothing goes in as live beside it. Without it they go in."""
    told = tmp_path / name
    if text is not None:
        told.write_text(text)

    report = importer.run([held, told])

    assert registered(database) == set()
    assert report.refused[RefusalKind.BARRED] == 1
    assert f"It may be revoked: {told} may say so" in report.text()
    assert importer.run([held]).added == 1
