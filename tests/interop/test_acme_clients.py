"""ACME clients, as subscribers have them, revoke here with the certificate's own key: certbot, uacme where it is."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pki_revocation import journal
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.model import Channel, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService
from pki_revocation.web.app import create_app
from tests.crl_publisher.installations import free_ports
from tests.fakes import FakeClock
from tests.key_proofs import key_of
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.browsing.visitor import served
from tests.pki_revocation.web.conftest import SESSION_KEY
from tests.subscribers import enrol

CERTBOT = str(Path(sys.executable).with_name("certbot"))


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone: a client sees no difference."""
    return sqlite_database


@pytest.fixture
def directory_url(service: RevocationService, clock: FakeClock) -> Iterator[str]:
    """ACME's directory, really served."""
    (port,) = free_ports(1)
    settings = WebSettings(public_url=f"http://127.0.0.1:{port}")
    with served(create_app(service=service, settings=settings, session_key=SESSION_KEY, clock=clock), port) as url:
        yield f"{url.rstrip('/')}/acme/directory"


@pytest.mark.parametrize(
    ("key", "options"),
    [
        pytest.param(ec.generate_private_key(ec.SECP256R1()), [], id="p256"),
        pytest.param(key_of("rsa2048"), ["--reason", "superseded"], id="rsa2048", marks=pytest.mark.long),
        pytest.param(ec.generate_private_key(ec.SECP384R1()), [], id="p384", marks=pytest.mark.long),
    ],
)
def test_certbot_revokes_with_the_certificates_key(
    directory_url: str,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
    tmp_path: Path,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    options: list[str],
) -> None:
    """The first time it says that it revoked; a second time that it was revoked before, and nothing is written."""
    certificate = authority.issue("Zorg BV", clock.now(), key=key)  # type: ignore[arg-type] # any key can be certified
    subscriber = enrol(database, issuer, certificate, clock, verifier)
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(_pem(key))

    first = _revoke(tmp_path, directory_url, *options)
    second = _revoke(tmp_path, directory_url)

    assert first.returncode == 0, first.stdout + first.stderr
    assert "successfully revoked" in first.stdout + first.stderr
    assert second.returncode != 0
    # Certbot shows its user the sentence of alreadyRevoked.
    assert "revoked for keyCompromise already" in " ".join((second.stdout + second.stderr).split())
    with database.read() as connection:
        (entry,) = journal.entries_after(connection, issuer.id, 0)
    assert entry.serial == subscriber.certificate.serial
    assert (entry.channel, entry.reason) == (Channel.KEY, RevocationReason.KEY_COMPROMISE)


def test_uacme_revokes_with_the_certificates_key(
    directory_url: str,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
    tmp_path: Path,
) -> None:
    """A client in C, which shares no line with certbot: it needs no account either."""
    program = shutil.which("uacme")
    if program is None:
        pytest.skip("uacme is not installed")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority.issue("Zorg BV", clock.now(), key=key)
    enrol(database, issuer, certificate, clock, verifier)
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(_pem(key))

    command = [program, "-v", "-a", directory_url, "-c", str(tmp_path / "conf"), "-y", "revoke", "cert.pem", "key.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    with database.read() as connection:
        (entry,) = journal.entries_after(connection, issuer.id, 0)
    assert (entry.channel, entry.reason) == (Channel.KEY, RevocationReason.KEY_COMPROMISE)


def test_certbot_without_the_key_is_told_what_to_do(directory_url: str, tmp_path: Path) -> None:
    """It would make an account first, and there are none: the message names --key-path's way."""
    folders = [option for name in ("config", "work", "logs") for option in (f"--{name}-dir", str(tmp_path / name))]
    command = [CERTBOT, "register", "--server", directory_url, "--agree-tos", "--register-unsafely-without-email"]
    done = subprocess.run(
        [*command, "-n", *folders], capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path
    )

    assert done.returncode != 0
    assert "This server has no accounts and issues nothing" in " ".join((done.stdout + done.stderr).split())


def _revoke(folder: Path, directory_url: str, *options: str) -> subprocess.CompletedProcess[str]:
    folders = [option for name in ("config", "work", "logs") for option in (f"--{name}-dir", str(folder / name))]
    command = [CERTBOT, "revoke", "--server", directory_url, "--cert-path", "cert.pem", "--key-path", "key.pem"]
    return subprocess.run(
        [*command, "--no-delete-after-revoke", "-n", *folders, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _pem(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
