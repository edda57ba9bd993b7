"""A proof as it comes in: which form it has by its media type or its first octets, and what it proves."""

from dataclasses import dataclass
from datetime import datetime

from pki_revocation.encoding.possession import csr_proof, jws_proof
from pki_revocation.encoding.possession.csr_proof import is_private_key
from pki_revocation.encoding.possession.proven_key import MalformedProof, PrivateKeySent, ProvenKey
from pki_revocation.errors import NotFound, PkiError

JWS = "application/jose+json"
CSR = "application/pkcs10"
MEDIA_TYPES = (JWS, CSR)
# A request with a post-quantum key in a form takes 12 KiB, and an RSA key of 8192 bits in JSON 5 KiB.
LONGEST_PROOF = 24 * 1024


class UnknownProofType(PkiError):
    """The proof is sent with another media type than the two that there are."""

    def __init__(self) -> None:
        super().__init__(
            f"Send the proof with 'Content-Type: {JWS}' for a JWS, or '{CSR}' for a certification request."
        )


class UnlistedKey(NotFound):
    """The key that is asked about is not on the list of compromised keys."""

    def __init__(self) -> None:
        super().__init__("This key is not known to be compromised here; that may change at any moment.")


class NoKeyHash(PkiError):
    """What is asked about is no SHA-256 in hexadecimal."""

    def __init__(self) -> None:
        super().__init__("Ask with the SHA-256 of the key's SubjectPublicKeyInfo in DER, as 64 hexadecimal digits.")


@dataclass(frozen=True, slots=True)
class ProofReader:
    """Reads proofs that are made for the address *url*."""

    url: str

    def read(self, body: bytes, now: datetime, media_type: str | None = None) -> ProvenKey:
        """The key that a body proves; without a media type its first octets say what it is.

        Raises:
            MalformedProof: when it is neither a JWS nor a certification request.
            PrivateKeySent: when a private key was sent in its place.
            ProofRefused: when it proves nothing.
        """
        if is_private_key(body):
            raise PrivateKeySent
        if not body.strip():
            raise MalformedProof("There is no proof in it: it is empty.")
        if media_type == JWS or (media_type is None and body.lstrip()[:1] == b"{"):
            return jws_proof.jws_proof(body, self.url, now)
        return csr_proof.csr_proof(body)
