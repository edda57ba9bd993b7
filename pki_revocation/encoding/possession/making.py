"""Proofs as a subscriber makes them, off-line, with the private key: it leaves the machine in no form."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pki_revocation.errors import PkiError

from .csr_proof import ATTESTATION
from .json_web_key import algorithms_of, digest_of, jwk_of, rsa_padding, to_base64url
from .jws_proof import PURPOSE
from .signed_json import compact_json

# RFC 7169: what the key says or signs is no secret and proves nothing. No CA copies it into a certificate.
_NO_SECRECY_AFFORDED = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.23")
_TRUE = b"\x01\x01\xff"
SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


class NoSuchProof(PkiError):
    """The key is of a kind that this form of proof has no name for."""


def make_jws_proof(key: CertificateIssuerPrivateKeyTypes, url: str, now: datetime) -> bytes:
    """A JWS in flattened JSON, with a line end, for the address *url*, that counts from *now* for some minutes.

    Raises:
        NoSuchProof: for a key that JWS has no algorithm for: a certification request does.
    """
    algorithms = algorithms_of(key.public_key())
    if not algorithms or not isinstance(key, SigningKey):
        raise NoSuchProof("A JWS has no algorithm for a key of this kind: use --csr.")
    header = {"alg": algorithms[0], "jwk": jwk_of(key.public_key()), "url": url}
    payload = {"purpose": PURPOSE, "iat": int(now.timestamp())}
    protected, said = (to_base64url(compact_json(each)) for each in (header, payload))
    signature = _signature(key, algorithms[0], f"{protected}.{said}".encode())
    return compact_json({"payload": said, "protected": protected, "signature": to_base64url(signature)}) + b"\n"


def make_csr_proof(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    """A certification request in PEM that says what draft-mpalmer-key-compromise-attestation has it say."""
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ATTESTATION)]))
        .add_extension(x509.UnrecognizedExtension(_NO_SECRECY_AFFORDED, _TRUE), critical=True)
    )
    has_digest = isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return request.sign(key, hashes.SHA256() if has_digest else None).public_bytes(Encoding.PEM)


def _signature(key: SigningKey, algorithm: str, signed: bytes) -> bytes:
    match key:
        case rsa.RSAPrivateKey():
            return key.sign(signed, rsa_padding(algorithm), digest_of(algorithm))
        case ec.EllipticCurvePrivateKey():
            octets = (key.curve.key_size + 7) // 8
            numbers = decode_dss_signature(key.sign(signed, ec.ECDSA(digest_of(algorithm))))
            return b"".join(each.to_bytes(octets) for each in numbers)
        case _:
            return key.sign(signed)
