"""A running subscriber service with registered numbers and codes, and a client that sends requests from any source.

The service trusts this machine as a proxy, so that each request can name a source of its own.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

from sqlalchemy import insert

from benchmarks.processes import free_port
from keys.demo.hierarchy import make_root
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeScheme, CodeVerifier, new_code
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper
from pki_revocation.database.schema import certificates
from pki_revocation.register.certificates import deal_numbers
from pki_revocation.register.issuers import add_issuer
from pki_revocation.register.live_codes import store_codes
from pki_revocation.runtime.new_installation import set_up

_FIRST_SOURCE = int(IPv4Address("10.0.0.1"))
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where the service is, and which numbers have which codes."""

    port: int
    letters: tuple[tuple[str, str], ...]


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        """Connect to the service."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def send(self, number: str, code: str, source: int, planted_seconds: float = 0) -> tuple[int, float]:
        """Ask for a revocation from a source; give the status, and the seconds that it took.

        *planted_seconds* are lost inside what is timed: a difference that must be found.
        """
        body = json.dumps({"number": number, "code": code})
        headers = {
            "Content-Type": "application/json",
            "X-Forwarded-For": str(IPv4Address(_FIRST_SOURCE + source)),
        }
        begun = time.perf_counter()
        self._connection.request("POST", "/api/v1/revocations", body, headers)
        response = self._connection.getresponse()
        response.read()
        if planted_seconds:
            end = time.perf_counter() + planted_seconds
            while time.perf_counter() < end:
                pass
        return response.status, time.perf_counter() - begun


@contextlib.contextmanager
def scene(letters: int) -> Iterator[Scene]:
    """Make everything in a folder that goes afterwards, and serve with one worker."""
    with tempfile.TemporaryDirectory(prefix="pki-guessing-") as folder:
        port, operations = free_port(), free_port()
        config = f"""\
[web]
port = {port}
operations_port = {operations}

[limits]
trusted_proxies = "127.0.0.1"
"""
        installation = set_up(Path(folder), config)
        made = _register(installation, letters)
        environment = os.environ | {"PKI_REVOCATION_LOG_LEVEL": "WARNING"}
        command = [sys.executable, "-m", "pki_revocation", "serve", "web", "--directory", folder]
        with subprocess.Popen(command, env=environment) as process:
            try:
                _wait_until_ready(operations, process)
                yield Scene(port=port, letters=tuple(made))
            finally:
                process.terminate()


def _register(installation: Installation, count: int) -> list[tuple[str, str]]:
    clock = SystemClock()
    now = clock.now()
    verifier = CodeVerifier(load_pepper(installation), CodeScheme.ARGON2ID)
    with installation.database() as database:
        with database.write() as connection:
            root = make_root("p256", now)
            issuer = add_issuer(connection, name="issuing", certificate=root.certificate, is_default=True, clock=clock)
            letters = [(number, new_code(verifier.scheme)) for number in deal_numbers(connection, count)]
            ids = [
                connection.execute(
                    insert(certificates)
                    .values(
                        issuer_id=issuer.id,
                        serial=place + 1,
                        subject=f"CN=server-{place}.example",
                        organisation="Zorgverzekeraar",
                        not_before=now,
                        not_after=now + timedelta(days=365),
                        number=number,
                        imported_at=now,
                    )
                    .returning(certificates.c.id)
                ).scalar_one()
                for place, (number, _) in enumerate(letters)
            ]
        with ThreadPoolExecutor(2) as pool:
            stored = list(pool.map(lambda letter: verifier.store(number=letter[0], code=letter[1]), letters))
        with database.write() as connection:
            pairs = list(zip(ids, stored, strict=True))
            store_codes(connection, pairs, pepper_id=verifier.pepper.id, clock=clock)
    return letters


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.1)
    raise RuntimeError("the service did not start")
