"""Requests for a CRL now: a caller writes a row and waits; the running publisher answers it.

A request has a scope: one CRL of the issuer alone, which may be the CA's last one. None is all that is due, as the
issuer's schedule has it. An answer is JSON: what was published and what it cost, or `{"error": SENTENCE}`.
"""

import json
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, delete, insert, select, update

from crl_publisher.published import PublishedCrl
from crl_publisher.scope import Scope
from pki_revocation.clock import Clock
from pki_revocation.database.schema import publication_requests
from pki_revocation.model import Issuer

_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """What a publication costs the process that makes it; started by `start`."""

    _wall: float
    _cpu: float

    @classmethod
    def start(cls) -> Self:
        """A stopwatch that runs from now, by the monotonic clock and by this process's CPU time."""
        return cls(time.monotonic(), time.process_time())

    def answer(self, published: PublishedCrl) -> dict[str, object]:
        """The answer to a request: seconds, CPU seconds and the process's peak memory in octets beside the CRL."""
        return published.as_json() | {
            "seconds": round(time.monotonic() - self._wall, 3),
            "cpu_seconds": round(time.process_time() - self._cpu, 3),
            "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE,
        }


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits: for the CRL of the scope with this name, or for all that is due (None)."""

    id: int
    scope: str | None
    is_last: bool


def ask(
    connection: Connection, issuer: Issuer, clock: Clock, *, scope: Scope | None = None, is_last: bool = False
) -> int:
    """Ask for a CRL; give the request's id.

    Args:
        connection: a transaction that is committed soon.
        issuer: whose CRL.
        clock: dates the request.
        scope: a complete one; None for all that is due, which *is_last* rules out.
        is_last: whether it is to be the last one, good for ever.
    """
    if is_last and scope is None:
        message = "a last CRL is one scope's"
        raise ValueError(message)
    result = connection.execute(
        insert(publication_requests)
        .values(
            issuer_id=issuer.id,
            requested_at=clock.now(),
            scope=None if scope is None else scope.name,
            is_last=is_last,
        )
        .returning(publication_requests.c.id)
    )
    return int(result.scalar_one())


def waiting(connection: Connection, issuer: Issuer) -> tuple[Request, ...]:
    """The requests that have no answer yet, the oldest first."""
    rows = publication_requests.c
    query = (
        select(rows.id, rows.scope, rows.is_last)
        .where(rows.issuer_id == issuer.id, rows.answer.is_(None))
        .order_by(rows.id)
    )
    return tuple(Request(row.id, row.scope, row.is_last) for row in connection.execute(query))


def answer(connection: Connection, answers: Mapping[int, Mapping[str, object]]) -> None:
    """Write the answers to requests, by the requests' ids, in the connection's transaction."""
    for request, value in answers.items():
        connection.execute(
            update(publication_requests).where(publication_requests.c.id == request).values(answer=json.dumps(value))
        )


def answer_to(connection: Connection, request: int) -> dict[str, object] | None:
    """The answer; None while there is none."""
    row = connection.execute(
        select(publication_requests.c.answer).where(publication_requests.c.id == request)
    ).one_or_none()
    if row is None or row.answer is None:
        return None
    value: dict[str, object] = json.loads(row.answer)
    return value


def withdraw(connection: Connection, request: int) -> None:
    """Take a request out: it was answered, or is not wanted any more."""
    connection.execute(delete(publication_requests).where(publication_requests.c.id == request))
