"""Installations on disk with a CA's key, and publishers that run as processes."""

import contextlib
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crl_publisher.published import PublishedCrl, published
from keys.files.file_key import save_key
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.host.failpoints import VARIABLE
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import add_issuer
from tests.crl_publisher.population import Population
from tests.pki import CertificateAuthority
from tests.program_server import Run

PROGRAM = Path(sys.executable).with_name("pki-revocation")
# A proxy of the environment has no business with loopback.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An installation, the issuer in it, and where its services listen."""

    installation: Installation
    database: Database
    issuer: Issuer
    population: Population
    failpoints: Path
    operations_url: str
    distribution_url: str

    @property
    def public_file(self) -> Path:
        """Where the issuer's CRL becomes public."""
        return self.installation.path("published/crl/issuing.crl")

    def history(self, limit: int = 1000) -> tuple[PublishedCrl, ...]:
        """What was published, the newest first."""
        with self.database.read() as connection:
            return published(connection, self.issuer, limit=limit)

    def command(self, *words: str) -> list[str]:
        """A command line on this installation."""
        return [str(PROGRAM), *words, "--directory", str(self.installation.directory)]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        _, *arguments = self.command(*words)
        return Run(arguments, environment=self.environment()).end(timeout=600)

    def environment(self) -> dict[str, str]:
        """The environment of every process, with the folder of failpoints."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PKI_REVOCATION_")}
        return clean | {VARIABLE: str(self.failpoints)}


def install(folder: Path, database: Database, authority: CertificateAuthority) -> Installed:
    """Write a configuration and the CA's key, and register the authority as the default issuer `issuing`."""
    clock = SystemClock()
    operations, distribution, distribution_operations = free_ports(3)
    (folder / "keys").mkdir(mode=0o700)
    (folder / "failpoints").mkdir()
    save_key(authority.key, folder / "keys" / "issuing.pem")
    (folder / "config.toml").write_text(
        f"""
        [database]
        url = "{database.url.render_as_string(hide_password=False)}"
        [keys.issuing]
        crl_key = "keys/issuing.pem"
        unencrypted = true
        [publisher]
        operations_port = {operations}
        [distribution]
        port = {distribution}
        operations_port = {distribution_operations}
        """
    )
    with database.write() as connection:
        issuer = add_issuer(connection, name="issuing", certificate=authority.certificate, is_default=True, clock=clock)
    return Installed(
        installation=Installation.open(folder),
        database=database,
        issuer=issuer,
        population=Population(database, issuer, clock),
        failpoints=folder / "failpoints",
        operations_url=f"http://127.0.0.1:{operations}",
        distribution_url=f"http://127.0.0.1:{distribution}",
    )


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


@contextlib.contextmanager
def running(installed: Installed, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until the block ends; it need not live that long."""
    process = subprocess.Popen(
        installed.command(*words),
        env=installed.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def status_of(url: str) -> int:
    """The HTTP status of an address; 0 while nobody answers."""
    try:
        with DIRECT.open(url, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0
