"""What every key type signs, from a file and from a token, judged by OpenSSL: CRL, OCSP answers, delegated chain."""

import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keys.algorithms import SignatureName
from keys.files.file_key import KEY_TYPES
from tests.interop.signed_set import SignedSet
from tests.keys.pkcs11.tokens import OnToken

pytestmark = pytest.mark.skipif(which("openssl") is None, reason="needs openssl: apt-get install openssl")
_OPENSSL_TYPES = sorted(each for each in KEY_TYPES if not each.startswith("mldsa"))
_PSS = [SignatureName.PSS, SignatureName.PSS_SHA384, SignatureName.PSS_SHA512]
_PKCS1 = [SignatureName.PKCS1_SHA384, SignatureName.PKCS1_SHA512]
# Ed25519's and the curves' signatures are one each; of the RSA sizes the token makes the larger ones slowly.
_TOKEN_TYPES = [
    *(("p256", None), ("p384", None), ("ed25519", None), ("rsa3072", None)),
    *(("rsa2048", signature) for signature in SignatureName),
]


def _openssl(*words: str | Path) -> str:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def _judge(made: SignedSet) -> None:
    """Everything verifies, and says what it should; with a CA that is another's nothing does."""
    folder, ca = made.folder, made.folder / "ca.pem"
    assert "verify OK" in _openssl("crl", "-inform", "DER", "-in", folder / "crl/ca.crl", "-CAfile", ca, "-noout")
    assert "delegate.pem: OK" in _openssl("verify", "-x509_strict", "-CAfile", ca, folder / "delegate.pem")
    for name, serial in (("good", made.good), ("revoked", made.revoked)):
        asked: list[str | Path] = ["-issuer", ca, "-sha256", "-serial", f"{serial:#x}", "-no_nonce", "-CAfile", ca]
        said = _openssl("ocsp", "-respin", folder / f"{name}.der", *asked)
        assert "Response verify OK" in said
        assert f"{serial:#x}: {name}" in said
    text = _openssl("x509", "-in", folder / "delegate.pem", "-noout", "-text")
    assert "OCSP Signing" in text
    assert "OCSP No Check" in text


@pytest.mark.parametrize("key_type", _OPENSSL_TYPES)
def test_file_keys(tmp_path: Path, key_type: str) -> None:
    """CA and responder with keys of the same type."""
    _judge(SignedSet(tmp_path, KEY_TYPES[key_type](), KEY_TYPES[key_type]()))


@pytest.mark.parametrize("signature", _PSS)
def test_pss(tmp_path: Path, signature: SignatureName) -> None:
    """PKIoverheid G4: certificates, CRLs and answers with RSASSA-PSS, and nothing of PKCS#1 v1.5 in them."""
    made = SignedSet(tmp_path, KEY_TYPES["rsa2048"](), KEY_TYPES["rsa2048"](), signature)

    _judge(made)
    bits = signature.value.removeprefix("pss").removeprefix("-sha") or "256"
    for text in (
        _openssl("x509", "-in", tmp_path / "delegate.pem", "-noout", "-text"),
        _openssl("crl", "-inform", "DER", "-in", tmp_path / "crl/ca.crl", "-noout", "-text"),
    ):
        assert "Signature Algorithm: rsassaPss" in text
        assert f"Hash Algorithm: sha{bits}" in text
        assert f"Salt Length: 0x{int(bits) // 8:X}" in text


@pytest.mark.parametrize("signature", _PKCS1)
def test_pkcs1_with_longer_hashes(tmp_path: Path, signature: SignatureName) -> None:
    """RSA with SHA-384 and SHA-512, in the certificate and the CRL."""
    made = SignedSet(tmp_path, KEY_TYPES["rsa2048"](), KEY_TYPES["rsa2048"](), signature)

    _judge(made)
    name = f"sha{signature.value[-3:]}WithRSAEncryption"
    assert name in _openssl("x509", "-in", tmp_path / "delegate.pem", "-noout", "-text")
    assert name in _openssl("crl", "-inform", "DER", "-in", tmp_path / "crl/ca.crl", "-noout", "-text")


@pytest.mark.parametrize(("key_type", "signature"), _TOKEN_TYPES)
def test_keys_on_a_token(on_token: OnToken, tmp_path: Path, key_type: str, signature: SignatureName | None) -> None:
    """Both keys on SoftHSM's token: OpenSSL cannot tell."""
    files = tmp_path / "files"
    files.mkdir()
    ca, responder = (on_token.generate(key_type, name).load() for name in ("ca", "responder"))

    _judge(SignedSet(files, ca, responder, signature))


def test_judge_is_awake(tmp_path: Path) -> None:
    """Another CA's certificate in its place: nothing verifies."""
    made = SignedSet(tmp_path, KEY_TYPES["p256"](), ec.generate_private_key(ec.SECP256R1()))
    (tmp_path / "other").mkdir()
    other = SignedSet(tmp_path / "other", KEY_TYPES["p256"](), ec.generate_private_key(ec.SECP256R1()))
    (tmp_path / "ca.pem").write_bytes((other.folder / "ca.pem").read_bytes())

    with pytest.raises(AssertionError):
        _judge(made)
    assert "verify OK" not in _openssl(
        "crl", "-inform", "DER", "-in", tmp_path / "crl/ca.crl", "-CAfile", tmp_path / "ca.pem", "-noout"
    )
