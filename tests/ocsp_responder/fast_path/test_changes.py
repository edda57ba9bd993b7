"""What a change of the journal does to what was kept: the first answer after it is right, whatever was asked before."""

import time
from datetime import timedelta
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.x509 import ocsp

from keys.identity import SigningIdentity
from ocsp_responder.config import OcspSettings
from pki_revocation import journal
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import tlv
from pki_revocation.model import Issuer
from pki_revocation.propagation import responders
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock
from tests.ocsp_responder import answers, messages, registers
from tests.ocsp_responder.fast_path.journals import IDENTITY_LOOKED_AT, back_up, register_serials
from tests.ocsp_responder.fast_path.layers import Asking, Reply, asking
from tests.pki import CertificateAuthority

NULL = tlv(0x05)


def body(asked: Asking, reply: Reply | None, question: bytes) -> bytes:
    """The answer's octets, from the layer or else from Flask."""
    return reply.body if reply is not None else asked.patient(question).der


def ways(asked: Asking, issuer: Issuer, serial: int) -> list[list[ocsp.OCSPCertStatus]]:
    """What is said by POST and by both GETs, with each hash, with and without parameters."""
    found = []
    for name in ("sha1", "sha256", "sha384", "sha512"):
        for parameters in (b"", NULL):
            cert_id = messages.cert_id_of(issuer, serial, name, parameters)
            question = messages.ocsp_request(messages.single(cert_id))
            replies = [asked.post(question), asked.get(question), asked.get(question, escaped=False)]
            found += [answers.statuses(body(asked, reply, question)) for reply in replies]
    return found


def test_no_way_of_asking_is_good_afterwards(
    asked: Asking, issuer: Issuer, certificate: x509.Certificate, service: RevocationService
) -> None:
    """All of them warm, then revoked: 24 ways, each asked once."""
    serial = certificate.serial_number
    for _ in range(2):
        assert ways(asked, issuer, serial) == [[answers.GOOD]] * 24
        asked.turn()
    registers.revoke(service, issuer, serial)
    assert ways(asked, issuer, serial) == [[answers.REVOKED]] * 24


def test_others_keep_their_answers(
    asked: Asking,
    database: Database,
    issuer: Issuer,
    certificate: x509.Certificate,
    authority: CertificateAuthority,
    service: RevocationService,
    clock: FakeClock,
) -> None:
    """Only what changed is signed anew."""
    other = authority.issue("Ander BV", clock.now())
    registers.add(database, issuer, clock, other)
    question = messages.asked(issuer, other.serial_number)
    for _ in range(2):
        before = body(asked, asked.post(question), question)
        asked.turn()
    registers.revoke(service, issuer, certificate.serial_number)
    clock.advance(timedelta(seconds=5))

    reply = asked.post(question)
    assert reply is not None
    assert reply.body == before


def test_raised_reason_is_said(
    asked: Asking, issuer: Issuer, certificate: x509.Certificate, service: RevocationService
) -> None:
    """The original time stands, and the reason is the new one, in the first answer."""
    question = messages.asked(issuer, certificate.serial_number)
    moment = registers.revoke(service, issuer, certificate.serial_number, RevocationReason.SUPERSEDED)
    for _ in range(2):
        said = answers.revocation(body(asked, asked.post(question), question))
        asked.turn()
    assert said == (moment, x509.ReasonFlags.superseded)

    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.KEY_COMPROMISE)
    said = answers.revocation(body(asked, asked.post(question), question))
    assert said == (moment, x509.ReasonFlags.key_compromise)


