"""Every use of a key leaves its intent before and its result after in the audit trail, tied by the intent's number.

An intent without a result is a process that ended in between: the signature may exist. CRLs are audited so by the
publisher itself, with the CRL's number; here is the same for whatever else a CA's key signs. OCSP answers are not
audited one by one: what an answer says is the journal's, which is, and the log of requests says which client asked.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit as audit_table
from pki_revocation.errors import StoreError

_INTENDED, _DONE, _FAILED = "intended", "done", "failed"


class Unfinished(NamedTuple):
    """An intent in the audit trail without a result."""

    sequence: int
    at: datetime
    act: str


class SigningAudit:
    """Records what keys are used for; committed before a key is touched, and again when it was."""

    def __init__(self, *, database: Database, audit: AuditTrail) -> None:
        """*audit* writes in transactions of *database*."""
        self._database = database
        self._audit = audit

    @contextmanager
    def record(self, act: str, detail: Mapping[str, object]) -> Iterator[dict[str, object]]:
        """Around a use of a key: what is put into the dictionary becomes the result's detail.

        Args:
            act: what is done, such as `delegate`: the events are `delegate.intended`, and `delegate.done` or
                `delegate.failed`.
            detail: what it is done with and to; no secrets, no personal data.

        Raises:
            StoreError: when the intent cannot be recorded: the key is not used then. Or the result: the key was.
        """
        with self._database.write() as connection:
            intent = self._audit.record(connection, f"{act}.{_INTENDED}", detail)
        result: dict[str, object] = {}
        try:
            yield result
        except BaseException as error:
            # The error that happened is the one to be seen, also where it cannot be recorded.
            with suppress(StoreError), self._database.write() as connection:
                self._audit.record(connection, f"{act}.{_FAILED}", {"intent": intent, "error": type(error).__name__})
            raise
        with self._database.write() as connection:
            self._audit.record(connection, f"{act}.{_DONE}", result | {"intent": intent})


def begun_since(connection: Connection, act: str, since: datetime, **about: object) -> int:
    """How many uses of a kind, with this in their detail, were begun since then and did not fail.

    Each may have made a signature, also where the process ended before it could say so.
    """
    intended, failed = f"{act}.{_INTENDED}", f"{act}.{_FAILED}"
    query = select(audit_table.c.sequence, audit_table.c.event, audit_table.c.detail).where(
        audit_table.c.at >= since, audit_table.c.event.in_([intended, failed])
    )
    begun: set[int] = set()
    for row in connection.execute(query.order_by(audit_table.c.sequence)):
        detail = json.loads(row.detail)
        if row.event == failed:
            begun.discard(detail["intent"])
        elif about.items() <= detail.items():
            begun.add(row.sequence)
    return len(begun)


def unfinished(connection: Connection) -> list[Unfinished]:
    """The intents that no result follows: of processes that ended in between, or are still at it."""
    events = audit_table.c.event
    query = select(audit_table.c.sequence, audit_table.c.at, events, audit_table.c.detail).where(
        events.like(f"%.{_INTENDED}") | events.like(f"%.{_DONE}") | events.like(f"%.{_FAILED}")
    )
    open_intents: dict[int, Unfinished] = {}
    for row in connection.execute(query.order_by(audit_table.c.sequence)):
        act, _, what = row.event.rpartition(".")
        if what == _INTENDED:
            open_intents[row.sequence] = Unfinished(row.sequence, row.at, act)
        else:
            open_intents.pop(json.loads(row.detail).get("intent"), None)
    return list(open_intents.values())
