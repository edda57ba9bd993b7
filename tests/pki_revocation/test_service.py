"""The revocation service: what a right code does, and what nothing can undo."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from pki_revocation import codes, journal
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.codes import CodeScheme, CodeVerifier, new_code
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.errors import (
    CertificateExpired,
    ClockBehindJournal,
    ImpossibleDate,
    NotRecognised,
    ReasonNotPermitted,
)
from pki_revocation.model import Channel, Confirmation, EntryKind, Issuer
from pki_revocation.numbers import number_at
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.live_codes import store_codes
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.subscribers import Subscriber, enrol

NO_REASON = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)
COMPROMISED = RevocationRequest(reason=RevocationReason.KEY_COMPROMISE, channel=Channel.API)


def test_right_code_revokes(
    service: RevocationService, subscriber: Subscriber, clock: FakeClock, database: Database
) -> None:
    """Number and code give a journal row with the present second, and an audit record with it."""
    confirmation = service.revoke(service.authenticate(subscriber.number, subscriber.code), NO_REASON)

    assert confirmation.revoked_at == clock.now()
    assert confirmation.entry.sequence == 1
    assert confirmation.entry.reason is RevocationReason.UNSPECIFIED
    assert not confirmation.repeated
    with database.read() as connection:
        assert verify_chain(connection) == 1


def test_repeat_gets_the_original_answer(service: RevocationService, subscriber: Subscriber, clock: FakeClock) -> None:
    """A second request, later and with another reason, changes nothing."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    first = service.revoke(authenticated, NO_REASON)
    clock.advance(timedelta(hours=3))

    again = service.revoke(authenticated, RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.PAGE))

    assert again.entry == first.entry
    assert again.revoked_at == first.revoked_at
    assert again.repeated


def test_reason_is_raised_to_key_compromise_once(
    service: RevocationService, subscriber: Subscriber, clock: FakeClock
) -> None:
    """The raise is a row of its own with the original time (BR 7.2.2); raising again is a repeat."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    first = service.revoke(authenticated, NO_REASON)
    clock.advance(timedelta(days=1))
    since = first.revoked_at - timedelta(days=5)
    revocation_request = RevocationRequest(
        reason=RevocationReason.KEY_COMPROMISE, channel=Channel.API, compromised_at=since
    )

    raised = service.revoke(authenticated, revocation_request)
    repeated = service.revoke(authenticated, COMPROMISED)

    assert raised.entry.kind is EntryKind.RAISE
    assert raised.entry.sequence == 2
    assert raised.revoked_at == first.revoked_at == raised.entry.revocation_date
    assert raised.entry.invalidity_date == since
    assert repeated.entry == raised.entry


def test_wrong_code_and_unknown_number_are_the_same_refusal(
    service: RevocationService, subscriber: Subscriber, verifier: CodeVerifier
) -> None:
    """Neither tells whether the number exists."""
    other = new_code(verifier.scheme)
    with pytest.raises(NotRecognised) as wrong_code:
        service.authenticate(subscriber.number, other)
    with pytest.raises(NotRecognised) as unknown_number:
        service.authenticate(number_at(999), other)

    assert str(wrong_code.value) == str(unknown_number.value)


def test_code_of_another_certificate_does_not_fit(
    service: RevocationService,
    subscriber: Subscriber,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
) -> None:
    """The code of certificate A never revokes certificate B."""
    other = enrol(database, issuer, authority.issue("Ander BV", clock.now()), clock, verifier)

    with pytest.raises(NotRecognised):
        service.authenticate(subscriber.number, other.code)


def test_replaced_code_counts_no_more(
    service: RevocationService, subscriber: Subscriber, database: Database, clock: FakeClock, verifier: CodeVerifier
) -> None:
    """A code that was checked, and then replaced before the revocation was written, is refused under the lock."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    code = new_code(verifier.scheme)
    stored = verifier.store(number=subscriber.number, code=code)
    with database.write() as connection:
        store_codes(connection, [(subscriber.certificate.id, stored)], pepper_id=verifier.pepper.id, clock=clock)

    with pytest.raises(NotRecognised):
        service.revoke(authenticated, NO_REASON)
    with pytest.raises(NotRecognised):
        service.authenticate(subscriber.number, subscriber.code)
    assert service.revoke(service.authenticate(subscriber.number, code), NO_REASON).entry.sequence == 1


