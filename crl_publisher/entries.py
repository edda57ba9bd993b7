"""The entry store: each revocation as the DER of its CRL entry, made once when its journal row is applied.

A CRL's list is then a join of stored bytes. The store is a projection: losing it costs a rebuild from the journal, and
the gate compares every CRL with the journal itself. RFC 5280 sections 5.1.2.6 and 5.3; BR 7.2.2.
"""

from functools import cache

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation import journal
from pki_revocation.database import Database
from pki_revocation.der import enumerated, extension, generalized_time, integer, object_identifier, sequence, time
from pki_revocation.model import Issuer, JournalEntry
from pki_revocation.reasons import RevocationReason
from pki_revocation.schema import certificates, crl_entries, crl_projections

# Raised whenever encode_entry would give other bytes: stored entries of another version are made anew.
ENCODING_VERSION = 1
# Small portions, because subscribers cannot revoke while SQLite's one write lock is held.
_PORTION = 1000

_REASON_CODE = object_identifier("2.5.29.21")
_INVALIDITY_DATE = object_identifier("2.5.29.24")


def encode_entry(entry: JournalEntry) -> bytes:
    """One element of revokedCertificates.

    No reason is the reason extension's absence (RFC 5280 section 5.3.1), and only keyCompromise has an invalidity date.
    """
    extensions = _reason_extension(entry.reason)
    if entry.invalidity_date is not None:
        extensions += extension(_INVALIDITY_DATE, generalized_time(entry.invalidity_date))
    return sequence(integer(entry.serial), time(entry.revocation_date), sequence(extensions) if extensions else b"")


@cache
def _reason_extension(reason: RevocationReason) -> bytes:
    if reason is RevocationReason.UNSPECIFIED:
        return b""
    return extension(_REASON_CODE, enumerated(reason))


class EntryStore:
    """Applies the journal; what it holds is read by `selection`."""

    def __init__(self, database: Database) -> None:
        """*database* holds both the journal and the store."""
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def apply(self, issuer: Issuer, *, upto: int | None = None) -> int:
        """Apply the journal's rows that are not in the store yet; give the sequence that it then holds.

        Each portion is a transaction of its own with the sequence it reached: an end at any point loses nothing.

        Args:
            issuer: whose journal.
            upto: no row behind this one, so that the store holds what a CRL covers and nothing else; None for all.
        """
        while True:
            with self._database.write() as connection:
                applied = _lock_projection(connection, issuer)
                last = applied + _PORTION if upto is None else min(applied + _PORTION, upto)
                rows = list(journal.entries_after(connection, issuer.id, applied, upto=last))
                if rows:
                    self._write(connection, issuer, rows)
                    applied = rows[-1].sequence
                if len(rows) < _PORTION:
                    return applied

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
        """Forget every entry of the issuer and make them anew from the journal; give the sequence reached."""
        with self._database.write() as connection:
            forget(connection, issuer)
        return self.apply(issuer)

    def _write(self, connection: Connection, issuer: Issuer, rows: list[JournalEntry]) -> None:
        latest = {row.serial: row for row in rows}
        columns = certificates.c
        query = select(columns.serial, columns.not_after, columns.shard, columns.is_ca).where(
            columns.issuer_id == issuer.id, columns.serial.in_(latest)
        )
        registered = {row.serial: row for row in connection.execute(query)}
        statement = self._insert(crl_entries)
        statement = statement.on_conflict_do_update(
            index_elements=["issuer_id", "shard", "serial"],
            set_={name: statement.excluded[name] for name in ("is_ca", "encoding_version", "not_after", "entry")},
        )
        connection.execute(
            statement,
            [
                {
                    "issuer_id": issuer.id,
                    "shard": registered[serial].shard,
                    "serial": serial,
                    "is_ca": registered[serial].is_ca,
                    "encoding_version": ENCODING_VERSION,
                    "not_after": registered[serial].not_after,
                    "entry": encode_entry(row),
                }
                # Neighbours share the table's pages.
                for serial, row in sorted(latest.items(), key=lambda each: each[0].to_bytes(20))
            ],
        )
        _move_projection(connection, issuer, rows[-1].sequence)


def forget(connection: Connection, issuer: Issuer) -> None:
    """Empty the store of an issuer: the next CRL makes its entries anew."""
    # First of all, or entries that a publisher is applying at this moment would stay.
    _lock_projection(connection, issuer)
    connection.execute(delete(crl_entries).where(crl_entries.c.issuer_id == issuer.id))
    _move_projection(connection, issuer, 0)


def _lock_projection(connection: Connection, issuer: Issuer) -> int:
    """The sequence applied last, held until the transaction ends: two publishers never apply the same rows."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(crl_projections).values(issuer_id=issuer.id, sequence=0).on_conflict_do_nothing())
    query = select(crl_projections.c.sequence).where(crl_projections.c.issuer_id == issuer.id)
    return int(connection.execute(query.with_for_update()).scalar_one())


def _move_projection(connection: Connection, issuer: Issuer, sequence: int) -> None:
    connection.execute(
        update(crl_projections).where(crl_projections.c.issuer_id == issuer.id).values(sequence=sequence)
    )
