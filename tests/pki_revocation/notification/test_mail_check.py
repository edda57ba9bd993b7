"""What doctor says of mail: of an outbox that waits, and of a mail server that would take nothing now."""

import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from pki_revocation.cli.doctor import doctor
from pki_revocation.config.installation import Installation
from pki_revocation.notification.credentials import PASSWORD_VARIABLE, USERNAME_VARIABLE
from pki_revocation.runtime.new_installation import FIRST_CONFIG, set_up
from pki_revocation.subscribers import outbox
from tests.pki_revocation.notification.servers import Behaviour, MakeServer, with_login
from tests.waiting import patience

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def now() -> datetime:
    """In whole seconds, as everything is kept."""
    return datetime.now(UTC).replace(microsecond=0)


def installed(folder: Path, notification: str) -> Installation:
    """An installation whose [notification] is this."""
    return set_up(folder / "register", f"{FIRST_CONFIG}\n[notification]\n{notification}\n")


def smtp(port: int, tls: str = "none") -> str:
    """Settings for a server on loopback."""
    return f'delivery = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "{tls}"\ntimeout = "{patience(2):.0f}s"'


def said(installation: Installation) -> dict[str, tuple[bool, str]]:
    """What doctor says of mail: each check, whether it is well, and the words."""
    done = CliRunner().invoke(doctor, ["--json", "--directory", str(installation.directory)])
    found = {each["check"]: (each["well"], each["says"]) for each in json.loads(done.stdout)}
    mail = {check: says for check, says in found.items() if check.startswith(("mail", "outbox"))}
    assert (done.exit_code == 0) == all(well for well, _ in found.values())
    return mail


def queue(installation: Installation, told_at: datetime) -> None:
    """A mail that waits since then."""
    with installation.database() as database, database.write() as connection:
        outbox.tell_of_failures(connection, "123456789012", told_at)


def fail(installation: Installation, failure: str) -> None:
    """Say of all that waits why it was not taken."""
    with installation.database() as database, database.write() as connection:
        for mail in outbox.due(connection, now(), 10):
            outbox.postpone(connection, mail, now() + HOUR, failure)


def test_mail_that_is_off_is_said_and_no_fault(tmp_path: Path) -> None:
    """Nobody is told by mail, and somebody should know that."""
    ((well, says),) = said(set_up(tmp_path / "register", FIRST_CONFIG)).values()
    assert well
    assert "no subscriber is told by mail" in says


def test_server_that_takes_mail_is_well(tmp_path: Path, make_server: MakeServer, behaviour: Behaviour) -> None:
    """It was really asked, and got no mail."""
    installation = installed(tmp_path, smtp(make_server().port))
    assert all(well for well, _ in said(installation).values())
    assert not behaviour.seen


def test_server_that_is_not_there(tmp_path: Path) -> None:
    """One line with its address and port."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    found = said(installed(tmp_path, smtp(port)))
    well, says = found[f"mail to 127.0.0.1 port {port}"]
    assert not well
    assert "Connection refused" in says
    assert "[notification]" in says


def test_server_that_never_answers(tmp_path: Path) -> None:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        well, says = said(installed(tmp_path, smtp(port).replace("2s", "1s")))[f"mail to 127.0.0.1 port {port}"]
    assert not well
    assert "no answer" in says or "timed out" in says


def test_login_that_is_refused(
    tmp_path: Path,
    make_server: MakeServer,
    behaviour: Behaviour,
    certificate: Path,
    server_tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the name and the password in it; with the right ones all is well."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port = make_server(**with_login(behaviour, server_tls)).port
    installation = installed(tmp_path, smtp(port, "starttls"))
    monkeypatch.setenv(USERNAME_VARIABLE, "gebruiker")
    monkeypatch.setenv(PASSWORD_VARIABLE, "geheim")
    well, says = said(installation)[f"mail to 127.0.0.1 port {port}"]
    assert not well
    assert "does not take our name and password" in says
    assert "gebruiker" not in says
    assert "geheim" not in says
    monkeypatch.setenv(PASSWORD_VARIABLE, "right")
    assert said(installation)[f"mail to 127.0.0.1 port {port}"][0]


def test_tls_that_is_not_to_be_had(tmp_path: Path, make_server: MakeServer, server_tls: ssl.SSLContext) -> None:
    """A server without it, and one whose certificate nobody vouches for."""
    port = make_server().port
    well, says = said(installed(tmp_path / "a", smtp(port, "starttls")))[f"mail to 127.0.0.1 port {port}"]
    assert not well
    assert "does not offer the TLS" in says
    port = make_server(tls_context=server_tls).port
    well, says = said(installed(tmp_path / "b", smtp(port, "starttls")))[f"mail to 127.0.0.1 port {port}"]
    assert not well
    assert "certificate is not trusted" in says


def test_outbox_that_waits_for_more_than_an_hour(tmp_path: Path) -> None:
    """With the number of mails, since when, and why; a younger one may still be on its way."""
    installation = installed(tmp_path, 'delivery = "folder"')
    assert said(installation)["outbox"] == (True, "no mail waits")
    queue(installation, now() - HOUR + MINUTE)
    well, says = said(installation)["outbox"]
    assert well
    assert "1 wait" in says
    queue(installation, now() - HOUR - MINUTE)
    well, says = said(installation)["outbox"]
    assert not well
    assert "2 wait" in says
    assert "serve notifier" in says
    fail(installation, "The mail server cannot be used: it answered 421.")
    assert "it answered 421" in said(installation)["outbox"][1]


def test_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    """Such as a file in its place."""
    installation = installed(tmp_path, 'delivery = "folder"')
    assert all(well for well, _ in said(installation).values())
    assert not list(installation.path("mails").iterdir())
    installation.path("mails").rmdir()
    installation.path("mails").touch()
    well, says = said(installation)[f"mail to {installation.path('mails')}"]
    assert not well
    assert "cannot be written to" in says
