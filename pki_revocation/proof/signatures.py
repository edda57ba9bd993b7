"""Whether a signature over an OCSP response is by a certificate's key: `cryptography` has no such check of its own."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID

_PSS_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


def is_signed_with(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    """Whether the certificate's key made the response's signature (RFC 6960 section 3.2)."""
    key = certificate.public_key()
    signature, signed = response.signature, response.tbs_response_bytes
    try:
        if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
            return isinstance(key, rsa.RSAPublicKey) and _is_pss(key, signature, signed)
        algorithm = response.signature_hash_algorithm
        match key:
            case rsa.RSAPublicKey() if algorithm is not None:
                key.verify(signature, signed, padding.PKCS1v15(), algorithm)
            case ec.EllipticCurvePublicKey() if algorithm is not None:
                key.verify(signature, signed, ec.ECDSA(algorithm))
            case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey():
                return False
            case (
                ed25519.Ed25519PublicKey()
                | ed448.Ed448PublicKey()
                | mldsa.MLDSA44PublicKey()
                | mldsa.MLDSA65PublicKey()
                | mldsa.MLDSA87PublicKey()
            ):
                key.verify(signature, signed)
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _is_pss(key: rsa.RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether it is RSASSA-PSS with one of the hashes that are in use: a response's object does not give which."""
    for algorithm in _PSS_HASHES:
        try:
            key.verify(signature, signed, padding.PSS(padding.MGF1(algorithm()), padding.PSS.AUTO), algorithm())
        except InvalidSignature:
            continue
        return True
    return False
