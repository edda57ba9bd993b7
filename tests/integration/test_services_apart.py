"""No service ends another: what one of them meets, page, OCSP and CRLs go on, and everything recovers by itself."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from sqlalchemy import update

from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import contacts as contact_rows
from pki_revocation.database.schema import mail_outbox
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, exchange
from pki_revocation.register.certificates import certificate_with_number
from pki_revocation.runtime.service_states import ServiceState, supervised_services
from pki_revocation.subscribers import contacts
from pki_revocation.subscribers.contacts import Contact
from pki_revocation.subscribers.outbox import tell_of_failures
from tests.integration.running_demo import RunningDemo, environment, free_port_base, program
from tests.waiting import wait_until

_LIMITS = ExchangeLimits(seconds=20, octets=1 << 20)
# Of a machine that does other things too; each of them takes a few seconds.
_SOON_SECONDS = 60
_PUBLIC = ("publisher", "distribution", "ocsp", "web", "console")


class Running:
    """A demo, as its operators and its public see it."""

    def __init__(self, demo: RunningDemo) -> None:
        """What it says of itself."""
        self.demo = demo
        self.contract = demo.contract
        self.installation = Installation.open(demo.directory)

    def readiness(self, service: str) -> tuple[int, str]:
        """What /readyz of a service says; 0 where nothing listens."""
        url = self.contract["metrics_urls"][service].replace("/metrics", "/readyz")
        with contextlib.suppress(ExchangeFailed):
            answer = exchange("GET", url, limits=_LIMITS)
            return answer.status, answer.body.decode().strip()
        return 0, ""

    def is_ready(self, *services: str) -> bool:
        """Whether all of these are."""
        return all(self.readiness(service) == (200, "ready") for service in services)

    def states(self) -> dict[str, ServiceState]:
        """What the supervisor knows."""
        return {state.name: state for state in supervised_services(self.demo.directory)}

    def processes(self, *services: str) -> list[int | None]:
        """Which process each of them is."""
        states = self.states()
        return [states[service].process for service in services]

    def page(self) -> int:
        """The status of the subscriber's page."""
        return exchange("GET", self.contract["revocation_url"], limits=_LIMITS).status

    def crl(self) -> int:
        """The status of the CRL."""
        return exchange("GET", self.contract["crl_url"], limits=_LIMITS).status

    def ocsp(self, place: int) -> str:
        """What OCSP says of a certificate: its status, or the refusal."""
        entry = self.contract["certificates"][place]
        issuer = x509.load_pem_x509_certificate((self.demo.directory / "issuer.pem").read_bytes())
        subject = x509.load_pem_x509_certificate((self.demo.directory / entry["certificate"]).read_bytes())
        request = ocsp.OCSPRequestBuilder().add_certificate(subject, issuer, SHA256()).build()
        answer = exchange(
            "POST",
            self.contract["ocsp_url"],
            limits=_LIMITS,
            headers={"Content-Type": "application/ocsp-request"},
            body=request.public_bytes(Encoding.DER),
        )
        read = ocsp.load_der_ocsp_response(answer.body)
        if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return read.response_status.name
        return read.certificate_status.name

    def serves(self) -> bool:
        """Page, OCSP and CRL answer as they should."""
        return (self.page(), self.crl(), self.ocsp(1)) == (200, 200, "GOOD")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A demo whose services are all ready."""
    arguments = ["--certificates", "3", "--port-base", str(free_port_base())]
    demo = RunningDemo(directory=tmp_path_factory.mktemp("apart") / "demo", arguments=arguments).start()
    made = Running(demo)
    yield made
    status, said = demo.stop()
    assert status == 0, said


@pytest.fixture(scope="module")
def database(running: Running) -> Iterator[Database]:
    """The demo's."""
    with running.installation.database() as opened:
        yield opened


def test_a_mail_that_cannot_be_made(running: Running, database: Database) -> None:
    """The notifier names it and goes on with the next mail; nothing else notices; put right, it is sent."""
    number, other = (entry["number"] for entry in running.contract["certificates"][1:3])
    before = running.processes(*_PUBLIC, "notifier")
    with database.write() as connection:
        for each in (number, other):
            certificate = certificate_with_number(connection, each)
            assert certificate is not None
            contacts.store(connection, certificate.id, Contact(email=f"{each}@zorg.example"))
            if each == number:
                # As a table that was filled by hand may hold it: neither a mail nor an error of this program's.
                broken = update(contact_rows).where(contact_rows.c.certificate_id == certificate.id)
                connection.execute(broken.values(email="beheer"))
        for each in (number, other):
            tell_of_failures(connection, each, SystemClock().now())

    wait_until(lambda: running.readiness("notifier")[0] == 503, _SOON_SECONDS, "the notifier saying it")
    assert "The contact's e-mail address cannot be used" in running.readiness("notifier")[1]
    wait_until(lambda: any(other in mail.read_text() for mail in _mails(running)), _SOON_SECONDS, "the other mail")
    assert running.serves()
    assert running.is_ready(*_PUBLIC)

    with database.write() as connection:
        connection.execute(update(contact_rows).values(email="beheer@zorg.example"))
        # Its next attempt, which would come in a minute.
        connection.execute(update(mail_outbox).values(next_attempt_at=SystemClock().now()))
    wait_until(lambda: running.is_ready("notifier"), 2 * _SOON_SECONDS, "the notifier being ready again")
    assert running.processes(*_PUBLIC, "notifier") == before


def _mails(running: Running) -> list[Path]:
    return list(running.demo.directory.rglob("*.eml"))


