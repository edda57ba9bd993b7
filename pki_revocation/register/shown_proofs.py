"""Proofs whose certificates were shown to a person who has not confirmed yet: kept until the time to confirm is over.

What is confirmed must be what was shown, and a proof may be longer than a cookie; so it waits here, and the browser
carries nothing but a ticket.
"""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.database.schema import shown_proofs
from pki_revocation.encoding.possession.proven_key import ProofKind, ProvenKey


def keep_proof(connection: Connection, proven: ProvenKey, until: datetime, now: datetime) -> bytes:
    """Keep a proof until a moment, and give the digest that it is kept under. Those that are over are deleted."""
    connection.execute(delete(shown_proofs).where(shown_proofs.c.expires_at < now))
    digest = hashlib.sha256(proven.evidence).digest()
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(shown_proofs).values(
        proof_sha256=digest,
        public_key=proven.public_key,
        kind=proven.kind.value,
        evidence=proven.evidence,
        expires_at=until,
    )
    again = statement.on_conflict_do_update(index_elements=["proof_sha256"], set_={"expires_at": until})
    connection.execute(again)
    return digest


def kept_proof(connection: Connection, digest: bytes, now: datetime) -> ProvenKey | None:
    """The proof that is kept under a digest; None when its time is over."""
    columns = shown_proofs.c
    query = select(shown_proofs).where(columns.proof_sha256 == digest, columns.expires_at >= now)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return ProvenKey(public_key=row.public_key, kind=ProofKind(row.kind), evidence=row.evidence)
