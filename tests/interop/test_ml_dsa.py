"""ML-DSA (FIPS 204, RFC 9881) judged by two that are not `cryptography`, over the very octets that were signed.

OpenSSL 3.5, which the `playwright` package brings inside its node: the system's 3.0 knows no ML-DSA. And FIPS 204 as
others wrote it out in Python, `dilithium-py`, with no line of OpenSSL in it.
"""

import base64
import json
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from dilithium_py.ml_dsa import ML_DSA_44, ML_DSA_65, ML_DSA_87
from playwright._impl._driver import compute_driver_executable

from keys.file_key import KEY_TYPES
from pki_revocation.der import BIT_STRING, SEQUENCE, elements, read_whole
from tests.interop.signed_set import SignedSet

_FIPS_204 = {"mldsa44": ML_DSA_44, "mldsa65": ML_DSA_65, "mldsa87": ML_DSA_87}
_SCRIPT = """
const crypto = require('crypto'), given = JSON.parse(require('fs').readFileSync(0));
const ca = new crypto.X509Certificate(given.ca), delegate = new crypto.X509Certificate(given.delegate);
const verifies = ([key, text, signature]) =>
  crypto.verify(null, Buffer.from(text, 'base64'), crypto.createPublicKey(key), Buffer.from(signature, 'base64'));
console.log(JSON.stringify({
  openssl: process.versions.openssl,
  chain: delegate.verify(ca.publicKey) && delegate.checkIssued(ca),
  signed: given.signed.map(verifies),
}));
"""


@pytest.fixture(scope="module", params=list(_FIPS_204))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, SignedSet]:
    """What a CA and a responder with keys of one parameter set sign."""
    key_type: str = request.param
    key, delegated = KEY_TYPES[key_type](), KEY_TYPES[key_type]()
    return key_type, SignedSet(tmp_path_factory.mktemp(key_type), key, delegated)


def _signed(made: SignedSet) -> list[tuple[CertificateIssuerPublicKeyTypes, bytes, bytes]]:
    """Each signed thing: the signer's key, the octets under the signature, the signature."""
    ca, delegate = made.ca.key.public_key(), made.delegate.key.public_key()
    certificate = made.delegate.certificate
    crl = x509.load_der_x509_crl(made.crl)
    found = [
        (ca, certificate.tbs_certificate_bytes, certificate.signature),
        (ca, crl.tbs_certlist_bytes, crl.signature),
    ]
    for name in ("good", "revoked"):
        answer = ocsp.load_der_ocsp_response(made.answer(name))
        found.append((delegate, answer.tbs_response_bytes, answer.signature))
    return found


def _openssl(made: SignedSet, signed: list[tuple[CertificateIssuerPublicKeyTypes, bytes, bytes]]) -> dict[str, object]:
    node, _ = compute_driver_executable()
    given = {
        "ca": (made.folder / "ca.pem").read_text(),
        "delegate": (made.folder / "delegate.pem").read_text(),
        "signed": [
            [
                key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
                base64.b64encode(text).decode(),
                base64.b64encode(signature).decode(),
            ]
            for key, text, signature in signed
        ],
    }
    done = subprocess.run(
        [node, "-e", _SCRIPT], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_openssl_verifies(made: tuple[str, SignedSet]) -> None:
    """Certificate, CRL and answers, and the chain; one octet changed, and none verifies."""
    signed = _signed(made[1])
    spoilt = [(key, text[:-1] + bytes([text[-1] ^ 1]), signature) for key, text, signature in signed]

    right, wrong = _openssl(made[1], signed), _openssl(made[1], spoilt)

    assert str(right["openssl"]) >= "3.5"
    assert right["chain"] is True
    assert right["signed"] == [True] * len(signed)
    assert wrong["signed"] == [False] * len(signed)


def test_another_implementation_verifies(made: tuple[str, SignedSet]) -> None:
    """FIPS 204 algorithm 3 in Python, pure and with an empty context (RFC 9881 section 3)."""
    key_type, given = made
    for key, text, signature in _signed(given):
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        assert _FIPS_204[key_type].verify(raw, text, signature)
        assert not _FIPS_204[key_type].verify(raw, text + b"!", signature)
        assert not _FIPS_204[key_type].verify(raw, text, signature, ctx=b"x")


def test_identifiers_have_no_parameters(made: tuple[str, SignedSet]) -> None:
    """RFC 9881 section 2: an OID alone, the same in key and signature."""
    key_type, given = made
    last = {"mldsa44": 17, "mldsa65": 18, "mldsa87": 19}[key_type]
    expected = bytes.fromhex("300b06096086480165030403") + bytes([last])
    _, outer, signature = elements(read_whole(given.crl, SEQUENCE))
    spki = given.ca.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert outer.raw == expected == given.ca.algorithm.identifier
    assert next(elements(read_whole(spki, SEQUENCE))).raw == expected
    assert signature.tag == BIT_STRING
