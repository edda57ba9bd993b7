"""Delegated certificates roll while real processes serve: nobody restarts anything, and every answer verifies."""

import dataclasses
import secrets
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Self

import psutil
import pytest
from cryptography.x509 import ocsp

from keys.certificate_request import certificate_request
from keys.delegate_key_store import DelegateKeyStore
from keys.delegation.certificate import issue_delegate
from keys.delegation.requests import register_responder
from keys.enrolment import enrolment_key, public_half
from keys.errors import UnusableKey
from keys.files.file_key import save_key
from keys.files.private_files import write_new
from keys.identity import Purpose, identify
from keys.key_location import KeyLocation
from keys.keyring import Keyring
from ocsp_responder.client.query import Question, ask, verify
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from tests.crl_publisher.installations import PROGRAM, free_ports
from tests.databases import new_sqlite
from tests.integration.running_demo import environment
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.tokens import OnToken
from tests.ocsp_responder import registers
from tests.ocsp_responder.installations import DIRECT, Installed, install, running
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

SYSTEM = SystemClock()
LIFETIME = timedelta(days=14)
_TIMEOUT_SECONDS = 60
# The responder looks at its keys every second.
_LOOKED_AT_SECONDS = 2.5
_CLIENTS = 4


class Scene:
    """A register with CA and responder on one database; the responder's certificate is past half of its life."""

    def __init__(self, folder: Path, key_uri: str | None = None) -> None:
        """Write everything; *key_uri* says where on a token the responder makes its keys."""
        authority = CertificateAuthority("Demo Zorgverzekeraars CA")
        key = "" if key_uri is None else f'ocsp_key = "{key_uri}"\nocsp_secret = "file:pin"\n'
        with new_sqlite(folder / "revocation.db") as database:
            made = install(folder, database, authority)
            self.known = authority.issue("Zorg BV", SYSTEM.now())
            registers.add(database, made.issuer, SYSTEM, self.known)
            save_key(authority.key, folder / "keys" / "ca.pem")
            config = made.installation.config
            config.write_text(
                config.read_text()
                .replace('ocsp_key = "keys/ocsp.pem"', f'crl_key = "keys/ca.pem"\n{key}')
                .replace('ocsp_certificate = "keys/ocsp-certificate.pem"', 'ocsp_delegates = "keys/ocsp"')
                + f"\n[publisher]\noperations_port = {free_ports(1)[0]}\n"
            )
            self.responder: Installed = dataclasses.replace(made, installation=Installation.open(folder))
            self.issuer = made.issuer
            found = Keyring.open(self.responder.installation, SYSTEM).delegates(self.issuer)
            assert found is not None
            self.folder: DelegateKeyStore = found
            self.folder.prepare()
            with database.write() as connection:
                public = public_half(enrolment_key(self.folder.enrolment))
                register_responder(connection, self.issuer, "one", public, SYSTEM.now())
        self._install_aged(authority)

    def _install_aged(self, authority: CertificateAuthority) -> None:
        """What was issued ten days ago for fourteen."""
        then = SYSTEM.now() - timedelta(days=10)
        ca = authority.certificate
        identity = identify(authority.key, ca, Purpose.CRL, issuer=ca, now=then)
        self.folder.begin(lambda location: certificate_request(location.load(), "CN=first"))
        pending = self.folder.pending()
        assert pending is not None
        name, _ = pending
        certificate = issue_delegate(
            identity, self.folder.location(name).load().public_key(), now=then, lifetime=LIFETIME
        )
        self.folder.install(name, certificate)
        self.first = name

    def answer(self) -> tuple[str, int]:
        """What a client is told and verifies, and the serial of who signed it."""
        question = Question(issuer=self.issuer, serial=self.known.serial_number, nonce=secrets.token_bytes(32))
        der = ask(self.responder.url, question)
        status = verify(der, question, SYSTEM.now()).status
        (signer,) = ocsp.load_der_ocsp_response(der).certificates
        return status, signer.serial_number

    def publisher(self) -> "subprocess.Popen[bytes]":
        """The publisher, started."""
        return subprocess.Popen(
            [PROGRAM, "publisher", "--directory", self.responder.installation.directory],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop_a_worker(self, pid: int) -> psutil.Process:
        """Stop one of the processes that hold the first key, at a moment at which it does not write."""
        holds = str(self.folder.path / f"{self.first}.pem")
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            for each in psutil.Process(pid).children():
                if holds not in {found.path for found in each.open_files()}:
                    continue
                each.send_signal(signal.SIGSTOP)
                if self._can_be_written():
                    return each
                each.send_signal(signal.SIGCONT)
            time.sleep(0.1)
        raise AssertionError("no worker holds the key")

    def _can_be_written(self) -> bool:
        with closing(sqlite3.connect(self.responder.installation.directory / "revocation.db", timeout=1)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
        return True

    def metrics(self) -> str:
        """What the responder's /metrics says."""
        with DIRECT.open(f"{self.responder.operations_url}/metrics", timeout=120) as response:
            return str(response.read().decode())


class Load:
    """Clients that ask all the time, and keep what they were told."""

    def __init__(self, scene: Scene) -> None:
        """Nobody asks yet."""
        self._scene = scene
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(_CLIENTS)]
        self.answers: list[tuple[float, str, int]] = []
        self.failures: list[Exception] = []

    def __enter__(self) -> Self:
        """They ask."""
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        """They are done."""
        self._stop.set()
        for each in self._threads:
            each.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                self.answers.append((time.monotonic(), *self._scene.answer()))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what the test is about
                self.failures.append(error)

    def signers(self) -> set[int]:
        """Who has signed."""
        return {serial for _, _, serial in list(self.answers)}

    def until_all_from(self, serial: int) -> None:
        """Until the last fifty answers came from one signer."""
        wait_until(
            lambda: len(self.answers) >= 50 and {each for _, _, each in self.answers[-50:]} == {serial},
            what="that every worker took the new key up",
        )


@pytest.fixture(params=["file", pytest.param("token", marks=pytest.mark.long)])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    """With keys in files, and on a token."""
    folder = tmp_path / "register"
    folder.mkdir()
    if request.param == "file":
        return Scene(folder)
    on_token: OnToken = request.getfixturevalue("on_token")
    write_new(folder / "pin", on_token.pin.encode(), "PIN file")
    return Scene(folder, softhsm.uri(on_token.label, "ocsp"))


def is_there(location: KeyLocation) -> bool:
    """Whether a key can still be loaded."""
    try:
        location.load()
    except UnusableKey:
        return False
    return True


@pytest.mark.long
def test_rolls_under_load(scene: Scene) -> None:
    """Two workers, four clients with nonces: no answer fails to verify, before, while and after the new key comes.

    The old key goes on until the publisher is there, and as long as one worker is stuck with it; it is destroyed when
    nobody signs with it any more.
    """
    with running(scene.responder, workers=2) as process:
        (old,) = {scene.answer()[1]}
        stuck = scene.stop_a_worker(process.pid)
        with Load(scene) as load:
            load.until_all_from(old)
            publisher = scene.publisher()
            try:
                wait_until(lambda: load.signers() != {old}, what="a new key")
                (new,) = load.signers() - {old}
                load.until_all_from(new)
            finally:
                publisher.terminate()
                publisher.wait(timeout=120)
            time.sleep(_LOOKED_AT_SECONDS)
            assert scene.first in scene.folder.state(), "a worker lost its key"
            scene.folder.location(scene.first).load()
            stuck.send_signal(signal.SIGCONT)
            wait_until(lambda: scene.first not in scene.folder.state(), what="the end of the old key")
            # The folder's state forgets it first, so that a kill between the two leaves a key that nothing refers to.
            wait_until(lambda: not is_there(scene.folder.location(scene.first)), what="the destruction of the old key")
            load.until_all_from(new)
            assert f'ocsp_signer_alarm{{issuer="{scene.issuer.name}"}} 0.0' in scene.metrics()

    assert load.failures == []
    assert {status for _, status, _ in load.answers} == {"good"}
    assert load.signers() == {old, new}
