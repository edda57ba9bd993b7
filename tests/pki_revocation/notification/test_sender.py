"""The sender: each mail at least once, retried, to whoever is registered now, and never about a code."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select, update

from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import contacts as contact_rows
from pki_revocation.database.schema import mail_outbox
from pki_revocation.model import Channel, Issuer
from pki_revocation.notification.carriers import SmtpCarrier
from pki_revocation.notification.sender import Sender, retry_after
from pki_revocation.notification.settings import NotificationSettings, Tls
from pki_revocation.numbers import number_at
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from pki_revocation.subscribers import contacts
from pki_revocation.subscribers.contacts import Contact
from pki_revocation.subscribers.outbox import tell_of_failures
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.notification.servers import Behaviour, MailServer, MakeServer
from tests.subscribers import Subscriber, enrol
from tests.waiting import patience

PROCESS = Path(__file__).parent / "sending_process.py"
REVOCATION_REQUEST = RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.API)


class Held:
    """A turn that is always ours, unless *is_held* is set to False."""

    is_held = True


@pytest.fixture
def server(make_server: MakeServer) -> MailServer:
    """A mail server."""
    return make_server()


@pytest.fixture
def settings(server: MailServer) -> NotificationSettings:
    """For that server."""
    return NotificationSettings(
        port=server.port, tls=Tls.NONE, timeout=timedelta(seconds=patience(2)), return_path="bounces@ca.example"
    )


@pytest.fixture
def sender(database: Database, clock: FakeClock, settings: NotificationSettings) -> Sender:
    """A sender that has its turn."""
    carrier = SmtpCarrier(settings, None)
    return Sender(database=database, clock=clock, carrier=carrier, turn=Held(), settings=settings)


@pytest.fixture
def contact(database: Database, subscriber: Subscriber) -> Contact:
    """The subscriber's contact reads English."""
    found = Contact(email="beheer@zorg.example", language="en")
    with database.write() as connection:
        contacts.store(connection, subscriber.certificate.id, found)
    return found


def revoke(service: RevocationService, subscriber: Subscriber) -> str:
    """Revoke, and give the reference."""
    return service.revoke(service.authenticate(subscriber.number, subscriber.code), REVOCATION_REQUEST).entry.reference


def read(behaviour: Behaviour) -> list[EmailMessage]:
    """What the server took."""
    found = []
    for envelope in behaviour.taken:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def outcomes(database: Database) -> list[str | None]:
    """How the mails ended, None for those that wait."""
    with database.read() as connection:
        return list(connection.execute(select(mail_outbox.c.outcome).order_by(mail_outbox.c.id)).scalars())


def test_revocation_is_told_once(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    behaviour: Behaviour,
    database: Database,
) -> None:
    """To the contact, in its language, about this revocation; a repeat of the request tells nothing."""
    reference = revoke(service, subscriber)
    revoke(service, subscriber)

    assert sender.send_due() == 1
    assert sender.send_due() == 0

    (mail,) = read(behaviour)
    assert mail["To"] == contact.email
    assert reference in mail["Subject"]
    assert "has been revoked" in mail["Subject"]
    assert behaviour.taken[0].mail_from == "bounces@ca.example"
    assert outcomes(database) == ["sent"]


def test_added_key_compromise_is_told_as_what_it_is(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    behaviour: Behaviour,
    clock: FakeClock,
) -> None:
    """Not as a second revocation: with both references, the revocation's own time, the date, and by which way."""
    first_reference, revoked_at = revoke(service, subscriber), clock.now()
    clock.advance(timedelta(days=1))
    request = RevocationRequest(
        reason=RevocationReason.KEY_COMPROMISE, channel=Channel.PAGE, compromised_at=revoked_at - timedelta(days=2)
    )
    added = service.revoke(service.authenticate(subscriber.number, subscriber.code), request).entry.reference

    assert sender.send_due() == 2

    first, second = read(behaviour)
    assert "has been revoked" in first["Subject"]
    assert second["Subject"].strip().startswith("The reason has been changed: ")
    assert added in second["Subject"]
    body = second.get_body(("plain",))
    assert body is not None
    said = " ".join(body.get_content().split())
    for expected in (
        first_reference,
        added,
        f"{revoked_at:%Y-%m-%d %H:%M:%S}",
        "Key no longer safe since",
        "on the revocation page",
        f"{subscriber.certificate.organisation.lower().replace(' ', '-')}.example",
        "/revoke",
    ):
        assert expected in said
    assert "has been revoked" not in said


