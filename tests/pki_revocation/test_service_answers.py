"""What the service tells, writes beside the journal, and keeps apart: each answer in full."""

import json
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from pki_revocation import journal
from pki_revocation.codes import CodeVerifier, new_code
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, mail_outbox
from pki_revocation.errors import NotFound, NotRecognised
from pki_revocation.host import failpoints
from pki_revocation.model import Channel, Confirmation, Issuer, JournalEntry, serial_text
from pki_revocation.numbers import number_at
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.subscribers import Subscriber

PLAIN = RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.API)
COMPROMISED = RevocationRequest(reason=RevocationReason.KEY_COMPROMISE, channel=Channel.PAGE)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """On SQLite alone: what is asked here lies above the store."""
    return sqlite_database


def test_certificate_is_described_before_and_after(
    service: RevocationService, subscriber: Subscriber, issuer: Issuer
) -> None:
    """To its subscriber and to operators alike: whose it is, and the row that revokes it, or none."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    serial = subscriber.certificate.serial
    before = (service.describe(authenticated), service.status(None, serial))
    confirmation = service.revoke(authenticated, PLAIN)
    after = (service.describe(authenticated), service.status(issuer.name, serial))

    for each in (*before, *after):
        assert (each.issuer, each.certificate) == (issuer, subscriber.certificate)
    assert [each.entry for each in before] == [None, None]
    assert [each.entry for each in after] == [confirmation.entry] * 2


def test_confirmation_can_be_read_again(service: RevocationService, subscriber: Subscriber, issuer: Issuer) -> None:
    """As a repeat of the same; what was never confirmed is not found."""
    made = service.revoke(service.authenticate(subscriber.number, subscriber.code), PLAIN)

    assert service.confirmation(issuer.id, 1) == replace(made, repeated=True)
    for issuer_id, sequence in ((issuer.id, 2), (issuer.id + 1, 1)):
        with pytest.raises(NotFound, match="no such confirmation"):
            service.confirmation(issuer_id, sequence)


def test_unregistered_serial_is_named(service: RevocationService, issuer: Issuer) -> None:
    """An operator is told what to do about it."""
    for ask in (lambda: service.status(None, 0xABCD), lambda: service.revoke_for_operator(None, 0xABCD, PLAIN)):
        with pytest.raises(NotFound, match="'issuing' has no certificate with serial abcd"):
            ask()


def test_visibility_is_of_the_moment(service: RevocationService, subscriber: Subscriber, clock: FakeClock) -> None:
    """Nothing has seen it yet, and it is asked of the present."""
    confirmation = service.revoke(service.authenticate(subscriber.number, subscriber.code), PLAIN)

    assert service.propagation(confirmation).measured_at == clock.now()


def test_trail_says_what_was_asked_and_what_was_written(
    service: RevocationService, subscriber: Subscriber, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """A record for the revocation, its repeat and its raise: the row's own fields, and its digest."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    made = service.revoke(authenticated, PLAIN).entry
    service.revoke(authenticated, PLAIN)
    raised = service.revoke(authenticated, COMPROMISED).entry

    with database.read() as connection:
        found = [
            (row.event, json.loads(row.detail))
            for row in connection.execute(select(audit.c.event, audit.c.detail).order_by(audit.c.sequence))
        ]
    assert found == [
        ("revocation.made", detail_of(issuer, made, PLAIN)),
        ("revocation.repeated", detail_of(issuer, made, PLAIN)),
        ("revocation.raised", detail_of(issuer, raised, COMPROMISED)),
    ]


def detail_of(issuer: Issuer, entry: JournalEntry, revocation_request: RevocationRequest) -> dict[str, object]:
    """What a record of a row holds."""
    return {
        "issuer": issuer.name,
        "serial": serial_text(entry.serial),
        "sequence": entry.sequence,
        "channel": revocation_request.channel.value,
        "reason": revocation_request.reason.token,
        "reference": entry.reference,
        "journal_sha256": journal.digest_of([entry]),
    }


