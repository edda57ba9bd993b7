"""`serve all` across the renewal of its CA's certificate, with OpenSSL as relying party and no restart."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.files.file_key import save_key
from tests.ocsp_responder.installations import free_ports
from tests.odd_authorities import UTF8, OddAuthority, odd_name
from tests.pki import DAY
from tests.waiting import wait_until

PROGRAM = Path(sys.executable).with_name("pki-revocation")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt install openssl"),
]
# Until services are ready, certificates were asked for and answers came: the first certificate must last as long.
_FIRST = timedelta(seconds=50)
_SERVICES = ("web", "console", "ocsp", "distribution")


class Installation:
    """A CA whose first certificate ends soon, in an installation with all services."""

    def __init__(self, folder: Path) -> None:
        """Set it up with the commands."""
        self.folder = folder
        now = datetime.now(UTC).replace(microsecond=0)
        self.ca = OddAuthority(odd_name(UTF8, b"Verlengde CA"))
        self.first = self.ca.certified(now - 3000 * DAY, now + _FIRST)
        self.second = self.ca.certified(now - timedelta(minutes=1), now + 900 * DAY)
        self.leaf = self.ca.issue(now)
        for name, certificate in (("first", self.first), ("second", self.second), ("leaf", self.leaf)):
            (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        self.run("init")
        self._configure()
        self.run("issuer", "add", "first.pem", "--name", "issuing")
        self.run("keys", "delegate", "register", "--issuer", "issuing")
        self.run("certificate", "import", "leaf.pem")

    def _configure(self) -> None:
        ports = free_ports(11)
        lines = ['[database]\nurl = "sqlite:///revocation.db"']
        lines += [
            f"[{name}]\nport = {ports.pop()}\noperations_port = {ports.pop()}" for name in _SERVICES if name != "ocsp"
        ]
        self.ocsp = f"http://127.0.0.1:{(port := ports.pop())}/ocsp"
        lines.append(f'[ocsp]\nport = {port}\noperations_port = {ports.pop()}\npublic_url = "{self.ocsp}"')
        lines += [f"[{name}]\noperations_port = {ports.pop()}" for name in ("publisher", "arrivals", "notification")]
        lines.append('[keys.issuing]\ncrl_key = "ca.key"\nocsp_delegates = "ocsp"\nunencrypted = true')
        register = self.folder / "register"
        (register / "config.toml").write_text("\n".join(lines))
        save_key(self.ca.key, register / "ca.key")

    def run(self, *words: str) -> str:
        """A command, which must do what it is told."""
        done = subprocess.run(
            [PROGRAM, *words, "--directory", "register"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """All services, until the block ends."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PKI_REVOCATION_")}
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [PROGRAM, "serve", "all", "--directory", "register"], cwd=self.folder, env=clean, stderr=log, stdout=log
            )
            try:
                yield
            finally:
                process.terminate()
                process.wait(timeout=60)

    def openssl(self, *words: str) -> str:
        """What OpenSSL says."""
        done = subprocess.run(
            ["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout + done.stderr

    def status(self, anchor: str) -> str:
        """What OCSP says of the leaf to a relying party with this certificate of the CA: `good`, or why not."""
        asked = ("-issuer", f"{anchor}.pem", "-cert", "leaf.pem", "-CAfile", f"{anchor}.pem", "-url", self.ocsp)
        said = self.openssl("ocsp", *asked)
        return said.partition("leaf.pem: ")[2].partition("\n")[0] if "Response verify OK" in said else said

    def verified(self, anchor: str) -> str:
        """What the published CRL says of the leaf to the same."""
        crl = self.folder / "register/published/crl/issuing.crl"
        if not crl.exists():
            return ""
        parsed = x509.load_der_x509_crl(crl.read_bytes())
        (self.folder / "crl.pem").write_bytes(parsed.public_bytes(Encoding.PEM))
        return self.openssl("verify", "-crl_check", "-CAfile", f"{anchor}.pem", "-CRLfile", "crl.pem", "leaf.pem")


def test_relying_parties_notice_no_renewal(tmp_path: Path) -> None:
    """Good under both certificates while both are valid, and revoked in CRL and OCSP when the first has ended."""
    made = Installation(tmp_path)
    with made.serving():
        wait_until(lambda: made.status("first") == "good", seconds=40)
        wait_until(lambda: "leaf.pem: OK" in made.verified("first"), seconds=40)
        made.run("issuer", "renew", "issuing", "second.pem")
        aia = tmp_path / "register/published/aia/issuing.cer"
        wait_until(lambda: aia.read_bytes() == made.second.public_bytes(Encoding.DER), seconds=20)
        for anchor in ("first", "second"):
            assert made.status(anchor) == "good"
            assert "leaf.pem: OK" in made.verified(anchor)
        wait_until(lambda: datetime.now(UTC) > made.first.not_valid_after_utc + timedelta(seconds=2), seconds=90)
        wait_until(lambda: made.status("second") == "good", seconds=20)
        made.run("revoke", "leaf.pem", "--yes")

        assert made.status("second") == "revoked"
        wait_until(lambda: "certificate revoked" in made.verified("second"), seconds=20)
        said = made.run("crl", "publish")
        assert "is public" in said
    assert "Traceback" not in (tmp_path / "log").read_text()
