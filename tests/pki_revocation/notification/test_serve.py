"""`serve notifier` as a process: it sends what the register queued, one process at a time, and ends cleanly."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError
from pki_revocation.notification.carriers import carrier
from pki_revocation.notification.credentials import PASSWORD_VARIABLE, USERNAME_VARIABLE
from pki_revocation.notification.settings import NotificationSettings
from pki_revocation.subscribers import contacts, outbox
from pki_revocation.subscribers.contacts import Contact
from tests.integration.running_demo import free_port_base
from tests.pki_revocation.notification.servers import Behaviour, MakeServer
from tests.subscribers import Subscriber
from tests.waiting import wait_until


@contextmanager
def notifier(folder: Path, database: Database, port: int, mail_port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A running one, with an operations port of its own; it ends with status 0."""
    url = database.url.render_as_string(hide_password=False)
    config = folder / f"config-{port}.toml"
    config.write_text(
        f"[database]\nurl = '{url}'\n[notification]\ndelivery = 'smtp'\nport = {mail_port}\ntls = 'none'\n"
        f"operations_port = {port}\n"
    )
    command = [sys.executable, "-m", "pki_revocation", "serve", "notifier", "--config", str(config)]
    with subprocess.Popen(command, env=os.environ) as process:
        try:
            yield process
        finally:
            # One that is still starting does not know yet how to end.
            wait_until(lambda: process.poll() is not None or _listens(port), 60, "its start")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_two_notifiers_send_each_mail_once(
    tmp_path: Path, database: Database, subscriber: Subscriber, make_server: MakeServer, behaviour: Behaviour
) -> None:
    """The lease decides which one; what is queued while they run is sent soon."""
    with database.write() as connection:
        contacts.store(connection, subscriber.certificate.id, Contact(email="beheer@zorg.example"))
    mail_port, base = make_server().port, free_port_base()
    with notifier(tmp_path, database, base, mail_port), notifier(tmp_path, database, base + 1, mail_port):
        for _ in range(20):
            with database.write() as connection:
                outbox.tell_of_failures(connection, subscriber.number, SystemClock().now())
        wait_until(lambda: len(behaviour.taken) >= 20, 60, "mail")

    identifiers = {
        next(line for line in bytes(envelope.content or b"").splitlines() if line.startswith(b"Message-ID"))
        for envelope in behaviour.taken
        if isinstance(envelope.content, bytes)
    }
    assert len(behaviour.taken) == len(identifiers) == 20
    with database.read() as connection:
        assert outbox.waiting(connection) == (0, None)


def test_password_in_the_clear_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for a server on this machine itself."""
    monkeypatch.setenv(USERNAME_VARIABLE, "us")
    monkeypatch.setenv(PASSWORD_VARIABLE, "secret")
    for host, fits in (("127.0.0.1", True), ("mail.example", False)):
        (tmp_path / "config.toml").write_text(f"[notification]\ndelivery = 'smtp'\ntls = 'none'\nhost = '{host}'\n")
        installation = Installation.open(tmp_path)
        settings = installation.section(NotificationSettings)
        if fits:
            assert carrier(installation, settings) is not None
        else:
            with pytest.raises(ConfigurationError, match="in the clear"):
                carrier(installation, settings)


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        ('username = "us"\npassword = "s3cret"\n', 0o644, "chmod 600"),
        ('username = "us"\n', 0o600, "a username and a password"),
        ('username = "us"\npassword = s3cret\n', 0o600, "not valid TOML"),
        ('username = "us"\npassword = "s3cret"\ntoken = "x"\n', 0o600, "no others"),
    ],
)
def test_unfit_credentials_are_one_sentence(tmp_path: Path, text: str, mode: int, says: str) -> None:
    """That never repeats the password."""
    (tmp_path / "mail.toml").write_text(text)
    (tmp_path / "mail.toml").chmod(mode)
    (tmp_path / "config.toml").write_text("[notification]\ndelivery = 'smtp'\ncredentials = 'mail.toml'\n")
    installation = Installation.open(tmp_path)
    with pytest.raises(ConfigurationError, match=says) as refused:
        carrier(installation, installation.section(NotificationSettings))

    assert "s3cret" not in str(refused.value)
