"""How OCSP names a certificate (CertID), and the request that asks for one's status (RFC 6960 section 4.1.1)."""

import hashlib

from .certificate_parts import CertificateParts
from .der import integer, octet_string, sequence


def issuer_hashes(issuer: CertificateParts, digest: str) -> tuple[bytes, bytes]:
    """A CA's name hash and key hash by a digest that `hashlib` has a name for; the key's is over the bits alone."""
    return (
        hashlib.new(digest, issuer.subject, usedforsecurity=False).digest(),
        hashlib.new(digest, issuer.key_bits, usedforsecurity=False).digest(),
    )


def ocsp_request(algorithm: bytes, hashes: tuple[bytes, bytes], serial: int, extensions: bytes = b"") -> bytes:
    """An OCSPRequest for one certificate; the library's builder takes no negative serial, and there are some.

    Args:
        algorithm: the AlgorithmIdentifier of the hashes.
        hashes: the issuer's, of its name and of its key.
        serial: the certificate's.
        extensions: requestExtensions, with their tag.
    """
    cert_id = sequence(algorithm, *(octet_string(each) for each in hashes), integer(serial))
    return sequence(sequence(sequence(sequence(cert_id)), extensions))
