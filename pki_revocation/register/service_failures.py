"""The last failure of what a service does, kept where an operator looks who has neither its log nor its process."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import service_failures
from pki_revocation.errors import StoreError

_LONGEST_ITEM = 300


@dataclass(frozen=True, slots=True)
class ServiceFailure:
    """An *item* of a service that fails, with the latest reason as a sentence, *since* it began to."""

    service: str
    item: str
    sentence: str
    since: datetime


class FailureRecord:
    """Keeps in the database what fails of one service; written when it changes."""

    def __init__(self, database: Database, clock: Clock, service: str) -> None:
        """Nothing is known of what is there: the first `keep` writes."""
        self._database = database
        self._clock = clock
        self._service = service
        self._kept: Mapping[str, str] | None = None

    def keep(self, standing: Mapping[str, str]) -> None:
        """Have the database say that these items fail, and no others, each with its sentence.

        A database that cannot be written (its disk is full) gets it at a later call.
        """
        if standing == self._kept:
            return
        try:
            with self._database.write() as connection:
                self._write(connection, standing)
        except StoreError:
            self._kept = None
        else:
            self._kept = dict(standing)

    def _write(self, connection: Connection, standing: Mapping[str, str]) -> None:
        began = {each.item: each.since for each in failures_of(connection, self._service)}
        connection.execute(delete(service_failures).where(service_failures.c.service == self._service))
        now = self._clock.now()
        for item, sentence in standing.items():
            name = item[:_LONGEST_ITEM]
            since = began.get(name, now)
            row = {"service": self._service, "item": name, "sentence": sentence, "since": since}
            connection.execute(insert(service_failures).values(row))


def failures_of(connection: Connection, service: str) -> tuple[ServiceFailure, ...]:
    """What fails of a service, as it wrote last."""
    query = select(service_failures).where(service_failures.c.service == service).order_by(service_failures.c.item)
    return tuple(ServiceFailure(row.service, row.item, row.sentence, row.since) for row in connection.execute(query))