def test_a_locked_arrivals_folder(running: Running) -> None:
    """Another process has the folder: arrivals are tried again and again, said by doctor, and come back by then."""
    others = (*_PUBLIC, "notifier")
    before = running.processes(*others)
    (arrivals,) = running.processes("arrivals")
    assert arrivals is not None
    descriptor = os.open(running.demo.directory / "arrivals", os.O_RDONLY | os.O_DIRECTORY)
    try:
        # It has the lock until it is killed, and we have it from then on.
        waiting = threading.Thread(target=fcntl.flock, args=(descriptor, fcntl.LOCK_EX))
        waiting.start()
        os.kill(arrivals, signal.SIGKILL)
        waiting.join(_SOON_SECONDS)
        wait_until(lambda: running.states()["arrivals"].ended >= 5, _SOON_SECONDS, "five attempts")

        assert "one is enough" in str(running.states()["arrivals"].reason)
        told = program("doctor", "--directory", running.demo.directory).stdout
        assert "WRONG  service arrivals: ended" in told
        assert running.serves()
        assert running.is_ready(*_PUBLIC)
        assert running.processes(*others) == before
    finally:
        os.close(descriptor)
    wait_until(lambda: running.is_ready("arrivals"), _SOON_SECONDS, "arrivals being ready again")
    log = (running.demo.directory / "services.log").read_text()
    assert log.count("supervisor: arrivals: it has ended") <= 2, "once for the kill, once for the folder"


def test_the_database_gone_for_a_while(running: Running) -> None:
    """No process ends; nothing is called good that may be revoked, CRLs are served, and all of it is back with it."""
    before = running.processes(*_PUBLIC, "notifier", "arrivals")
    assert running.demo.revoke(0)[0] == 200
    wait_until(lambda: running.ocsp(0) == "REVOKED", _SOON_SECONDS, "the revocation in OCSP")
    file = running.demo.directory / "revocation.db"
    away = file.with_name("away.db")
    file.rename(away)
    try:
        wait_until(
            lambda: all(running.readiness(name)[0] == 503 for name in ("web", "ocsp", "console", "notifier")),
            _SOON_SECONDS,
            "every service that needs it saying so",
        )
        # Fail closed: what it knows to be revoked, it says; of nothing else can it know. For up to 50 ms it still reads
        # the file that it has open, which is the journal wherever it lies: its name is looked at no more often.
        wait_until(lambda: running.ocsp(1) == "TRY_LATER", 1, "the responder missing the file")
        assert (running.ocsp(0), running.ocsp(1)) == ("REVOKED", "TRY_LATER")
        assert running.crl() == 200
        assert running.page() in {200, 503}
        assert running.demo.revoke(1)[0] == 503
    finally:
        away.rename(file)
    wait_until(
        lambda: running.is_ready(*_PUBLIC, "notifier", "arrivals"), _SOON_SECONDS, "every service being ready again"
    )
    assert running.serves()
    assert running.processes(*_PUBLIC, "notifier", "arrivals") == before


@pytest.mark.long
def test_a_port_that_is_taken_at_the_start(running: Running, tmp_path: Path) -> None:
    """The service says it and waits for the port; the others come up without it. `serve web` alone is refused."""
    demo = running.demo
    status, said = demo.stop()
    assert status == 0, said
    port = int(running.contract["console_url"].rstrip("/").rpartition(":")[2])
    command = [sys.executable, "-m", "pki_revocation", "serve", "all", "--directory", str(demo.directory)]
    with contextlib.ExitStack() as ending:
        holder = ending.enter_context(socket.create_server(("127.0.0.1", port)))
        with (tmp_path / "log").open("w") as log:
            services = subprocess.Popen(command, env=environment(), stderr=log)
        ending.callback(services.wait)
        ending.callback(services.terminate)
        others = ("publisher", "distribution", "ocsp", "web", "notifier", "arrivals")
        wait_until(lambda: running.is_ready(*others), 2 * _SOON_SECONDS, "the others being ready")
        wait_until(lambda: running.states()["console"].ended >= 3, _SOON_SECONDS, "three attempts")
        assert running.serves()
        assert running.states()["console"].reason == (
            f"console cannot listen on 127.0.0.1:{port}: Address already in use."
        )
        alone = program("serve", "console", "--directory", demo.directory)
        assert alone.returncode == 1
        *_, last = alone.stderr.splitlines(keepends=True)
        assert last == f"Error: console cannot listen on 127.0.0.1:{port}: Address already in use.\n"
        before = running.processes(*others)
        holder.close()
        wait_until(lambda: running.is_ready("console"), _SOON_SECONDS, "the console being ready")
        assert running.processes(*others) == before
        family = psutil.Process(services.pid).children(recursive=True)
        assert len(family) == 7
    assert services.returncode == 0
    assert (tmp_path / "log").read_text().count("supervisor: console: it has ended") == 1
    demo.start()


def test_what_concerns_all_services_is_refused_at_the_start(tmp_path: Path) -> None:
    """A database that was never made, and a file that is no configuration: one sentence, and no service."""
    (tmp_path / "config.toml").write_text("[database]\nurl = 'sqlite:///revocation.db'\n")
    absent = program("serve", "all", "--directory", tmp_path)
    (tmp_path / "config.toml").write_text("[database\n")
    broken = program("serve", "all", "--directory", tmp_path)

    for done in (absent, broken):
        assert done.returncode == 1
        assert done.stderr.startswith("Error: ")
        assert len(done.stderr.strip().splitlines()) == 1
    assert "pki-revocation init" in absent.stderr
