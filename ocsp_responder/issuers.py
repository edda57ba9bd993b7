"""From a CertID to the issuer that it means (RFC 6960 section 4.1.1).

Name and key hashes of every issuer are computed once, for each hash that a client may use, so that finding is one
look-up. Both hashes must fit: another CA may bear the same name, and its certificates are none of ours. An issuer that
is registered while the responder runs is answered for after a restart.
"""

import hashlib
from collections.abc import Iterable

from keys.identity import public_key_bits
from pki_revocation.der import object_identifier
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import Issuer

from .errors import Unauthorized
from .request import CertId

# RFC 9919 section 3.1.1: clients use SHA-256, and SHA-1 where they are old. It protects nothing here: a CertID is a
# name, and a collision would only make two issuers of this very register look alike.
HASHES = {
    object_identifier("1.3.14.3.2.26"): "sha1",
    object_identifier("2.16.840.1.101.3.4.2.1"): "sha256",
    object_identifier("2.16.840.1.101.3.4.2.2"): "sha384",
    object_identifier("2.16.840.1.101.3.4.2.3"): "sha512",
}


class Issuers:
    """The issuers that one responder answers for."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        """Compute all hashes.

        Raises:
            ConfigurationError: when two issuers have one name and one key, so that no CertID could tell them apart.
        """
        self._found: dict[tuple[bytes, bytes, bytes], Issuer] = {}
        for issuer in issuers:
            for oid in HASHES:
                key = (oid, *issuer_hashes(issuer, oid))
                other = self._found.setdefault(key, issuer)
                if other is not issuer:
                    raise ConfigurationError(
                        f"The issuers {other.name!r} and {issuer.name!r} have the same name and key: OCSP cannot tell "
                        "them apart, so name an ocsp_key for one of them alone."
                    )

    def find(self, cert_id: CertId) -> Issuer:
        """The issuer whose certificate is meant.

        Raises:
            Unauthorized: for a foreign issuer, a hash that is not in the table, and a name and key that do not
                belong together (RFC 9919 section 3.2.3).
        """
        key = (cert_id.hash_algorithm, cert_id.issuer_name_hash, cert_id.issuer_key_hash)
        issuer = self._found.get(key)
        if issuer is None:
            raise Unauthorized("No issuer of this responder has this name and key hash.")
        return issuer


def issuer_hashes(issuer: Issuer, hash_algorithm: bytes) -> tuple[bytes, bytes]:
    """The issuer's name hash and key hash as a CertID carries them; the key's is over the bits alone."""
    certificate = issuer.certificate
    digest = HASHES[hash_algorithm]
    return (
        hashlib.new(digest, certificate.subject.public_bytes(), usedforsecurity=False).digest(),
        hashlib.new(digest, public_key_bits(certificate), usedforsecurity=False).digest(),
    )
