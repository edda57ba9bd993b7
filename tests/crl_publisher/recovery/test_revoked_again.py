"""A database that came back by other means than `restore`, and a request for what was lost before anything is restored.

Page, endpoint, operators' command and import write what the public CRL said: one time for OCSP, CRL, page and endpoint.
"""

import csv
import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import Client

from ocsp_responder.answering.missing_revocations import MissingRevocations
from ocsp_responder.status import Revoked, SqlStatusSource
from pki_revocation import journal
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.clock import SystemClock, iso
from pki_revocation.config.secret_files import write_private
from pki_revocation.database.engine import Database
from pki_revocation.model import Channel, EntryKind
from pki_revocation.proof.public_crls import remember_lost
from pki_revocation.reasons import RevocationReason
from pki_revocation.register import lost_revocations
from pki_revocation.register.lost_revocations import LostRevocation
from pki_revocation.register.older_journal import OlderJournal
from pki_revocation.service import RevocationRequest, RevocationService
from pki_revocation.web.bootstrap import application
from tests.crl_publisher.recovery.losses import COMPROMISE, KEY, LOST, Loss, listed, revoked_by, run

# What is said once more on PostgreSQL, in the long step.
SQLITE_FIRST = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)


def looked(loss: Loss) -> Loss:
    """The loss, after a service has looked at what is public, as each one does that starts."""
    remember_lost(loss.installed.installation, loss.installed.database, SystemClock())
    return loss


def test_repeat_through_the_endpoint_has_the_time_that_was_public(loss: Loss) -> None:
    """Endpoint, journal, OCSP, page and the next CRL say one time, and `doctor --restore` finds no difference."""
    installed, before = looked(loss).installed, listed(loss.installed)
    serial = loss.subscribers[0].certificate.serial

    answer = loss.revoke(0)

    moment = iso(before[serial])
    assert answer["revoked_at"] == moment
    with installed.database.read() as connection:
        (row,) = journal.entries_after(connection, installed.issuer.id, 0)
        verify_chain(connection)
        verify_journal(connection)
    assert (row.serial, row.channel, row.reason) == (serial, Channel.RESTORE, COMPROMISE)
    assert row.revocation_date == before[serial]
    (status,) = SqlStatusSource(installed.database, SystemClock()).read(installed.issuer.id, [serial]).statuses
    assert isinstance(status, Revoked)
    assert status.revocation_date == before[serial]
    page = loss.client().get(str(answer["receipt_url"]).partition("8460")[2])
    assert f'id="revoked-at" datetime="{moment}"' in page.text
    done = run(installed, "doctor", "--restore", "--yes")
    assert done.exit_code == 0, done.output
    assert f"{LOST - 1} rows" in done.output
    assert run(installed, "crl", "publish").exit_code == 0
    assert listed(installed) == before


def test_operators_command_looks_by_itself(loss: Loss) -> None:
    """The row that was lost is written first, and the request decided on it: here it is a repeat, and no later date."""
    installed, before = loss.installed, listed(loss.installed)
    serial = loss.subscribers[1].certificate.serial

    # The command looks by itself: no service ran.
    done = run(installed, "revoke", f"{serial:x}", "--reason", "superseded", "--yes", "--json")

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["revoked_at"], told["repeated"], told["reason"]) == (iso(before[serial]), True, COMPROMISE.token)


@SQLITE_FIRST
def test_request_that_says_more_is_a_raise_of_what_was_lost(loss: Loss) -> None:
    """KeyCompromise after a public CRL without a reason: two rows, both with the first date (BR 7.2.2)."""
    installed, clock = loss.installed, SystemClock()
    serial, moment = loss.good.certificate.serial, clock.now() - timedelta(days=3)
    plain = LostRevocation(
        serial=serial,
        revocation_date=moment,
        reason=RevocationReason.UNSPECIFIED,
        invalidity_date=None,
        source="crl/issuing.crl, number 7",
    )
    with installed.database.write() as connection:
        lost_revocations.keep(connection, installed.issuer.id, {serial: plain}, clock.now())
    service = RevocationService(
        database=installed.database, clock=clock, audit=AuditTrail(clock), verifier=loss.verifier
    )

    confirmation = service.revoke_for_operator(
        None, serial, RevocationRequest(reason=COMPROMISE, channel=Channel.OPERATOR)
    )

    with installed.database.read() as connection:
        rows = list(journal.entries_after(connection, installed.issuer.id, 0))
        verify_chain(connection)
        verify_journal(connection)
    assert [(row.kind, row.reason) for row in rows] == [
        (EntryKind.REVOCATION, RevocationReason.UNSPECIFIED),
        (EntryKind.RAISE, COMPROMISE),
    ]
    assert {row.revocation_date for row in rows} == {moment}
    assert (confirmation.revoked_at, confirmation.repeated) == (moment, False)


