"""A ceremony with the CA's key on a token, signing with RSASSA-PSS: request, sign and install as people type them."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from keys.demo.hierarchy import self_signed
from pki_revocation.clock import SystemClock
from tests.crl_publisher.installations import Installed, install
from tests.crl_publisher.offline.test_cli import keyless, run
from tests.databases import new_sqlite
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.tokens import OnToken
from tests.pki import CertificateAuthority


@pytest.fixture
def installed(on_token: OnToken, tmp_path: Path) -> Installed:
    """An installation without a key, and a revocation; the issuer's RSA key is on the token."""
    authority = CertificateAuthority("Root on a token")
    authority.certificate = self_signed(on_token.generate("rsa2048", "root").load(), SystemClock().now())
    (tmp_path / "root.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    with new_sqlite(tmp_path / "revocation.db") as database:
        made = keyless(install(tmp_path, database, authority))
        made.population.issue_revoked(1)
    return made


def _openssl(*words: str | Path) -> str:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def _sign(installed: Installed, on_token: OnToken, folder: Path, signature: str) -> Path:
    """Ask, and sign what was asked for; the file."""
    asked, signed = folder / f"{signature}.request", folder / f"{signature}.crl"
    request = run(installed, "crl", "request", "--signature", signature, "-o", asked)
    assert request.exit_code == 0, request.output
    done = run(
        installed, "crl", "sign", asked, "--key", softhsm.uri(on_token.label, "root"),
        "--certificate", folder / "root.pem", "--yes", "-o", signed,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert on_token.pin not in request.output + done.output
    return signed


@pytest.mark.parametrize(("signature", "digest", "salt"), [("pss", "sha256", "20"), ("pss-sha512", "sha512", "40")])
def test_pss_with_a_key_on_a_token(
    on_token: OnToken, installed: Installed, tmp_path: Path, signature: str, digest: str, salt: str
) -> None:
    """OpenSSL verifies what becomes public, and finds RSASSA-PSS with that hash and a salt as long (RFC 4055)."""
    signed = _sign(installed, on_token, tmp_path, signature)
    done = run(installed, "crl", "install", signed)

    assert done.exit_code == 0, done.output
    told = _openssl(
        "crl", "-inform", "DER", "-in", installed.public_file, "-CAfile", tmp_path / "root.pem", "-noout", "-text"
    )
    assert "verify OK" in told
    assert "Signature Algorithm: rsassaPss" in told
    assert f"Hash Algorithm: {digest}" in told
    assert f"Salt Length: 0x{salt}" in told
    assert told.count("Serial Number:") == 1


def test_token_that_is_away_signs_nothing(on_token: OnToken, installed: Installed, tmp_path: Path) -> None:
    """One sentence, and no file."""
    asked, signed = tmp_path / "root.request", tmp_path / "root.crl"
    run(installed, "crl", "request", "--signature", "pss", "-o", asked)
    on_token.hsm.take_away()
    done = run(
        installed, "crl", "sign", asked, "--key", softhsm.uri(on_token.label, "root"),
        "--certificate", tmp_path / "root.pem", "--yes", "-o", signed,
    )  # fmt: skip

    assert done.exit_code == 1
    assert done.output.splitlines()[-1].startswith("Error: The ")
    assert not signed.exists()