def test_expired_certificate_is_left_to_operators(
    service: RevocationService, subscriber: Subscriber, clock: FakeClock
) -> None:
    """After notAfter a right code gets the truth, and an operator may still revoke."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    clock.advance(timedelta(days=366))
    with pytest.raises(CertificateExpired):
        service.revoke(authenticated, NO_REASON)

    revocation_request = RevocationRequest(reason=RevocationReason.PRIVILEGE_WITHDRAWN, channel=Channel.OPERATOR)
    assert service.revoke_for_operator(None, subscriber.certificate.serial, revocation_request).entry.sequence == 1


def test_impossible_dates_are_refused(service: RevocationService, subscriber: Subscriber, clock: FakeClock) -> None:
    """No compromise in the future, none without keyCompromise, no back-dating without it."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    past, future = clock.now() - timedelta(days=1), clock.now() + timedelta(seconds=1)
    for revocation_request in (
        RevocationRequest(reason=RevocationReason.KEY_COMPROMISE, channel=Channel.API, compromised_at=future),
        RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.API, compromised_at=past),
        RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.OPERATOR, revocation_date=past),
        RevocationRequest(reason=RevocationReason.KEY_COMPROMISE, channel=Channel.OPERATOR, revocation_date=future),
    ):
        with pytest.raises(ImpossibleDate):
            service.revoke(authenticated, revocation_request)


def test_clock_that_went_back_does_not_date_before_the_journal(
    service: RevocationService,
    subscriber: Subscriber,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
) -> None:
    """revoked_at is the later of now and the head's last time."""
    other = enrol(database, issuer, authority.issue("Ander BV", clock.now()), clock, verifier)
    first = service.revoke(service.authenticate(subscriber.number, subscriber.code), NO_REASON)
    clock.advance(timedelta(minutes=-10))

    second = service.revoke(service.authenticate(other.number, other.code), NO_REASON)

    assert second.revoked_at == first.revoked_at


