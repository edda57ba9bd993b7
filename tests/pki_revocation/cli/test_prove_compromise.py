"""`prove-compromise` as a subscriber uses it, without an installation and without a network."""

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from pki_revocation.cli.prove_compromise import UnreadableKey, prove_compromise
from pki_revocation.encoding.possession.csr_proof import csr_proof
from pki_revocation.encoding.possession.jws_proof import jws_proof
from pki_revocation.encoding.possession.making import NoSuchProof
from tests.key_proofs import key_of, spki

PAGE = "https://intrekken.example"
URL = f"{PAGE}/api/v1/revocations/by-key"
KEY = ec.generate_private_key(ec.SECP256R1())


def run(*arguments: str | Path, typed: str = "") -> Result:
    """Run it, and let its errors through as the program catches them."""
    result = CliRunner().invoke(prove_compromise, [str(each) for each in arguments], input=typed)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def key_file(folder: Path, form: Encoding = Encoding.PEM, passphrase: bytes | None = None) -> Path:
    """The key in a file."""
    protection: KeySerializationEncryption = (
        NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    )
    path = folder / "key.pem"
    path.write_bytes(KEY.private_bytes(form, PrivateFormat.PKCS8, protection))
    return path


@pytest.mark.parametrize("url", [PAGE, f"{PAGE}/", URL])
def test_proof_in_json_for_the_page_that_is_named(tmp_path: Path, url: str) -> None:
    """By the page's address or the endpoint's own; what it says on standard error is how to send it."""
    result = run("--key", key_file(tmp_path), "--url", url, "--out", tmp_path / "proof.json")

    proof = (tmp_path / "proof.json").read_bytes()
    assert jws_proof(proof, URL, datetime.now(UTC)).public_key == spki(KEY)
    assert result.stdout == ""
    assert (
        f"curl -H 'Content-Type: application/jose+json' --data-binary @{tmp_path / 'proof.json'} {URL}" in result.stderr
    )


@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER])
def test_request_on_standard_output(tmp_path: Path, form: Encoding) -> None:
    """Alone on it, so that it can be redirected."""
    result = run("--key", key_file(tmp_path, form), "--csr")

    assert csr_proof(result.stdout_bytes).public_key == spki(KEY)
    assert result.stderr == ""


def test_passphrase_is_asked(tmp_path: Path) -> None:
    """Up to three times, on standard error; it is shown nowhere."""
    path = key_file(tmp_path, passphrase=b"open sesame")
    result = run("--key", path, "--csr", typed="wrong\nopen sesame\n")
    assert csr_proof(result.stdout_bytes).public_key == spki(KEY)
    assert "This passphrase does not open it." in result.stderr
    assert "sesame" not in result.output
    with pytest.raises(UnreadableKey, match="not opened by any of 3"):
        run("--key", path, "--csr", typed="a\nb\nc\n")


def test_what_is_not_right_is_one_sentence(tmp_path: Path) -> None:
    """And nothing is written; least of all over the key."""
    path = key_file(tmp_path)
    before = path.read_bytes()
    for arguments, says in (
        ([], "one of the two"),
        (["--csr", "--url", PAGE], "one of the two"),
        (["--url", "intrekken.example"], "is no address of a page"),
        (["--url", f"{PAGE}?a=b"], "is no address of a page"),
        (["--csr", "--out", path], "is the key itself"),
    ):
        result = run("--key", path, *arguments)
        assert (result.exit_code, result.stdout) == (click.UsageError.exit_code, "")
        assert says in result.stderr
    assert path.read_bytes() == before
    (tmp_path / "text").write_text("hello")
    with pytest.raises(UnreadableKey, match="holds no private key"):
        run("--key", tmp_path / "text", "--csr")
    exchange = x25519.X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "x25519.pem").write_bytes(exchange)
    with pytest.raises(UnreadableKey, match="cannot sign"):
        run("--key", tmp_path / "x25519.pem", "--csr")
    pem = key_of("mldsa65").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "mldsa.pem").write_bytes(pem)
    with pytest.raises(NoSuchProof, match="use --csr"):
        run("--key", tmp_path / "mldsa.pem", "--url", PAGE)
