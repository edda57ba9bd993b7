"""Two judges of ML-DSA signatures that are not `cryptography`.

OpenSSL 3.5, which the `playwright` package brings inside its node: the system's 3.0 knows no ML-DSA. And FIPS 204 as
others wrote it out in Python, `dilithium-py`, with no line of OpenSSL in it.
"""

import base64
import json
import subprocess
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dilithium_py.ml_dsa import ML_DSA_44, ML_DSA_65, ML_DSA_87
from playwright._impl._driver import compute_driver_executable

FIPS_204 = {"mldsa44": ML_DSA_44, "mldsa65": ML_DSA_65, "mldsa87": ML_DSA_87}
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


class Signed(NamedTuple):
    """A signature over a text, and the signer's key."""

    key: CertificatePublicKeyTypes
    text: bytes
    signature: bytes


def openssl_says(ca_pem: str, delegate_pem: str, signed: list[Signed]) -> dict[str, object]:
    """OpenSSL's version, whether the chain is right, and whether each signature is."""
    node, _ = compute_driver_executable()
    given = {
        "ca": ca_pem,
        "delegate": delegate_pem,
        "signed": [
            [
                each.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
                base64.b64encode(each.text).decode(),
                base64.b64encode(each.signature).decode(),
            ]
            for each in signed
        ],
    }
    done = subprocess.run(
        [node, "-e", _SCRIPT], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def fips_204_says(key_type: str, signed: Signed, context: bytes = b"") -> bool:
    """FIPS 204 algorithm 3, pure."""
    raw = signed.key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return bool(FIPS_204[key_type].verify(raw, signed.text, signed.signature, ctx=context))
