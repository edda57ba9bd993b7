"""What each OCSP responder says of itself: how far it has applied the journal, and whether it can know that.

Responders write it, every few seconds and soon after each change; receipts, `status` and operators read it. Only a
responder that has reported lately counts: a dead one promises nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete, insert, literal, select, update

from pki_revocation.database.schema import UtcDateTime, expected_responders, ocsp_responders

# How often they report, and how long one is believed to live: it may miss twice.
REPORT_EVERY = timedelta(seconds=10)
LIVE_FOR = timedelta(seconds=30)
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderReport:
    """One responder process and one issuer; *responder* is unique to the process, *host* is its machine's name.

    *reached_at* is since when it says the same, *answers_last* how long an answer of its may be believed; None where a
    responder of before does not say.
    """

    responder: str
    host: str
    issuer_id: int
    sequence: int
    current: bool
    reported_at: datetime
    reached_at: datetime | None
    answers_last: timedelta | None


def report(  # noqa: PLR0913 - one row's columns, by name
    connection: Connection,
    responder: str,
    host: str,
    applied: Mapping[int, int],
    *,
    current: bool,
    now: datetime,
    answers_last: timedelta | None = None,
) -> None:
    """Write how far a responder is; *applied* is the last sequence for each issuer's id."""
    lasting = None if answers_last is None else int(answers_last.total_seconds())
    for issuer_id, sequence in applied.items():
        values = {"sequence": sequence, "current": current, "reported_at": now, "answers_last": lasting}
        same = (ocsp_responders.c.sequence == sequence) & (ocsp_responders.c.current == current)
        since = {"reached_at": case((same, ocsp_responders.c.reached_at), else_=literal(now, UtcDateTime()))}
        mine = (ocsp_responders.c.responder == responder) & (ocsp_responders.c.issuer_id == issuer_id)
        if connection.execute(update(ocsp_responders).where(mine).values(values | since)).rowcount == 0:
            row = values | {"responder": responder, "issuer_id": issuer_id, "host": host, "reached_at": now}
            connection.execute(insert(ocsp_responders).values(row))
    connection.execute(delete(ocsp_responders).where(ocsp_responders.c.reported_at < now - _FORGOTTEN_AFTER))


def withdraw(connection: Connection, responder: str) -> None:
    """Remove a responder's report, because it ends: no receipt waits for it any more."""
    connection.execute(delete(ocsp_responders).where(ocsp_responders.c.responder == responder))


def live_responders(connection: Connection, issuer_id: int, now: datetime) -> tuple[ResponderReport, ...]:
    """The responders that answer for an issuer, as far as is known: all that have reported lately."""
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
            reached_at=row.reached_at,
            answers_last=None if row.answers_last is None else timedelta(seconds=row.answers_last),
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class ExpectedResponder:
    """A responder that is meant to run, by machine and port; *reported_at* is when a process of its was heard last."""

    name: str
    registered_at: datetime
    reported_at: datetime

    def is_lost(self, now: datetime) -> bool:
        """Whether it has not been heard of for so long that it does not run."""
        return self.reported_at < now - LIVE_FOR


def expect(connection: Connection, name: str, now: datetime) -> None:
    """Note that a responder runs; from its first time on it is expected, until it is taken out."""
    this = expected_responders.c.name == name
    if connection.execute(update(expected_responders).where(this).values(reported_at=now)).rowcount == 0:
        connection.execute(insert(expected_responders).values(name=name, registered_at=now, reported_at=now))


def expected(connection: Connection) -> tuple[ExpectedResponder, ...]:
    """All responders that are meant to run, by name."""
    rows = connection.execute(select(expected_responders).order_by(expected_responders.c.name))
    return tuple(ExpectedResponder(row.name, row.registered_at, row.reported_at) for row in rows)


def take_out(connection: Connection, name: str) -> bool:
    """Expect a responder no more; False where it was not expected."""
    return connection.execute(delete(expected_responders).where(expected_responders.c.name == name)).rowcount > 0
