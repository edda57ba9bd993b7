"""Starts the real demo as a process, and drives it as the outside does: HTTP, openssl, signals."""

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psutil

from tests.program_server import Run
from tests.waiting import patience

_START_SECONDS = 120
# Ends a test that hangs, and is no promise of anything.
_LONGEST_SECONDS = 600
_WIDTH = 20


def free_port_base() -> int:
    """A base from which all of the demo's ports are free, away from the ephemeral range."""
    while True:
        base = 10_000 + secrets.randbelow(1100) * _WIDTH
        if all(_is_free(base + offset) for offset in range(_WIDTH)):
            return base


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything that would name an installation, or a make that runs us."""
    ours = ("PKI_REVOCATION_", "MAKE", "MFLAGS", "PART", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | dict(extra or {})


def program(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `pki-revocation` to its end."""
    return Run([*map(str, arguments)], environment=environment(), folder=cwd).end(_LONGEST_SECONDS)


@dataclass
class RunningDemo:
    """A demo in a folder, with everything that `demo.json` says."""

    directory: Path
    arguments: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start it and wait for demo.json."""
        command = [sys.executable, "-m", "pki_revocation", "demo", "--directory", str(self.directory), *self.arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(self.variables),
            start_new_session=True,
        )
        begun, started = time.time(), time.monotonic()
        while not self._ready_since(begun):
            taken = time.monotonic() - started
            if self.process.poll() is not None or (taken > _START_SECONDS and taken > patience(_START_SECONDS)):
                self.process.kill()
                said, _ = self.process.communicate()
                log = self.directory / "services.log"
                raise AssertionError(f"the demo did not start: {said}\n{log.read_text() if log.exists() else ''}")
            time.sleep(0.05)
        return self

    def _ready_since(self, moment: float) -> bool:
        """A killed demo leaves its demo.json behind until the next start, which is not this one's."""
        ready = self.directory / "demo.json"
        return ready.exists() and ready.stat().st_mtime >= moment

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send a signal, wait for the end, and give exit status and output."""
        assert self.process is not None
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=_LONGEST_SECONDS)
        return self.process.returncode, said

    @property
    def contract(self) -> dict[str, Any]:
        """What demo.json says now."""
        content: dict[str, Any] = json.loads((self.directory / "demo.json").read_text())
        return content

    def certificate(self, place: int) -> dict[str, str]:
        """The certificate at a place, with its number and code."""
        certificate: dict[str, str] = self.contract["certificates"][place]
        return certificate

    def path(self, relative: str) -> str:
        """A path in the demo's folder."""
        return str(self.directory / relative)

    def processes(self) -> list[psutil.Process]:
        """The demo's process and all that came of it."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def revoke(self, place: int, **fields: str) -> tuple[int, dict[str, Any]]:
        """Revoke through the JSON endpoint."""
        certificate = self.certificate(place)
        body = json.dumps({"number": certificate["number"], "code": certificate["code"], **fields})
        status, _, content = self.fetch("POST", self.contract["api_url"], body, {"Content-Type": "application/json"})
        return status, json.loads(content)

    def fetch(
        self, method: str, url: str, body: str | bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request on a connection of its own."""
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_LONGEST_SECONDS)
        try:
            target = address.path + (f"?{address.query}" if address.query else "")
            connection.request(method, target, body, dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def openssl_ocsp(self, place: int, *options: str) -> str:
        """What `openssl ocsp` says of a certificate, having verified the answer against the chain."""
        contract = self.contract
        return openssl(
            "ocsp", *options,
            "-issuer", self.path(contract["issuer"]),
            "-cert", self.path(self.certificate(place)["certificate"]),
            "-CAfile", self.path(contract["chain"]),
            "-url", contract["ocsp_url"],
        )  # fmt: skip

    def crl(self, folder: Path) -> Path:
        """The CRL as it is published now, as a PEM file that openssl verified."""
        _, _, content = self.fetch("GET", self.contract["crl_url"])
        der, pem = folder / "now.crl", folder / "now.crl.pem"
        der.write_bytes(content)
        openssl(
            "crl", "-inform", "DER", "-in", str(der), "-out", str(pem),
            "-CAfile", self.path(self.contract["chain"]), "-verify",
        )  # fmt: skip
        return pem

    def verify_with_crl(self, place: int, crl: Path) -> str:
        """What `openssl verify -crl_check` says of a certificate."""
        return openssl(
            "verify", "-crl_check", "-CAfile", self.path(self.contract["chain"]), "-CRLfile", str(crl),
            self.path(self.certificate(place)["certificate"]), check=False,
        )  # fmt: skip


def openssl(*arguments: str, check: bool = True) -> str:
    """Run openssl; give what it printed on both outputs."""
    done = subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, check=False, timeout=_LONGEST_SECONDS
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 or not check, said
    return said
