"""The entry store: each revocation as the DER of its CRL entry, made once when its journal row is applied.

A CRL's list is then a join of stored bytes. The store is a projection: losing it costs a rebuild from the journal, and
the gate compares every CRL with the journal itself. RFC 5280 sections 5.1.2.6 and 5.3; BR 7.2.2.

Entries are written by hand: declared to `cryptography.hazmat.asn1` each costs 2.3 times as much, and the benchmark row
`publish` pays for a million of them when its first CRL is made.
"""

from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Integer, LargeBinary, Select, and_, delete, select, type_coerce

from pki_revocation.database.bulk import bulk_replace, portions
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crl_entries, journal
from pki_revocation.encoding.der import (
    enumerated,
    extension,
    generalized_time,
    integer,
    object_identifier,
    sequence,
    time,
)
from pki_revocation.encoding.serials import from_stored
from pki_revocation.journal import read_head
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason

from . import segments
from .progress import advance_progress, lock_progress

# Raised whenever encode_entry would give other bytes: stored entries of another version are made anew.
ENCODING_VERSION = 1
# Small portions, because subscribers cannot revoke while SQLite's one write lock is held: a third of a second. But more
# than an import writes at once, with which it takes turns, so that the publisher follows it as fast as it comes.
_PORTION = 10_000
_COLUMNS = ("issuer_id", "shard", "serial", "is_ca", "encoding_version", "not_after", "entry")

_REASON_CODE = object_identifier("2.5.29.21")
_INVALIDITY_DATE = object_identifier("2.5.29.24")


def encode_entry(
    serial: int, revocation_date: datetime, reason: RevocationReason, invalidity_date: datetime | None
) -> bytes:
    """One element of revokedCertificates.

    No reason is the reason extension's absence (RFC 5280 section 5.3.1), and only keyCompromise has an invalidity date.
    """
    extensions = _reason_extension(reason)
    if invalidity_date is not None:
        extensions += extension(_INVALIDITY_DATE, generalized_time(invalidity_date))
    return sequence(integer(serial), _time(revocation_date), sequence(extensions) if extensions else b"")


@cache
def _reason_extension(reason: RevocationReason) -> bytes:
    if reason is RevocationReason.UNSPECIFIED:
        return b""
    return extension(_REASON_CODE, enumerated(reason))


# Revocations come in storms, of one second or of one day.
_time = lru_cache(maxsize=4096)(time)


class EntryStore:
    """Applies the journal; what it holds is read by `listing`."""

    def __init__(self, database: Database) -> None:
        """*database* holds both the journal and the store."""
        self._database = database

    def apply(self, issuer: Issuer, *, through: int | None = None) -> int:
        """Apply the journal's rows that are not in the store yet; give the sequence that it then holds.

        Each portion is a transaction of its own with the sequence it reached: an end at any point loses nothing.

        Args:
            issuer: whose journal.
            through: no row behind this one, so that the store holds what a CRL covers and nothing else; None for all.
        """
        while True:
            with self._database.write() as connection:
                applied = lock_progress(connection, issuer.id)
                last = applied + _PORTION if through is None else min(applied + _PORTION, through)
                reached = self._write(connection, issuer, applied, last)
                if reached - applied < _PORTION:
                    return reached

    def prepare(self, issuer: Issuer) -> None:
        """Rebuild when entries were made by another version of the encoding."""
        with self._database.read() as connection:
            outdated = connection.execute(
                select(crl_entries.c.serial)
                .where(crl_entries.c.issuer_id == issuer.id, crl_entries.c.encoding_version != ENCODING_VERSION)
                .limit(1)
            ).first()
        if outdated is not None:
            self.rebuild(issuer)

    def rebuild(self, issuer: Issuer) -> int:
        """Forget an issuer's entries and make them anew from the journal as it stands; give the sequence reached."""
        with self._database.write() as connection:
            forget(connection, issuer)
            stands = read_head(connection, issuer.id).sequence
        return self.apply(issuer, through=stands)

    def _write(self, connection: Connection, issuer: Issuer, applied: int, through: int) -> int:
        """Make the entries of the rows behind *applied*; give the last one's sequence."""
        made: dict[bytes, tuple[int, int, int, bool, int, datetime, bytes]] = {}
        reached = applied
        for rows in portions(connection, _rows(issuer, applied, through)):
            for place, octets, revoked, reason, invalid_since, not_after, shard, is_ca in rows:
                serial = from_stored(octets)
                entry = encode_entry(serial, _moment(revoked), RevocationReason(reason), _moment_or_none(invalid_since))
                reached = place
                made[octets] = (issuer.id, shard, serial, bool(is_ca), ENCODING_VERSION, _moment(not_after), entry)
        if made:
            # Neighbours share the table's pages.
            bulk_replace(connection, crl_entries, _COLUMNS, (made[octets] for octets in sorted(made)))
            segments.empty(connection, issuer.id, ((row[1], octets) for octets, row in made.items()))
            advance_progress(connection, issuer.id, reached)
        return reached


def _rows(issuer: Issuer, applied: int, through: int) -> Select[Any]:
    """A query for the rows that entries are made of, in the order of the journal; columns as the driver gives them."""
    return (
        select(
            journal.c.sequence,
            type_coerce(journal.c.serial, LargeBinary),
            type_coerce(journal.c.revocation_date, Integer),
            journal.c.reason,
            type_coerce(journal.c.invalidity_date, Integer),
            type_coerce(certificates.c.not_after, Integer),
            certificates.c.shard,
            type_coerce(certificates.c.is_ca, Integer),
        )
        .join(
            certificates,
            and_(certificates.c.issuer_id == journal.c.issuer_id, certificates.c.serial == journal.c.serial),
        )
        .where(journal.c.issuer_id == issuer.id, journal.c.sequence > applied, journal.c.sequence <= through)
        .order_by(journal.c.sequence)
    )


@lru_cache(maxsize=4096)
def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moment_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else _moment(seconds)


def forget(connection: Connection, issuer: Issuer) -> None:
    """Empty the store of an issuer: the next CRL makes its entries anew."""
    # First of all, or entries that a publisher is applying at this moment would stay.
    lock_progress(connection, issuer.id)
    connection.execute(delete(crl_entries).where(crl_entries.c.issuer_id == issuer.id))
    segments.forget(connection, issuer.id)
    advance_progress(connection, issuer.id, 0)
