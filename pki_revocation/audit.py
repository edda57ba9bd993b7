"""The audit trail: an append-only chain of records, written in the transaction of what they record.

Each record's digest covers the one before it, so that a changed, removed or inserted record shows. Personal data is
kept beside the chain; the chain holds a salted hash of it, so that erasing it leaves the chain whole.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pki_revocation.database.schema import audit, audit_head, personal_details

from .clock import Clock, iso
from .errors import PkiError

_SALT_OCTETS = 16
GENESIS = bytes(32)


class AuditBroken(PkiError):
    """The chain does not verify: a record was changed, removed or inserted."""


class AuditTrail:
    """Writes records inside the caller's transaction, and checks the chain."""

    def __init__(self, clock: Clock) -> None:
        """*clock* gives each record its time."""
        self._clock = clock

    def hold(self, connection: Connection) -> None:
        """Lock the chain's head for the rest of the transaction, before the moment is chosen that it is dated by.

        Otherwise the wait for another writer would come between the moment and the commit.
        """
        connection.execute(select(audit_head.c.sequence).with_for_update())

    def record(
        self,
        connection: Connection,
        event: str,
        detail: Mapping[str, object],
        *,
        personal: Mapping[str, str] | None = None,
    ) -> int:
        """Append a record, and give its sequence.

        A caller that also holds an issuer's journal head has locked that one first: the order is journal, audit.
        *detail* becomes JSON and never holds personal data or secrets; *personal* is kept beside the chain.
        """
        head = connection.execute(select(audit_head.c.sequence, audit_head.c.digest).with_for_update()).one()
        at = self._clock.now()
        text = json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        number = head.sequence + 1
        salt, personal_text, personal_digest = _seal(personal)
        digest = _digest(head.digest, number, at, event, text, personal_digest)
        connection.execute(
            insert(audit).values(
                sequence=number, at=at, event=event, detail=text, personal_digest=personal_digest, digest=digest
            )
        )
        if personal_text is not None:
            connection.execute(insert(personal_details).values(audit_sequence=number, salt=salt, detail=personal_text))
        connection.execute(update(audit_head).values(sequence=number, digest=digest))
        return int(number)


def verify_chain(connection: Connection) -> int:
    """Follow the chain from its beginning to its head; give the number of records.

    Raises:
        AuditBroken: naming the first record that does not fit.
    """
    previous, count = GENESIS, 0
    query = (
        select(audit, personal_details.c.salt, personal_details.c.detail.label("personal"))
        .outerjoin(personal_details, personal_details.c.audit_sequence == audit.c.sequence)
        .order_by(audit.c.sequence)
        .execution_options(yield_per=1000)
    )
    with connection.execute(query) as rows:
        for row in rows:
            count += 1
            if row.sequence != count or not _fits(row, previous):
                message = f"The audit chain breaks at record {row.sequence}: restore it from a backup and compare."
                raise AuditBroken(message)
            previous = row.digest
    head = connection.execute(select(audit_head.c.sequence, audit_head.c.digest)).one()
    if (head.sequence, head.digest) != (count, previous):
        message = f"The audit chain ends at record {count}, and its head says {head.sequence}: records are missing."
        raise AuditBroken(message)
    return count


def head_digest(connection: Connection) -> str:
    """The digest of the chain's last record, in hexadecimal: what to keep elsewhere."""
    digest: bytes = connection.execute(select(audit_head.c.digest)).scalar_one()
    return digest.hex()


def _fits(row: Row[Any], previous: bytes) -> bool:
    """Whether a record's digest covers it and the one before, and its personal data, where still there, its hash."""
    if row.personal is not None and _salted(row.salt, row.personal) != row.personal_digest:
        return False
    covered = _digest(previous, row.sequence, row.at, row.event, row.detail, row.personal_digest)
    return bool(row.digest == covered)


def _seal(personal: Mapping[str, str] | None) -> tuple[bytes, str | None, bytes | None]:
    salt = secrets.token_bytes(_SALT_OCTETS)
    if personal is None:
        return salt, None, None
    text = json.dumps(personal, sort_keys=True, ensure_ascii=False)
    return salt, text, _salted(salt, text)


def _salted(salt: bytes, text: str) -> bytes:
    return hashlib.sha256(salt + text.encode()).digest()


def _digest(previous: bytes, sequence: int, at: datetime, event: str, detail: str, personal: bytes | None) -> bytes:
    # JSON keeps the fields apart: no two different records can be written as the same octets.
    fields = json.dumps([sequence, iso(at), event, detail, personal.hex() if personal else None])
    return hashlib.sha256(previous + fields.encode()).digest()