def test_imported_is_known_at_once(
    asked: Asking, database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """Unknown is never kept: an import is no row of the journal."""
    late = authority.issue("Nieuw BV", clock.now())
    question = messages.asked(issuer, late.serial_number)
    assert answers.statuses(body(asked, asked.post(question), question)) == [answers.UNKNOWN]
    registers.add(database, issuer, clock, late)
    assert answers.statuses(body(asked, asked.post(question), question)) == [answers.GOOD]


def test_answer_that_was_made_before_is_not_kept(
    asked: Asking, issuer: Issuer, certificate: x509.Certificate, service: RevocationService
) -> None:
    """A thread read `good`, then the journal moved on and was applied: what the thread made comes too late."""
    question = messages.asked(issuer, certificate.serial_number)
    early = asked.patient(question)
    registers.revoke(service, issuer, certificate.serial_number)
    assert answers.statuses(body(asked, asked.post(question), question)) == [answers.REVOKED]
    asked.layer.offer(question, early)
    asked.turn()
    assert answers.statuses(body(asked, asked.post(question), question)) == [answers.REVOKED]


def test_without_the_database_only_revoked_is_said(
    asked: Asking,
    database: Database,
    issuer: Issuer,
    certificate: x509.Certificate,
    authority: CertificateAuthority,
    service: RevocationService,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """Kept `good` is not sent any more; what is known to be revoked is, with a fresh nonce too (RFC 6960 2.3)."""
    fine = authority.issue("Goed BV", clock.now())
    registers.add(database, issuer, clock, fine)
    registers.revoke(service, issuer, certificate.serial_number)
    good, revoked = (messages.asked(issuer, each.serial_number) for each in (fine, certificate))
    nonce = messages.asked(issuer, certificate.serial_number, nonce_value=bytes(16))
    for _ in range(2):
        assert answers.statuses(body(asked, asked.post(good), good)) == [answers.GOOD]
        assert answers.statuses(body(asked, asked.post(revoked), revoked)) == [answers.REVOKED]
        asked.turn()

    mark_unavailable(database, tmp_path)
    time.sleep(IDENTITY_LOOKED_AT)
    clock.advance(timedelta(seconds=1))
    assert body(asked, asked.post(good), good) == answers.TRY_LATER
    assert body(asked, asked.get(good), good) == answers.TRY_LATER
    assert asked.patient(good).der == answers.TRY_LATER
    assert answers.statuses(body(asked, asked.post(revoked), revoked)) == [answers.REVOKED]
    assert answers.statuses(body(asked, asked.post(nonce), nonce)) == [answers.REVOKED]
    both = messages.asked(issuer, certificate.serial_number, fine.serial_number)
    assert body(asked, asked.post(both), both) == answers.TRY_LATER


def test_restored_backup_revives_nobody(
    asked: Asking, database: Database, issuer: Issuer, service: RevocationService, clock: FakeClock, tmp_path: Path
) -> None:
    """Revoked stays whoever was revoked before or after; nobody else is good until the right journal is back."""
    serials = register_serials(database, issuer, clock, 8)
    lost, later, fine = serials[:3], serials[3:7], serials[7]
    questions = {serial: messages.asked(issuer, serial) for serial in serials}

    def said(serial: int) -> list[bytes]:
        question = questions[serial]
        return [body(asked, reply, question) for reply in (asked.post(question), asked.get(question))]

    def revoked(serial: int) -> bool:
        return [answers.statuses(each) for each in said(serial)] == [[answers.REVOKED]] * 2

    for _ in range(2):
        assert [answers.statuses(each) for serial in serials for each in said(serial)] == [[answers.GOOD]] * 16
        asked.turn()
    republish = back_up(database, tmp_path / "old")
    for serial in lost:
        registers.revoke(service, issuer, serial)
        assert revoked(serial)
        asked.turn()
    put_right = back_up(database, tmp_path / "new")

    republish()
    for place, serial in enumerate(later, start=1):
        registers.revoke(service, issuer, serial)
        assert all(revoked(each) for each in [*lost, *later[:place]])
        assert said(fine) == [answers.TRY_LATER] * 2
    put_right()
    assert [answers.statuses(each) for each in said(fine)] == [[answers.GOOD]] * 2
    assert all(revoked(each) for each in lost)


def test_wrong_clock_takes_no_answer_away(
    database: Database,
    issuer: Issuer,
    delegate: SigningIdentity,
    authority: CertificateAuthority,
    service: RevocationService,
    clock: FakeClock,
) -> None:
    """A clock far behind the journal: all is answered, nothing is dated ahead, and nobody is revoked in the future."""
    first, second = (authority.issue(name, clock.now()) for name in ("first", "second"))
    registers.add(database, issuer, clock, first, second)
    good, revoked = (messages.asked(issuer, each.serial_number) for each in (first, second))
    with asking(database, clock, {issuer: delegate}, settings=OcspSettings()) as asked:
        registers.revoke(service, issuer, second.serial_number)
        at = clock.now()
        for _ in range(2):
            assert answers.statuses(body(asked, asked.post(revoked), revoked)) == [answers.REVOKED]
            asked.turn()
        for back in (timedelta(minutes=5), timedelta(minutes=50)):
            clock.advance(-back)
            for question, status in ((good, answers.GOOD), (revoked, answers.REVOKED)):
                for der in (body(asked, asked.post(question), question), asked.patient(question).der):
                    (single,) = answers.read(der).responses
                    assert single.certificate_status is status
                    assert single.this_update_utc == clock.now()
                    assert single.revocation_time_utc in {None, clock.now()}
                asked.turn()
            clock.advance(back)
        (single,) = answers.read(body(asked, asked.post(revoked), revoked)).responses
        assert single.revocation_time_utc == at


def test_a_revocation_that_is_not_finished_holds_up_nobody(
    asked: Asking, database: Database, issuer: Issuer, certificate: x509.Certificate, clock: FakeClock
) -> None:
    """Its writer was stopped: kept answers go on, new ones are `tryLater` at once, and no thread waits for either."""
    kept = messages.asked(issuer, certificate.serial_number)
    for _ in range(2):
        assert answers.statuses(body(asked, asked.post(kept), kept)) == [answers.GOOD]
        asked.turn()
    fresh = [
        messages.asked(issuer, certificate.serial_number, nonce_value=bytes(16)),
        messages.asked(issuer, *[certificate.serial_number] * 10),
    ]
    with database.write() as connection:
        journal.lock_head(connection, issuer.id)
        database.hold_commit_fence(connection, issuer.id, clock)
        clock.advance(timedelta(seconds=3))
        for question in fresh:
            reply = asked.post(question)
            assert reply is not None, "left to threads"
            assert reply.body == answers.TRY_LATER
        reply = asked.post(kept)
        assert reply is not None
        assert answers.statuses(reply.body) == [answers.GOOD]
    for question in fresh:
        assert set(answers.statuses(body(asked, asked.post(question), question))) == {answers.GOOD}


def test_revoked_issuer_takes_its_children_along(
    database: Database,
    issuer: Issuer,
    delegate: SigningIdentity,
    certificate: x509.Certificate,
    service: RevocationService,
    clock: FakeClock,
) -> None:
    """With the setting: a row about the CA changes every answer about its children (RFC 6960 section 2.7)."""
    (stand_in,) = register_serials(database, issuer, clock, 1)
    question = messages.asked(issuer, certificate.serial_number)
    settings = OcspSettings(revoked_issuer=True)
    parents = {issuer.id: (issuer.id, stand_in)}
    with asking(database, clock, {issuer: delegate}, settings=settings, parents=parents) as asked:
        for _ in range(2):
            assert answers.statuses(body(asked, asked.post(question), question)) == [answers.GOOD]
            asked.turn()
        registers.revoke(service, issuer, stand_in, RevocationReason.CESSATION_OF_OPERATION)
        assert answers.statuses(body(asked, asked.post(question), question)) == [answers.REVOKED]


def test_worker_reports_what_it_applied(
    asked: Asking,
    database: Database,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
    clock: FakeClock,
) -> None:
    """Without being asked: the row follows the journal."""

    def reported() -> list[tuple[int, bool]]:
        with database.read() as connection:
            live = responders.live_responders(connection, issuer.id, clock.now())
        return [(each.sequence, each.current) for each in live]

    asked.turn_until(lambda: reported() == [(0, True)])
    registers.revoke(service, issuer, certificate.serial_number)
    asked.turn_until(lambda: reported() == [(1, True)])


def mark_unavailable(database: Database, folder: Path) -> None:
    """Take the database away."""
    if database.is_sqlite:
        file = Path(database.url.database or "")
        away = folder / "away"
        away.mkdir()
        for each in file.parent.glob(f"{file.name}*"):
            each.rename(away / each.name)
        database.close()
        return
    address = database.url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        name = (database.url.database,)
        connection.execute("UPDATE pg_database SET datallowconn = false WHERE datname = %s", name)
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)
