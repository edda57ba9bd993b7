"""Installations on disk with a responder's key, and responders that run as processes."""

import contextlib
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from keys.files.file_key import save_key
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import add_issuer
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

# A proxy of the environment has no business with loopback.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_START_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An installation, the issuer in it, and where its responder is to listen."""

    installation: Installation
    issuer: Issuer
    url: str
    operations_url: str


def install(
    folder: Path,
    database: Database,
    authority: CertificateAuthority,
    *,
    lifetime: timedelta = timedelta(days=14),
    settings: str = "",
) -> Installed:
    """Write a configuration and a delegated key, and register the authority as the issuer `issuing`."""
    clock = SystemClock()
    port, operations_port = free_ports(2)
    key, certificate = authority.delegate(clock.now(), lifetime)
    (folder / "keys").mkdir(mode=0o700)
    save_key(key, folder / "keys" / "ocsp.pem")
    (folder / "keys" / "ocsp-certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    url = f"http://127.0.0.1:{port}/ocsp"
    (folder / "config.toml").write_text(
        f"""
        [database]
        url = "{database.url.render_as_string(hide_password=False)}"
        [keys.issuing]
        ocsp_key = "keys/ocsp.pem"
        ocsp_certificate = "keys/ocsp-certificate.pem"
        unencrypted = true
        [ocsp]
        port = {port}
        operations_port = {operations_port}
        public_url = "{url}"
        {settings}
        """
    )
    with database.write() as connection:
        issuer = add_issuer(connection, name="issuing", certificate=authority.certificate, is_default=True, clock=clock)
    return Installed(
        installation=Installation.open(folder),
        issuer=issuer,
        url=url,
        operations_url=f"http://127.0.0.1:{operations_port}",
    )


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


@contextlib.contextmanager
def running(installed: Installed, *, workers: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """`pki-revocation serve ocsp` on it, until the block ends."""
    program = Path(sys.executable).with_name("pki-revocation")
    command: list[str | Path] = [
        program,
        "serve",
        "ocsp",
        "--workers",
        str(workers),
        "--directory",
        installed.installation.directory,
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PKI_REVOCATION_")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait(process, installed)
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _wait(process: subprocess.Popen[bytes], installed: Installed) -> None:
    """Until a worker answers; any OCSP answer will do."""

    def answers() -> bool:
        if process.poll() is not None:
            _, complaint = process.communicate()
            raise AssertionError(complaint.decode())
        with contextlib.suppress(OSError):
            DIRECT.open(installed.url, timeout=20).close()
            return True
        return False

    wait_until(answers, _START_SECONDS, "the responder's answer")