@SQLITE_FIRST
def test_what_is_found_twice_has_the_earlier_date_and_the_worse_reason(loss: Loss) -> None:
    """Two nodes that look at two CRLs leave one answer, in whichever order they look."""
    installed, now = loss.installed, SystemClock().now()
    early = LostRevocation(
        serial=7,
        revocation_date=now - timedelta(days=2),
        reason=RevocationReason.UNSPECIFIED,
        invalidity_date=None,
        source="one",
    )
    late = replace(early, revocation_date=now, reason=COMPROMISE, source="two", invalidity_date=now)
    expected = replace(late, revocation_date=early.revocation_date)
    for order in ((early, late), (late, early)):
        with installed.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM lost_revocations")
            for each in order:
                lost_revocations.keep(connection, installed.issuer.id, {7: each}, now)
            assert lost_revocations.all_lost(connection, installed.issuer.id) == {7: expected}


@SQLITE_FIRST
def test_certificate_that_comes_in_again_is_no_live_one(loss: Loss, tmp_path: Path) -> None:
    """One that was issued after the backup, or a list that does not know of it: it goes in as the CRL has it."""
    installed, before = loss.installed, listed(loss.installed)
    lost = loss.subscribers[2].certificate
    assert lost.der is not None
    (tmp_path / "lost.der").write_bytes(lost.der)
    later = tmp_path / "later.csv"
    with later.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["serial", "subject", "not_after", "status", "revoked_at", "reason"])
        other = loss.subscribers[3].certificate
        rows.writerow([f"{other.serial:x}", "CN=x", iso(other.not_after), "R", iso(SystemClock().now()), "superseded"])

    done = run(installed, "certificate", "import", str(tmp_path / "lost.der"), str(later), "--serials", "hexadecimal")

    assert done.exit_code == 0, done.output
    with installed.database.read() as connection:
        rows_now = {row.serial: row for row in journal.entries_after(connection, installed.issuer.id, 0)}
    assert {serial: row.revocation_date for serial, row in rows_now.items()} == {
        each.serial: before[each.serial] for each in (lost, other)
    }
    assert {row.reason for row in rows_now.values()} == {COMPROMISE}


@SQLITE_FIRST
def test_doctor_and_other_nodes_know_what_one_has_seen(loss: Loss) -> None:
    """Where the CRL was public is away: `doctor` says WRONG all the same, and a responder says revoked."""
    installed, before = looked(loss).installed, listed(loss.installed)
    shutil.rmtree(installed.installation.path("published"))

    told = run(installed, "doctor")

    assert told.exit_code == 1
    assert f"WRONG  lost revocations of issuing: {LOST} were on a public CRL (crl/issuing.crl, number" in told.output
    missing = MissingRevocations(
        database=installed.database, clock=SystemClock(), issuers=[installed.issuer], fetch=lambda _: ()
    )
    missing.examine()
    own = missing.of(installed.issuer.id)
    assert own is not None
    assert {serial: status.revocation_date for serial, status in own.revoked.items()} == before
    done = run(installed, "doctor", "--restore", "--yes")
    assert done.exit_code == 0, done.output
    assert "remembered is what was public as crl/issuing.crl, number" in done.output
    missing.look_again()
    assert not missing.any
    with installed.database.read() as connection:
        rows = list(journal.entries_after(connection, installed.issuer.id, 0))
        verify_journal(connection)
    assert {row.serial: row.revocation_date for row in rows} == before
    assert "lost revocations" not in run(installed, "doctor").output


@SQLITE_FIRST
def test_older_database_beneath_what_runs_is_looked_at(loss: Loss) -> None:
    """The page's process goes on, and the database beneath it becomes one that lacks the last row it knew."""
    installed = loss.installed
    looks: list[str] = []
    older = OlderJournal(installed.database, lambda: looks.append("look"))
    older.look()
    revoked_by(loss.client(), loss.good)
    older.look()
    assert not looks

    with installed.database.write() as connection:
        for statement in _without_last_row(installed.database):
            connection.exec_driver_sql(statement)
    older.look()
    older.look()
    assert looks == ["look"]


def _without_last_row(database: Database) -> list[str]:
    """What makes the journal an older one, as no program of this product can."""
    allow = "DROP TRIGGER journal_no_delete" if database.is_sqlite else "ALTER TABLE journal DISABLE TRIGGER USER"
    return [allow, "DELETE FROM mail_outbox", "DELETE FROM journal", "UPDATE journal_heads SET sequence = 0"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_page_looks_at_what_is_public_before_it_serves(loss: Loss) -> None:
    """The service as it starts: the first request has the time that relying parties were shown."""
    installed = loss.installed
    folder = installed.installation.path("secrets")
    folder.mkdir(mode=0o700)
    for name, text in (("pepper", loss.verifier.pepper.to_text()), ("session-key", KEY)):
        write_private(folder / name, text)
    subscriber = loss.subscribers[0]

    client = Client(application(installed.installation).wsgi)
    answer = client.post("/api/v1/revocations", json={"number": subscriber.number, "code": subscriber.code})

    assert answer.status_code == 200, answer.text
    moment = listed(installed)[subscriber.certificate.serial]
    assert answer.json is not None
    assert answer.json["revoked_at"] == iso(moment)
