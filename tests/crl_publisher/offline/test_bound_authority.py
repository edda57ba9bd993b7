"""A CA whose key is bound to one way of signing, and is elsewhere: request, signature and installation keep to it."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from crl_publisher.crl.frame import read_frame
from keys.files.file_key import save_key
from pki_revocation.cli.program import program
from pki_revocation.encoding.certificate_parts import parts_of
from tests.bound_authorities import RSA_ENCRYPTION, UNBOUND, BoundAuthority, pss
from tests.odd_authorities import UTF8, OddAuthority, odd_name

KEY = rsa.generate_private_key(65537, 2048)
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt install openssl")

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command; `--directory` is added where it takes one."""

    def invoke(*words: str, here: bool = True) -> Result:
        where = ["--directory", str(tmp_path / "register")] if here else []
        return CliRunner().invoke(program, [*words, *where])

    assert invoke("init").exit_code == 0
    return invoke


def ceremony(run: Run, folder: Path, *more: str) -> Result:
    """Request, sign and install; the last one's result, or that of the first that was refused."""
    asked, signed = str(folder / "asked.txt"), str(folder / "signed.crl")
    for words, here in (
        (("crl", "request", "-o", asked, *more), True),
        (
            (
                *("crl", "sign", asked, "--key", str(folder / "ca.key"), "--certificate", str(folder / "ca.pem")),
                *("--unencrypted", "--yes", "-o", signed),
            ),
            False,
        ),
        (("crl", "install", signed), True),
    ):
        result = run(*words, here=here)
        if result.exit_code:
            return result
    return result


@pytest.mark.parametrize(
    ("binding", "name"),
    [
        (UNBOUND, "SHA256"),
        (pss("sha256", 32), "SHA256"),
        (pss("sha384", 48), "SHA384"),
        (pss("sha512", 64), "SHA512"),
        (RSA_ENCRYPTION, "sha256WithRSAEncryption"),
    ],
    ids=["unbound", "SHA-256", "SHA-384", "SHA-512", "rsaEncryption"],
)
def test_crl_that_is_signed_elsewhere(run: Run, tmp_path: Path, binding: bytes, name: str) -> None:
    """With nothing said about it, as the certificate says; OpenSSL verifies it, and sees the parameters."""
    ca = BoundAuthority(binding, KEY)
    (tmp_path / "ca.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    save_key(KEY, tmp_path / "ca.key")
    assert run("issuer", "add", str(tmp_path / "ca.pem"), "--name", "root").exit_code == 0
    installed = ceremony(run, tmp_path)
    assert installed.exit_code == 0, installed.output
    words = ["openssl", "crl", "-inform", "DER", "-in", str(tmp_path / "register/published/crl/root.crl")]
    done = subprocess.run(
        [*words, "-CAfile", str(tmp_path / "ca.pem"), "-noout", "-text"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "verify OK" in done.stderr
    assert name.lower() in done.stdout.replace("Hash Algorithm: ", "").lower()


def test_signature_that_the_certificate_forbids_is_not_requested(run: Run, tmp_path: Path) -> None:
    """In one sentence, before a number is reserved."""
    (tmp_path / "ca.pem").write_bytes(BoundAuthority(pss("sha384", 48), KEY).certificate.public_bytes(Encoding.PEM))
    save_key(KEY, tmp_path / "ca.key")
    run("issuer", "add", str(tmp_path / "ca.pem"), "--name", "root")
    refused = ceremony(run, tmp_path, "--signature", "pkcs1")

    assert refused.exit_code == 1
    assert "binds it to RSASSA-PSS with SHA-384" in refused.output
    assert not (tmp_path / "asked.txt").exists()


def test_pkcs1_crl_of_a_bound_ca_is_not_installed(run: Run, tmp_path: Path) -> None:
    """One that another program signed in another way: OpenSSL refuses it, and so does the gate."""
    bound = BoundAuthority(UNBOUND, KEY)
    unbound = BoundAuthority(RSA_ENCRYPTION, KEY)
    save_key(KEY, tmp_path / "ca.key")
    (tmp_path / "ca.pem").write_bytes(unbound.certificate.public_bytes(Encoding.PEM))
    run("issuer", "add", str(tmp_path / "ca.pem"), "--name", "root")
    assert ceremony(run, tmp_path).exit_code == 0
    other = tmp_path / "other"
    assert CliRunner().invoke(program, ["init", "--directory", str(other)]).exit_code == 0
    (tmp_path / "bound.pem").write_bytes(bound.certificate.public_bytes(Encoding.PEM))
    words = ["issuer", "add", str(tmp_path / "bound.pem"), "--name", "root", "--directory", str(other)]
    assert CliRunner().invoke(program, words).exit_code == 0
    install = ["crl", "install", str(tmp_path / "signed.crl"), "--directory", str(other)]
    refused = CliRunner().invoke(program, install)

    assert refused.exit_code == 1
    assert "with an algorithm that its key may not sign with" in refused.output
    assert parts_of(bound.certificate).key_bits == parts_of(unbound.certificate).key_bits
    # What probe and distribution ask, who read around the list alone.
    with (tmp_path / "signed.crl").open("rb") as stream:
        frame = read_frame(stream)
        assert frame.is_signed_by(unbound.certificate, stream)
        assert not frame.is_signed_by(bound.certificate, stream)


def test_odd_ca_is_named_and_signed_elsewhere(run: Run, tmp_path: Path) -> None:
    """The facts show its name as it can be read, and the CRL has it octet for octet."""
    ca = OddAuthority(odd_name(UTF8, b"Zorg \xe9"))
    (tmp_path / "ca.pem").write_bytes(ca.pem())
    save_key(ca.key, tmp_path / "ca.key")
    run("issuer", "add", str(tmp_path / "ca.pem"), "--name", "root")
    installed = ceremony(run, tmp_path)
    shown = run("crl", "inspect", "--issuer", "root")

    assert installed.exit_code == 0, installed.output
    assert "Issuer:       CN=Zorg é,O=Register,C=NL" in (tmp_path / "asked.txt").read_text()
    assert "CN=Zorg é" in shown.output