def test_subscriber_is_told_of_each_row(
    service: RevocationService, subscriber: Subscriber, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Queued in the transaction of the row; a repeat makes no mail."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    first = clock.now()
    service.revoke(authenticated, PLAIN)
    service.revoke(authenticated, PLAIN)
    clock.advance(timedelta(hours=1))
    service.revoke(authenticated, COMPROMISED)

    told = mail_outbox.c
    with database.read() as connection:
        rows = connection.execute(
            select(told.kind, told.number, told.issuer_id, told.sequence, told.told_at).order_by(told.id)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("revoked", subscriber.number, issuer.id, 1, first),
        ("revoked", subscriber.number, issuer.id, 2, clock.now()),
    ]


def test_operators_back_date_is_shown(service: RevocationService, subscriber: Subscriber, clock: FakeClock) -> None:
    """Beside the moment of recording, at once and with a raise; without one a raise keeps the date (BR 7.2.2)."""
    serial = subscriber.certificate.serial
    recorded = clock.now()
    service.revoke_for_operator(None, serial, PLAIN)
    clock.advance(timedelta(days=1))
    back = recorded - timedelta(days=3)

    raised = service.revoke_for_operator(None, serial, replace(COMPROMISED, revocation_date=back))

    assert raised.entry.revocation_date == back
    assert raised.entry.recorded_at == clock.now()
    assert raised.revoked_at == recorded


def test_expired_certificates_reason_is_still_raised(
    service: RevocationService, subscriber: Subscriber, clock: FakeClock
) -> None:
    """It was revoked in time; that its key was compromised is told by its subscriber later, too."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    service.revoke(authenticated, PLAIN)
    clock.advance(timedelta(days=400))

    assert service.revoke(authenticated, COMPROMISED).entry.reason is RevocationReason.KEY_COMPROMISE


def test_proof_of_a_code_is_bound_to_its_version(service: RevocationService, subscriber: Subscriber) -> None:
    """A right seal with another version, or of another row, proves nothing."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    for forged in (
        replace(authenticated, code_version=authenticated.code_version + 1),
        replace(authenticated, certificate_id=authenticated.certificate_id + 1),
    ):
        with pytest.raises(NotRecognised):
            service.describe(forged)
        with pytest.raises(NotRecognised):
            service.revoke(forged, PLAIN)


def test_refusal_is_logged_without_number_or_code(
    service: RevocationService, subscriber: Subscriber, verifier: CodeVerifier, caplog: pytest.LogCaptureFixture
) -> None:
    """One sentence, the same for numbers that exist and that do not."""
    caplog.set_level(logging.INFO, logger="pki_revocation.service")
    for number in (subscriber.number, number_at(999)):
        with pytest.raises(NotRecognised):
            service.authenticate(number, new_code(verifier.scheme))

    assert [record.getMessage() for record in caplog.records] == ["number and code do not belong together"] * 2


@pytest.mark.parametrize("way", ["subscriber", "operator"])
def test_process_that_dies_after_the_commit_has_revoked(
    way: str,
    service: RevocationService,
    subscriber: Subscriber,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the failpoint behind the transaction, others read the row already."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    serial = subscriber.certificate.serial
    revoke: Callable[[], Confirmation] = {
        "subscriber": lambda: service.revoke(authenticated, PLAIN),
        "operator": lambda: service.revoke_for_operator(None, serial, PLAIN),
    }[way]
    seen: list[tuple[int, JournalEntry | None]] = []

    def dies(pid: int, number: int) -> None:
        assert pid == os.getpid()
        seen.append((number, service.status(None, serial).entry))

    (tmp_path / "revocation.committed").touch()
    monkeypatch.setenv(failpoints.VARIABLE, str(tmp_path))
    monkeypatch.setattr(os, "kill", dies)
    confirmation = revoke()

    assert seen == [(signal.SIGKILL, confirmation.entry)]
