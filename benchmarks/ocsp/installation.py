"""What is measured: a demo's hierarchy with 1,000 certificates, and the product's own responder on it, on one core."""

import contextlib
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.processes import SERVER_CORE, NotHere, pinned, wait_for_port
from ocsp_responder.bench.questions import Asking, Questions, serials
from ocsp_responder.client.query import Question, ask, verify
from ocsp_responder.config import OcspSettings
from ocsp_responder.errors import AnswerRefused
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import issuer_named
from tests.integration.running_demo import RunningDemo, free_port_base

CERTIFICATES = 1000
_NONCE_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An installation on disk, with what is asked about."""

    installation: Installation
    issuer: Issuer
    about: tuple[int, ...]

    @property
    def url(self) -> str:
        """Where its responder listens."""
        return self.installation.section(OcspSettings).public_url

    @property
    def host(self) -> str:
        """Host and port of the responder."""
        return urlsplit(self.url).netloc

    def requests(self, asking: Asking) -> list[bytes]:
        """One HTTP request for each certificate; where a nonce is to follow, without its octets."""
        questions = Questions(self.issuer, self.about, asking, self.url)
        found = [questions.next().request for _ in range(len(questions))]
        return [each[:-_NONCE_OCTETS] for each in found] if asking.with_nonce else found

    def status_of(self, serial: int) -> str:
        """What a relying party that verifies everything is told; it asks with a nonce."""
        question = Question(issuer=self.issuer, serial=serial, nonce=secrets.token_bytes(_NONCE_OCTETS))
        return verify(ask(self.url, question), question, SystemClock().now()).status

    @contextlib.contextmanager
    def responder(self, workers: int = 1) -> Iterator[psutil.Process]:
        """`pki-revocation serve ocsp` with so many workers on the server's core, answering."""
        program = Path(sys.executable).with_name("pki-revocation")
        command: list[str | Path] = [
            program,
            "serve",
            "ocsp",
            "--workers",
            str(workers),
            "--directory",
            self.installation.directory,
        ]
        with tempfile.NamedTemporaryFile() as output:
            log = Path(output.name)
            with pinned(command, SERVER_CORE, log=log) as process:
                wait_for_port(int(self.host.rpartition(":")[2]), process, log)
                self.wait_for_answer()
                yield process

    def wait_for_answer(self, seconds: float = 120) -> None:
        """Until the first verified answer.

        Raises:
            NotHere: when there is none in that time.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.status_of(self.about[0])
            except AnswerRefused as error:
                if time.monotonic() > deadline:
                    raise NotHere(str(error)) from error
                time.sleep(0.005)
            else:
                return


def prepared(directory: Path, most: int = CERTIFICATES) -> Prepared:
    """An installation that is there already."""
    installation = Installation.open(directory)
    with installation.database() as database, database.read() as connection:
        issuer = issuer_named(connection, None)
        return Prepared(installation=installation, issuer=issuer, about=serials(connection, issuer, most))


def prepare(directory: Path, certificates: int = CERTIFICATES, *options: str) -> Prepared:
    """Make one, or take the one that an earlier run left there. What `demo.json` said is kept as `bench.json`.

    Args:
        directory: where it is, or is to be.
        certificates: how many are in its register.
        options: more of `pki-revocation demo`, such as its key type.
    """
    kept = directory / "bench.json"
    if not kept.is_file():
        say(f"making an installation with {certificates} certificates in {directory}")
        arguments = ["--certificates", str(certificates), "--port-base", str(free_port_base()), *options]
        demo = RunningDemo(directory=directory, arguments=arguments).start()
        contract = demo.contract
        demo.stop()
        kept.write_text(json.dumps(contract))
        kept.chmod(0o600)
    return prepared(directory)


def say(what: str) -> None:
    """Progress, on standard error."""
    print(f"  {what}", file=sys.stderr, flush=True)