def test_clock_that_was_far_ahead_does_not_date_into_the_future(
    service: RevocationService, subscriber: Subscriber, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """A head that lies years ahead is no guide: the revocation gets the present, and nothing counts as expired."""
    with database.write() as connection:
        head = journal.lock_head(connection, issuer.id)
        journal.move_head(connection, issuer.id, head.sequence, clock.now() + timedelta(days=4000))
    with database.read() as connection, pytest.raises(ClockBehindJournal, match="correct the clock"):
        journal.refuse_far_future(journal.read_head(connection, issuer.id), clock)

    confirmation = service.revoke(service.authenticate(subscriber.number, subscriber.code), NO_REASON)

    assert confirmation.revoked_at == clock.now()
    with database.read() as connection:
        journal.refuse_far_future(journal.read_head(connection, issuer.id), clock)


def test_raise_does_not_move_the_shown_date_later(
    service: RevocationService, subscriber: Subscriber, clock: FakeClock
) -> None:
    """What was signed between the two dates would become valid again."""
    service.revoke(service.authenticate(subscriber.number, subscriber.code), NO_REASON)
    clock.advance(timedelta(days=10))
    later = RevocationRequest(
        reason=RevocationReason.KEY_COMPROMISE,
        channel=Channel.OPERATOR,
        revocation_date=clock.now() - timedelta(days=1),
    )
    with pytest.raises(ImpossibleDate, match="only move back"):
        service.revoke_for_operator(None, subscriber.certificate.serial, later)


def test_ca_certificate_needs_a_reason(
    service: RevocationService, database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """On CRLs and in OCSP, the reason of a revoked CA must be present (BR 7.2.2 and 7.3)."""
    own = authority.certificate
    with database.write() as connection:
        connection.execute(
            insert(certificates).values(
                issuer_id=issuer.id,
                serial=own.serial_number,
                subject="CN=CA",
                organisation="",
                not_after=own.not_valid_after_utc,
                der=issuer.certificate_der,
                imported_at=clock.now(),
            )
        )
    with pytest.raises(ReasonNotPermitted):
        service.revoke_for_operator(None, own.serial_number, NO_REASON)
    revocation_request = RevocationRequest(reason=RevocationReason.CESSATION_OF_OPERATION, channel=Channel.OPERATOR)
    assert service.revoke_for_operator(None, own.serial_number, revocation_request).entry.sequence == 1


def test_nobody_is_identified_without_the_seal(service: RevocationService, subscriber: Subscriber) -> None:
    """Knowing the certificate's row and its code's version is not having given the code."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    forged = replace(authenticated, binding_tag="00" * 32)
    with pytest.raises(NotRecognised):
        service.revoke(forged, NO_REASON)
    with pytest.raises(NotRecognised):
        service.describe(forged)


def test_work_is_the_same_for_unknown_numbers(verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """One Argon2id for a short code, none for a long one, whatever is stored and whether anything is."""
    counted = []
    original = codes._argon2id_fits  # noqa: SLF001 - the slow step itself is counted

    def counting(mixed: bytes, stored: str) -> bool:
        counted.append(stored)
        return original(mixed, stored)

    monkeypatch.setattr(codes, "_argon2id_fits", counting)
    short, long = new_code(CodeScheme.ARGON2ID), new_code(CodeScheme.KEYED_HASH)
    stored = [None, *(verifier.store(number="1", code=code) for code in (short, long))]
    costs = set()
    for code, expected in ((short, 1), (long, 0)):
        for each in stored:
            counted.clear()
            verifier.check(number="2", code=code, stored=each)
            assert len(counted) == expected
            costs |= {hashed.split("$")[3] for hashed in counted}
    assert len(costs) == 1


def test_moment_is_taken_after_the_wait_for_the_audit_head(
    service: RevocationService, subscriber: Subscriber, postgresql_only: Database, clock: FakeClock
) -> None:
    """A revocation that waited for another writer of the audit trail is dated by when it went on."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    with ThreadPoolExecutor(1) as pool:
        with postgresql_only.write() as connection:
            AuditTrail(clock).hold(connection)
            waiting = pool.submit(service.revoke, authenticated, NO_REASON)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
            clock.advance(timedelta(minutes=3))
        confirmation = waiting.result(timeout=120)

    assert confirmation.revoked_at == clock.now()


def test_fifty_requests_at_once_make_one_row(
    service: RevocationService, subscriber: Subscriber, database: Database, issuer: Issuer
) -> None:
    """Double clicks and retries at the same moment: one journal row, and fifty equal answers."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)

    def revoke(_: int) -> Confirmation:
        return service.revoke(authenticated, NO_REASON)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(revoke, range(50)))

    assert len({answer.entry for answer in answers}) == 1
    assert sum(not answer.repeated for answer in answers) == 1
    with database.read() as connection:
        assert len(list(journal.entries_after(connection, issuer.id, 0))) == 1


def test_sequence_is_gapless_under_concurrency(
    service: RevocationService,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
) -> None:
    """Twenty different revocations at once take the sequences 1 to 20."""
    issued = [authority.issue(f"Zorg {place}", clock.now()) for place in range(20)]
    for certificate in issued:
        enrol(database, issuer, certificate, clock, verifier)

    def revoke(serial: int) -> int:
        return service.revoke_for_operator("issuing", serial, NO_REASON).entry.sequence

    with ThreadPoolExecutor(8) as pool:
        sequences = list(pool.map(revoke, [certificate.serial_number for certificate in issued]))

    assert sorted(sequences) == list(range(1, 21))
    with database.read() as connection:
        assert verify_chain(connection) == 20


def test_failed_audit_takes_the_revocation_back(
    service: RevocationService, subscriber: Subscriber, database: Database, issuer: Issuer, verifier: CodeVerifier
) -> None:
    """Journal and audit are one transaction: without the record there is no revocation."""

    class BrokenClock:
        def now(self) -> None:
            raise RuntimeError("no time")

    broken = RevocationService(
        database=database,
        clock=service._clock,  # noqa: SLF001 - the same clock
        audit=AuditTrail(BrokenClock()),  # type: ignore[arg-type] # broken on purpose
        verifier=verifier,
    )
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    with pytest.raises(RuntimeError):
        broken.revoke(authenticated, NO_REASON)

    with database.read() as connection:
        assert journal.latest_entry(connection, issuer.id, subscriber.certificate.serial) is None
