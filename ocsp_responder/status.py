"""What the journal says of a serial now: good, revoked, or unknown because it was never imported.

Every question is asked of the database, so that whatever was committed before the request began is in the answer, from
every worker and whoever wrote it. One point look-up for each certificate, all in one read transaction; certificate and
journal are read by one statement, so they cannot contradict each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from sqlalchemy import Connection, bindparam, select

from pki_revocation.clock import Clock
from pki_revocation.database import Database
from pki_revocation.model import SERIAL_LIMIT
from pki_revocation.reasons import RevocationReason
from pki_revocation.schema import certificates, journal


@dataclass(frozen=True, slots=True)
class Good:
    """Issued here, and not revoked."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """Revoked: since when, as relying parties are told, and why."""

    revocation_date: datetime
    reason: RevocationReason


@dataclass(frozen=True, slots=True)
class Unknown:
    """Never issued, as far as this register knows: never good (BR 4.9.9)."""


Status: TypeAlias = Good | Revoked | Unknown


class StatusSource(Protocol):
    """Whoever knows the status of certificates."""

    def statuses(self, issuer_id: int, serials: Sequence[int]) -> tuple[datetime, tuple[Status, ...]]:
        """The status of each serial of one issuer, in the order in which they were asked, and the moment to date them.

        Raises:
            StoreError: when it cannot be known now.
        """
        ...


# Where a reason was raised there are two rows, and the later one says what is shown.
_LOOK_UP = (
    select(certificates.c.id, journal.c.revocation_date, journal.c.reason)
    .outerjoin(journal, (journal.c.issuer_id == certificates.c.issuer_id) & (journal.c.serial == certificates.c.serial))
    .where(certificates.c.issuer_id == bindparam("issuer_id"), certificates.c.serial == bindparam("serial"))
    .order_by(journal.c.sequence.desc())
    .limit(1)
)


class SqlStatusSource:
    """Reads the register and the journal."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """*database* is read, never written."""
        self._database = database
        self._clock = clock

    def statuses(self, issuer_id: int, serials: Sequence[int]) -> tuple[datetime, tuple[Status, ...]]:
        """The status of each serial of one issuer, in the order in which they were asked, and the moment to date them.

        No revocation that is dated before the moment is missing, not even one that is just being committed.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.read_dated(self._clock, issuer_id) as (connection, moment):
            return moment, tuple(_status(connection, issuer_id, serial) for serial in serials)


def _status(connection: Connection, issuer_id: int, serial: int) -> Status:
    # No certificate has such a serial (RFC 5280 section 4.1.2.2), and the column could not hold it.
    if not 0 < serial < SERIAL_LIMIT:
        return Unknown()
    row = connection.execute(_LOOK_UP, {"issuer_id": issuer_id, "serial": serial}).one_or_none()
    if row is None:
        return Unknown()
    if row.revocation_date is None:
        return Good()
    return Revoked(row.revocation_date, RevocationReason(row.reason))
