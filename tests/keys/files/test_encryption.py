"""How an encrypted key file is protected, as far as its own octets say it."""

import base64
import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keys.errors import UnusableKey
from keys.files.encryption import pem, protection_of
from pki_revocation.encoding.der import integer, object_identifier, octet_string, sequence

PBES2 = object_identifier("1.2.840.113549.1.5.13")
PBE_SHA1_3DES = object_identifier("1.2.840.113549.1.12.1.3")
OF_NOBODY = object_identifier("1.3.6.1.4.1.99999.1")


def _file(algorithm: bytes, behind: bytes = b"") -> bytes:
    text = base64.b64encode(sequence(algorithm, octet_string(b"?")) + behind)
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + text + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"


def test_what_openssl_encrypts_is_told(tmp_path: Path) -> None:
    """RFC 8018: PBES2 with PBKDF2, and with scrypt (RFC 7914), by another hand."""
    plain = tmp_path / "plain.pem"
    plain.write_bytes(pem(ec.generate_private_key(ec.SECP256R1()), None))
    for options, derivation in (([], "PBKDF2"), (["-scrypt"], "scrypt")):
        made = subprocess.run(
            ["openssl", "pkcs8", "-topk8", "-in", plain, "-passout", "pass:a passphrase", *options],
            check=True,
            capture_output=True,
        )

        assert protection_of(made.stdout).derivation == derivation


@pytest.mark.parametrize(
    "algorithm",
    [
        sequence(PBE_SHA1_3DES, sequence(octet_string(b"saltsalt"), integer(2048))),
        sequence(PBES2, sequence(sequence(OF_NOBODY), sequence(OF_NOBODY))),
    ],
    ids=["PBES1", "another derivation"],
)
def test_older_encryption_is_refused_with_what_to_do(algorithm: bytes) -> None:
    """RFC 8018 section 6.1 is older than this; the sentence names the command that encrypts anew."""
    with pytest.raises(UnusableKey, match="too old"):
        protection_of(_file(algorithm))


@pytest.mark.parametrize(
    "data",
    [
        _file(sequence(PBES2)),
        _file(sequence(PBES2, octet_string(b""))),
        _file(sequence(PBES2, sequence(sequence(), sequence()))),
        _file(sequence(PBE_SHA1_3DES, sequence()), behind=b"\0"),
        _file(b"\x30\x80\0\0"),
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n!\n-----END ENCRYPTED PRIVATE KEY-----\n",
    ],
    ids=["no parameters", "other parameters", "no derivation", "something behind", "BER", "no base64"],
)
def test_what_is_broken_is_refused(data: bytes) -> None:
    """What cannot be read is said to be broken, and never taken for older than it is."""
    with pytest.raises(UnusableKey, match="broken"):
        protection_of(data)


def test_passphrase_is_stretched_as_owasp_asks() -> None:
    """Scrypt with 16 MiB, blocks of 8, and 5 times over: a guess costs what OWASP's password storage asks for."""
    written = pem(ec.generate_private_key(ec.SECP256R1()), "a passphrase")
    shown = subprocess.run(["openssl", "asn1parse"], input=written, capture_output=True, check=True).stdout.decode()

    assert re.findall(r"prim: INTEGER +:(\w+)", shown) == ["4000", "08", "05"]
