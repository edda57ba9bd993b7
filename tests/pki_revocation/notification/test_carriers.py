"""What a mail server does to a mail, and what that is taken for."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from pki_revocation.notification.carriers import FolderCarrier, MailDeferred, MailRejected, SmtpCarrier
from pki_revocation.notification.credentials import SmtpCredentials
from pki_revocation.notification.message import message
from pki_revocation.notification.settings import NotificationSettings, Tls
from pki_revocation.notification.texts import Text
from tests.pki_revocation.notification.servers import Behaviour, MakeServer, with_login

WHEN = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
TEXT = Text(
    language="nl",
    subject="Onderwerp met één trema: ë",
    opening="Eén <alinea> & nog een.",
    facts=(("Eén", "feit"),),
    paragraphs=("Twee.",),
)


def settings(port: int, tls: Tls = Tls.NONE, seconds: int = 2) -> NotificationSettings:
    """For a server on loopback."""
    return NotificationSettings(port=port, tls=tls, timeout=timedelta(seconds=seconds))


def mail() -> EmailMessage:
    """A mail with everything that is hard to write."""
    return message(TEXT, "beheer@zorg.example", local_id="abc123", told_at=WHEN, settings=settings(1))


def carry(port: int, tls: Tls = Tls.NONE, credentials: SmtpCredentials | None = None) -> None:
    """Send it."""
    SmtpCarrier(settings(port, tls), credentials).carry(mail(), "bounces@ca.example", "beheer@zorg.example")


def test_server_takes_a_mail(make_server: MakeServer, behaviour: Behaviour) -> None:
    """Bounces go to the envelope's sender; the mail is what was made, in lines that any server takes."""
    carry(make_server().port)

    (envelope,) = behaviour.taken
    assert envelope.mail_from == "bounces@ca.example"
    assert envelope.rcpt_tos == ["beheer@zorg.example"]
    assert isinstance(envelope.content, bytes)
    assert b"Message-ID: <abc123@pki-revocation.invalid>" in envelope.content
    assert envelope.content.isascii()
    assert max(len(line) for line in envelope.content.splitlines()) <= 998


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_4xx_is_tried_again_and_5xx_is_not(make_server: MakeServer, behaviour: Behaviour, where: str) -> None:
    """RFC 5321 section 4.2.1; what the server says of the recipient is not repeated."""
    port = make_server().port
    setattr(behaviour, where, "450 beheer@zorg.example is busy")
    with pytest.raises(MailDeferred) as not_taken:
        carry(port)
    setattr(behaviour, where, "550 no beheer@zorg.example here")
    with pytest.raises(MailRejected) as refused:
        carry(port)

    assert "zorg" not in f"{not_taken.value}{refused.value}"
    assert "450" in str(not_taken.value)
    assert "550" in str(refused.value)


def test_server_that_is_down_is_tried_again(make_server: MakeServer) -> None:
    """Nobody listens."""
    server = make_server()
    port = server.port
    server.stop()

    with pytest.raises(MailDeferred, match="refused"):
        carry(port)


def test_server_that_hangs_is_given_up_on_for_now(make_server: MakeServer, behaviour: Behaviour) -> None:
    """After the time limit; it may have the mail, and gets it again with the same Message-ID."""
    behaviour.hang = threading.Event()
    port = make_server().port
    try:
        with pytest.raises(MailDeferred, match="in time"):
            carry(port)
    finally:
        behaviour.hang.set()


def test_slow_server_takes_the_mail(make_server: MakeServer, behaviour: Behaviour) -> None:
    """As long as it is within the time limit."""
    behaviour.hang = threading.Event()
    threading.Timer(0.5, behaviour.hang.set).start()

    carry(make_server().port)

    assert len(behaviour.taken) == 1


def test_connection_that_drops_after_the_data_is_tried_again(make_server: MakeServer, behaviour: Behaviour) -> None:
    """Nobody knows whether it was taken: twice is better than never."""
    behaviour.drop_after_data = True
    port = make_server().port
    with pytest.raises(MailDeferred):
        carry(port)
    behaviour.drop_after_data = False

    carry(port)

    first, second = (envelope.content for envelope in behaviour.seen)
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    assert b"<abc123@" in first
    assert b"<abc123@" in second


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_tls_protects_login_and_mail(
    make_server: MakeServer,
    behaviour: Behaviour,
    server_tls: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    tls: Tls,
) -> None:
    """With a certificate that the system trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    options = {"ssl_context": server_tls} if tls is Tls.IMPLICIT else with_login(behaviour, server_tls)
    credentials = None if tls is Tls.IMPLICIT else SmtpCredentials(username="us", password="right")

    carry(make_server(**options).port, tls, credentials)

    assert behaviour.encrypted == [True]
    assert behaviour.logins == ([] if tls is Tls.IMPLICIT else ["us"])


def test_certificate_that_is_not_trusted_gets_no_mail(
    make_server: MakeServer, behaviour: Behaviour, server_tls: ssl.SSLContext
) -> None:
    """Nor the password."""
    port = make_server(**with_login(behaviour, server_tls)).port
    with pytest.raises(MailDeferred, match="not trusted"):
        carry(port, Tls.STARTTLS, SmtpCredentials(username="us", password="right"))

    assert not behaviour.seen
    assert not behaviour.logins


def test_server_without_tls_gets_no_mail(make_server: MakeServer, behaviour: Behaviour) -> None:
    """STARTTLS that was taken out of what it offers ends the attempt."""
    with pytest.raises(MailDeferred):
        carry(make_server().port, Tls.STARTTLS)

    assert not behaviour.seen


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is on loopback
def test_wrong_password_is_tried_again_and_not_shown(make_server: MakeServer, behaviour: Behaviour) -> None:
    """It is ours to mend, so no mail is lost by it."""
    credentials = SmtpCredentials(username="us", password="wrong-secret")
    with pytest.raises(MailDeferred) as refused:
        carry(make_server(**with_login(behaviour)).port, Tls.NONE, credentials)

    assert "535" in str(refused.value)
    assert "wrong-secret" not in f"{refused.value}{credentials}"


def test_folder_takes_mails_by_their_message_id(tmp_path: Path) -> None:
    """A second copy is the same file; nobody else reads the folder."""
    carrier = FolderCarrier(tmp_path / "mails")
    carrier.carry(mail(), "a@b.example", "c@d.example")
    carrier.carry(mail(), "a@b.example", "c@d.example")

    (file,) = (tmp_path / "mails").iterdir()
    assert file.name == "abc123.eml"
    assert (tmp_path / "mails").stat().st_mode & 0o077 == 0
