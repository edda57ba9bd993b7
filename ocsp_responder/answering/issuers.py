"""From a CertID to the issuer that it means (RFC 6960 section 4.1.1).

Name and key hashes of every issuer are computed once, for each hash that a client may use, so that finding is one
look-up. Both hashes must fit: another CA may bear the same name, and its certificates are none of ours. An issuer that
is registered while the responder runs is answered for after a restart.
"""

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from ocsp_responder.errors import Unauthorized
from ocsp_responder.request.certid_hashes import HASHES
from ocsp_responder.request.message import CertId
from pki_revocation.encoding import cert_id
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import Issuer

__all__ = ["HASHES", "Issuers", "issuer_hashes", "parents_of"]


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
    return cert_id.issuer_hashes(parts_of(issuer.certificate_der), HASHES[hash_algorithm])


def parents_of(issuers: Iterable[Issuer]) -> dict[int, tuple[int, int]]:
    """For each issuer whose certificate another one of them issued: that one's id, and the certificate's serial."""
    listed = [(issuer.id, issuer.certificate) for issuer in issuers]
    found = {}
    for issuer_id, certificate in listed:
        for parent_id, parent in listed:
            # Names too are compared, octet for octet.
            if parent_id != issuer_id and _issued(parent, certificate):
                found[issuer_id] = (parent_id, certificate.serial_number)
    return found


def _issued(parent: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
