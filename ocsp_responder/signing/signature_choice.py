"""Which algorithm an answer is signed with: the client's first wish that the key and the house can grant.

RFC 6960 section 4.4.7.2.1 begins with the client's list; the default, which is what the CA signs with too, follows. A
weak algorithm is not in the table that is chosen from, so that asking for it changes nothing (section 5.1).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cryptography import x509

from keys.identity import SigningIdentity
from ocsp_responder.request.extensions import PreferredSignature
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import object_identifier, sequence


class SignatureVariant(NamedTuple):
    """How an answer is signed: the AlgorithmIdentifier's DER, and what signs."""

    identifier: bytes
    sign: Callable[[bytes], bytes]


class SignatureChoice:
    """The ways in which one identity can sign."""

    def __init__(self, identity: SigningIdentity) -> None:
        """Make ready every algorithm that the identity's key may sign with."""
        variants = [SignatureVariant(each.identifier, identity.signer(each)) for each in identity.algorithms]
        self.default = variants[0]
        self._variants = {
            spelling: variant
            for variant, algorithm in zip(variants, identity.algorithms, strict=True)
            for spelling in algorithm.spellings
        }
        self._key_names = (None, *_key_algorithms(identity.certificate))

    def of(self, preferred: Sequence[PreferredSignature]) -> SignatureVariant:
        """The variant to answer with for a client that prefers these algorithms, in order."""
        for wish in preferred:
            variant = self._variants.get(wish.algorithm)
            if variant is not None and wish.key in self._key_names:
                return variant
        return self.default


def _key_algorithms(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """The AlgorithmIdentifier of a certificate's key, and the same without its parameters."""
    parts = parts_of(certificate)
    return parts.key_algorithm, sequence(object_identifier(parts.key_oid))
