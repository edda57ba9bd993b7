"""What the journal says of a serial now: good, revoked, or unknown because it was never imported.

Every question is asked of the database, so that whatever was committed before the request began is in the answer, from
every worker and whatever wrote it. One point look-up for each certificate, all in one read transaction; certificate and
journal are read by one statement, so they cannot contradict each other. The journal's sequence is read before them:
where a transaction is not one snapshot, they may say more than up to there, and never less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, TypeAlias

from sqlalchemy import Connection, bindparam, select

from pki_revocation.clock import Clock
from pki_revocation.database.commit_fence import pass_advisory_fence
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, journal
from pki_revocation.encoding.serials import is_storable
from pki_revocation.journal import read_head
from pki_revocation.reasons import RevocationReason


@dataclass(frozen=True, slots=True)
class Good:
    """Issued here, and not revoked; *not_after* is where the certificate ends."""

    not_after: datetime


@dataclass(frozen=True, slots=True)
class Revoked:
    """Revoked: since when, as relying parties are told, and why; *not_after* is where the certificate ends."""

    revocation_date: datetime
    reason: RevocationReason
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Unknown:
    """Never issued, as far as this register knows: never good (BR 4.9.9)."""


Status: TypeAlias = Good | Revoked | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReading:
    """What was found.

    *moment*: no revocation that is dated before it is missing. *statuses*: in the order of the question. *sequence*:
    of the issuer's journal, all of it up to there is in the statuses. *issuer_revoked*: what the journal says of the
    issuer's own certificate, where its issuer is in this register too and revoked it.
    """

    moment: datetime
    statuses: tuple[Status, ...]
    sequence: int
    issuer_revoked: Revoked | None


class StatusSource(Protocol):
    """Where the status of certificates is known."""

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:
        """The status of each serial of one issuer, in the order in which they are asked.

        Raises:
            StoreError: when it cannot be known now.
        """
        ...


# Where a reason was raised there are two rows, and the later one says what is shown.
_LOOKUP_BATCH = (
    select(certificates.c.not_after, journal.c.revocation_date, journal.c.reason)
    .outerjoin(journal, (journal.c.issuer_id == certificates.c.issuer_id) & (journal.c.serial == certificates.c.serial))
    .where(certificates.c.issuer_id == bindparam("issuer_id"), certificates.c.serial == bindparam("serial"))
    .order_by(journal.c.sequence.desc())
    .limit(1)
)


class SqlStatusSource:
    """Reads the register and the journal."""

    def __init__(
        self, database: Database, clock: Clock, parents: Mapping[int, tuple[int, int]] = MappingProxyType({})
    ) -> None:
        """Read from a database, which is never written.

        Args:
            database: where register and journal are.
            clock: dates what is read.
            parents: for an issuer's id, the id of the issuer of its own certificate, and that certificate's serial;
                for those whose own status is to be looked at.
        """
        self._database = database
        self._clock = clock
        self._parents = parents

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:
        """As `StatusSource` says; what is just being committed is waited for.

        Raises:
            StoreError: when the database does not answer.
        """
        parent = self._parents.get(issuer_id)
        with self._database.read_dated(self._clock, issuer_id) as (connection, moment):
            # The order that was passed is this issuer's; SQLite has one for all of them.
            if parent is not None and not self._database.is_sqlite:
                pass_advisory_fence(connection, parent[0])
            sequence = read_head(connection, issuer_id).sequence
            statuses = tuple(_status(connection, issuer_id, serial) for serial in serials)
            above = None if parent is None else _status(connection, *parent)
        return StatusReading(
            moment=moment,
            statuses=statuses,
            sequence=sequence,
            issuer_revoked=above if isinstance(above, Revoked) else None,
        )


def _status(connection: Connection, issuer_id: int, serial: int) -> Status:
    # The register has no certificate with such a serial, and the column could not hold it.
    if not is_storable(serial):
        return Unknown()
    row = connection.execute(_LOOKUP_BATCH, {"issuer_id": issuer_id, "serial": serial}).one_or_none()
    if row is None:
        return Unknown()
    if row.revocation_date is None:
        return Good(row.not_after)
    return Revoked(row.revocation_date, RevocationReason(row.reason), row.not_after)
