"""What each OCSP responder says of itself: how far it has applied the journal, and whether it can know that.

Responders write it, every few seconds and soon after each change; receipts, `status` and operators read it. Only a
responder that has spoken lately counts: a dead one promises nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from .schema import ocsp_responders

# How often they speak, and how long one is believed to live: it may miss twice.
REPORT_EVERY = timedelta(seconds=10)
LIVE_FOR = timedelta(seconds=30)
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderReport:
    """One responder process and one issuer; *responder* is unique to the process, *host* is its machine's name."""

    responder: str
    host: str
    issuer_id: int
    sequence: int
    current: bool
    reported_at: datetime


def report(
    connection: Connection, responder: str, host: str, applied: Mapping[int, int], *, current: bool, now: datetime
) -> None:
    """Write how far a responder is; *applied* is the last sequence for each issuer's id."""
    for issuer_id, sequence in applied.items():
        values = {"sequence": sequence, "current": current, "reported_at": now}
        mine = (ocsp_responders.c.responder == responder) & (ocsp_responders.c.issuer_id == issuer_id)
        if connection.execute(update(ocsp_responders).where(mine).values(values)).rowcount == 0:
            row = values | {"responder": responder, "issuer_id": issuer_id, "host": host}
            connection.execute(insert(ocsp_responders).values(row))
    connection.execute(delete(ocsp_responders).where(ocsp_responders.c.reported_at < now - _FORGOTTEN_AFTER))


def withdraw(connection: Connection, responder: str) -> None:
    """A responder ends."""
    connection.execute(delete(ocsp_responders).where(ocsp_responders.c.responder == responder))


def live_responders(connection: Connection, issuer_id: int, now: datetime) -> tuple[ResponderReport, ...]:
    """Who answers for an issuer, as far as can be told: everybody who has spoken lately."""
    rows = connection.execute(
        select(ocsp_responders)
        .where(ocsp_responders.c.issuer_id == issuer_id, ocsp_responders.c.reported_at >= now - LIVE_FOR)
        .order_by(ocsp_responders.c.host, ocsp_responders.c.responder)
    )
    return tuple(
        ResponderReport(
            responder=row.responder,
            host=row.host,
            issuer_id=row.issuer_id,
            sequence=row.sequence,
            current=row.current,
            reported_at=row.reported_at,
        )
        for row in rows
    )