def test_neither_code_nor_whole_number_is_sent(
    service: RevocationService, subscriber: Subscriber, contact: Contact, sender: Sender, behaviour: Behaviour
) -> None:
    """In no mail, in no part, in no way of writing."""
    revoke(service, subscriber)
    with service._database.write() as connection:  # noqa: SLF001 - the test's own database
        tell_of_failures(connection, subscriber.number, sender._clock.now())  # noqa: SLF001 - likewise
    assert sender.send_due() == 2

    for mail in read(behaviour):
        everything = str(mail) + "".join(str(part.get_content()) for part in mail.iter_parts())
        squeezed = everything.upper().replace("-", "").replace(" ", "").replace("•", "")
        assert subscriber.code not in squeezed
        assert subscriber.number not in squeezed


def test_revocation_that_is_rolled_back_tells_nothing(
    service: RevocationService,
    subscriber: Subscriber,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mail is written in the transaction of what it tells, after which nothing can fail but the commit itself."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("before the commit")

    monkeypatch.setattr("pki_revocation.service.confirmation_of", fail)
    with pytest.raises(RuntimeError):
        service.revoke(authenticated, REVOCATION_REQUEST)

    assert outcomes(database) == []


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_4xx_is_retried_until_taken(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    behaviour: Behaviour,
    clock: FakeClock,
    settings: NotificationSettings,
    where: str,
) -> None:
    """Later each time, and with one Message-ID."""
    revoke(service, subscriber)
    setattr(behaviour, where, "451 later")
    assert sender.send_due() == 0
    assert sender.send_due() == 0
    clock.advance(settings.first_retry)
    assert sender.send_due() == 0
    clock.advance(settings.first_retry)
    setattr(behaviour, where, "250 OK")
    assert sender.send_due() == 0, "the second pause is twice as long"
    clock.advance(settings.first_retry)

    assert sender.send_due() == 1
    assert len({mail["Message-ID"] for mail in read(behaviour)}) == 1


def test_5xx_is_given_up(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    behaviour: Behaviour,
    database: Database,
) -> None:
    """And the revocation stands."""
    revoke(service, subscriber)
    behaviour.rcpt = "550 unknown"

    assert sender.send_due() == 0
    assert outcomes(database) == ["given-up"]


def test_server_that_stays_away_is_given_up_after_days(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    server: MailServer,
    settings: NotificationSettings,
    clock: FakeClock,
    database: Database,
) -> None:
    """RFC 5321 section 4.5.4.1."""
    revoke(service, subscriber)
    server.stop()
    assert sender.send_due() == 0
    assert outcomes(database) == [None]
    clock.advance(settings.give_up_after)

    sender.send_due()

    assert outcomes(database) == ["given-up"]


def test_one_mail_does_not_hold_up_the_next(
    subscriber: Subscriber, contact: Contact, sender: Sender, database: Database, clock: FakeClock, behaviour: Behaviour
) -> None:
    """Neither one that nobody gets, nor one that is refused."""
    with database.write() as connection:
        tell_of_failures(connection, number_at(987_654), clock.now())
        tell_of_failures(connection, subscriber.number, clock.now())

    assert sender.send_due() == 1
    assert outcomes(database) == ["sent"]


def test_a_mail_that_cannot_be_made_holds_up_no_other(
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    verifier: CodeVerifier,
    clock: FakeClock,
    settings: NotificationSettings,
) -> None:
    """It is tried again as one that is not taken, readiness knows of it, and it is given up as late."""
    other = enrol(database, issuer, authority.issue("Thuiszorg BV", clock.now()), clock, verifier)
    with database.write() as connection:
        contacts.store(connection, other.certificate.id, Contact(email="beheer@thuiszorg.example"))
        # As a table that was filled by hand may hold it.
        connection.execute(
            update(contact_rows)
            .where(contact_rows.c.certificate_id == subscriber.certificate.id)
            .values(email="beheer")
        )
        tell_of_failures(connection, subscriber.number, clock.now())
        tell_of_failures(connection, other.number, clock.now())

    assert sender.send_due() == 1
    assert outcomes(database) == [None, "sent"]
    assert list(sender.failures.standing().values()) == [
        "The contact's e-mail address cannot be used: write one such as beheer@example.nl."
    ]
    clock.advance(settings.first_retry)
    with database.write() as connection:
        tell_of_failures(connection, other.number, clock.now())
    assert sender.send_due() == 1

    clock.advance(settings.give_up_after)
    assert sender.send_due() == 0
    assert outcomes(database) == ["given-up", "sent", "sent"]
    assert sender.failures.standing() == {}


def test_a_mail_that_can_be_made_again_is_sent(
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    database: Database,
    clock: FakeClock,
    settings: NotificationSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also after an error that was not expected; nothing is left of the trouble."""
    with database.write() as connection:
        tell_of_failures(connection, subscriber.number, clock.now())
    with monkeypatch.context() as broken:
        broken.setattr("pki_revocation.notification.sender.failures", None)
        assert sender.send_due() == 0
    assert sender.failures.standing()
    clock.advance(settings.first_retry)
    assert sender.send_due() == 1
    assert sender.failures.standing() == {}


def test_erased_contact_gets_no_mail(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    database: Database,
    behaviour: Behaviour,
) -> None:
    """Nor stands its address anywhere in the outbox."""
    revoke(service, subscriber)
    with database.read() as connection:
        assert contact.email not in str(connection.execute(select(mail_outbox)).all())
    with database.write() as connection:
        assert contacts.erase(connection, subscriber.certificate.id)

    assert sender.send_due() == 0
    assert not behaviour.seen
    assert outcomes(database) == []


def test_who_has_no_turn_sends_nothing(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    settings: NotificationSettings,
    database: Database,
    clock: FakeClock,
    behaviour: Behaviour,
) -> None:
    """One sender at a time."""
    revoke(service, subscriber)
    turn = Held()
    turn.is_held = False
    waiting = Sender(database=database, clock=clock, carrier=SmtpCarrier(settings, None), turn=turn, settings=settings)

    assert waiting.send_due() == 0
    assert not behaviour.seen


def test_mails_are_forgotten(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    sender: Sender,
    database: Database,
    clock: FakeClock,
    settings: NotificationSettings,
) -> None:
    """Some time after they ended."""
    revoke(service, subscriber)
    sender.send_due()
    clock.advance(settings.keep)
    sender.forget()
    assert outcomes(database) == ["sent"]
    clock.advance(timedelta(seconds=1))
    sender.forget()

    assert outcomes(database) == []


def test_pauses_grow_to_the_longest() -> None:
    """And stay there, however often."""
    settings = NotificationSettings()
    pauses = [retry_after(attempts, settings) for attempts in range(200)]

    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses[-1] == settings.longest_retry
    assert pauses == sorted(pauses)


def test_crash_between_sending_and_recording_sends_a_second_copy(
    service: RevocationService,
    subscriber: Subscriber,
    contact: Contact,
    database: Database,
    server: MailServer,
    behaviour: Behaviour,
    tmp_path: Path,
) -> None:
    """With the same Message-ID; then it is recorded, and there is no third."""
    revoke(service, subscriber)
    failpoints = tmp_path / "failpoints"
    failpoints.mkdir()
    (failpoints / "notification.sent").write_text("kill")
    codes = [run_sender(database, server.port, failpoints) for _ in range(3)]

    assert codes == [-signal.SIGKILL, 0, 0]
    first, second = read(behaviour)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    assert outcomes(database) == ["sent"]


def run_sender(database: Database, port: int, failpoints: Path) -> int:
    """A sender in a process of its own, once."""
    url = database.url.render_as_string(hide_password=False)
    environment = os.environ | {"PKI_REVOCATION_FAILPOINTS": str(failpoints)}
    return subprocess.run(
        [sys.executable, PROCESS, url, str(port)], env=environment, check=False, timeout=60
    ).returncode
