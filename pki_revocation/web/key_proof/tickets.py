"""A signed ticket that names a proof whose certificates were shown: whoever has it was shown them."""

import hashlib

from itsdangerous import BadSignature, URLSafeSerializer

from pki_revocation.web.tokens import TicketRefused


class ProofTickets:
    """Signs the digest that a proof is kept under; for how long it counts is written beside the proof."""

    def __init__(self, session_key: str) -> None:
        """*session_key* is the same on all nodes."""
        # A salt of its own: no other value that this key signs is such a ticket.
        self._serializer = URLSafeSerializer(
            session_key,
            salt="pki-revocation proof",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def issue(self, digest: bytes) -> str:
        """The ticket of the proof that is kept under *digest*."""
        return str(self._serializer.dumps(digest.hex()))

    def read(self, ticket: object) -> bytes:
        """The digest that a ticket names.

        Raises:
            TicketRefused: when it was not issued here.
        """
        if not isinstance(ticket, str):
            raise TicketRefused("There is no ticket.")
        try:
            return bytes.fromhex(self._serializer.loads(ticket))
        except BadSignature:
            raise TicketRefused("The ticket was not issued here.") from None
