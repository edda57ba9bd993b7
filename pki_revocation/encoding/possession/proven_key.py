"""A key whose private half was proven to be at hand, and why a proof may prove nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pki_revocation.errors import PkiError

from .key_forms import key_hash, key_hashes


class ProofKind(StrEnum):
    """The form of a proof: a JWS of our own profile, a certification request, or an ACME request (RFC 8555)."""

    JWS = "jws"
    CSR = "csr"
    ACME = "acme"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenKey:
    """A public key, as a SubjectPublicKeyInfo, with the octets that prove that the private one is at hand.

    Only the functions of this room make one, after they verified its signature.
    """

    public_key: bytes
    kind: ProofKind
    evidence: bytes = field(repr=False)

    @property
    def sha256(self) -> bytes:
        """What the key is known by."""
        return key_hash(self.public_key)

    @property
    def hashes(self) -> Sequence[bytes]:
        """All hashes by which certificates with this key may be known."""
        return key_hashes(self.public_key)


class MalformedProof(PkiError):
    """The proof is not of a form that is known here."""


class ProofRefused(PkiError):
    """The proof can be read, and proves nothing: wrong signature, purpose or address, or too old."""


class PrivateKeySent(PkiError):
    """A private key was sent in place of a proof: it is not read further, and kept nowhere."""

    def __init__(self) -> None:
        super().__init__(
            "This holds a private key, which must never be sent to anyone: nothing was read of it and nothing was "
            "revoked. Make a proof with 'pki-revocation prove-compromise' and send that."
        )
