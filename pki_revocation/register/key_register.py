"""What the register knows by keys: whose certificates have one, which are compromised, and what proofs wait.

A key goes on the list of compromised keys because a proof was made with it; the proof is kept with it, and audited.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.encoding.possession.proven_key import ProvenKey
from pki_revocation.errors import UnknownKey
from pki_revocation.model import CertificateStatus

from .certificate_keys import certificates_with_key
from .certificates import certificate_with_serial
from .compromised_keys import CompromisedKey, KeySource, compromised_among, compromised_key, list_keys
from .issuers import issuer_with_id
from .shown_proofs import keep_proof, kept_proof
from .used_nonces import use_nonce


class KeyRegister:
    """Asks and writes the tables that are about keys; may be used by many threads."""

    def __init__(self, *, database: Database, clock: Clock, audit: AuditTrail) -> None:
        """On the database that every worker and node shares."""
        self._database = database
        self._clock = clock
        self._audit = audit

    def certificates_with(self, proven: ProvenKey) -> tuple[CertificateStatus, ...]:
        """Every certificate of every issuer that has this key, and what the journal says of each.

        Raises:
            UnknownKey: when there is none.
        """
        with self._database.read() as connection:
            found = [_status(connection, *each) for each in certificates_with_key(connection, proven.hashes)]
        statuses = tuple(each for each in found if each is not None)
        if not statuses:
            raise UnknownKey
        return statuses

    def list_proven(self, proven: ProvenKey, source: Mapping[str, str]) -> None:
        """Put a key on the list under each of its hashes, unless it was proven before; *source* says where from.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.write() as connection:
            known = compromised_among(connection, proven.hashes)
            if all(each in known and known[each].source is KeySource.PROOF for each in proven.hashes):
                return
            now = self._clock.now()
            keys = [
                CompromisedKey(sha256=each, since=now, source=KeySource.PROOF, note=proven.kind.value)
                for each in proven.hashes
            ]
            list_keys(connection, keys, proven.evidence)
            detail = {
                "key_sha256": proven.sha256.hex(),
                "proof": proven.kind.value,
                "proof_sha256": hashlib.sha256(proven.evidence).hexdigest(),
            }
            self._audit.record(connection, "key.compromised", detail, personal=source)

    def compromised(self, sha256: bytes) -> CompromisedKey | None:
        """What is known of a key by the SHA-256 of its SubjectPublicKeyInfo; None when nothing is."""
        with self._database.read() as connection:
            return compromised_key(connection, sha256)

    def keep_proof(self, proven: ProvenKey, until: datetime) -> bytes:
        """Keep a proof for a person who was shown what it would revoke; give the digest that it is kept under."""
        with self._database.write() as connection:
            return keep_proof(connection, proven, until, self._clock.now())

    def kept_proof(self, digest: bytes) -> ProvenKey | None:
        """The proof that is kept under a digest; None when the time to confirm is over."""
        with self._database.read() as connection:
            return kept_proof(connection, digest, self._clock.now())

    def use_nonce(self, nonce: bytes, expires_at: datetime) -> bool:
        """Write that a nonce is used, on all nodes; False when it was before."""
        with self._database.write() as connection:
            return use_nonce(connection, nonce, expires_at, self._clock.now())


def _status(connection: Connection, issuer_id: int, serial: int) -> CertificateStatus | None:
    issuer, certificate = issuer_with_id(connection, issuer_id), certificate_with_serial(connection, issuer_id, serial)
    if issuer is None or certificate is None:
        return None
    entry = journal.latest_entry(connection, issuer_id, serial)
    return CertificateStatus(issuer=issuer, certificate=certificate, entry=entry)
