"""Keys that are known to be no secret any more: what issuers ask, and imports are held against (BR 6.1.1.3, 4.9.1.1).

A row is only ever added, and a proof outweighs what a list said: its evidence is then kept with it. What an operator
listed by mistake can be taken off again, what was proven cannot.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, and_, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.clock import iso
from pki_revocation.database.schema import certificate_keys, certificates, compromised_keys, journal
from pki_revocation.errors import PkiError

_PORTION = 5000


class KeySource(StrEnum):
    """How a key is known to be compromised: proven by the key itself, on an imported list, or said by operators."""

    PROOF = "proof"
    LIST = "list"
    OPERATOR = "operator"


class ProvenKeyStays(PkiError):
    """A key that was proven to be compromised cannot be taken off the list."""

    def __init__(self) -> None:
        super().__init__("This key was proven to be compromised, by a signature of its own: it stays on the list.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompromisedKey:
    """A key by the SHA-256 of its SubjectPublicKeyInfo; *since* is when it came on this list."""

    sha256: bytes
    since: datetime
    source: KeySource
    note: str

    def __str__(self) -> str:
        """The key and where it is known from, on one line."""
        note = f" ({self.note})" if self.note else ""
        return f"{self.sha256.hex()}  since {iso(self.since)}  {self.source.value}{note}"


@dataclass(frozen=True, slots=True)
class LiveWithCompromisedKey:
    """A certificate that is neither revoked nor expired, and whose key is on the list."""

    issuer_id: int
    serial: int
    sha256: bytes


def compromised_key(connection: Connection, sha256: bytes) -> CompromisedKey | None:
    """What is known of a key; None when nothing is."""
    row = connection.execute(select(compromised_keys).where(compromised_keys.c.key_sha256 == sha256)).one_or_none()
    return None if row is None else _key(row)


def evidence_of(connection: Connection, sha256: bytes) -> bytes | None:
    """The octets that proved it; None for what was not proven here."""
    columns = compromised_keys.c
    found: bytes | None = connection.scalar(select(columns.evidence).where(columns.key_sha256 == sha256))
    return found


def compromised_among(connection: Connection, hashes: Collection[bytes]) -> dict[bytes, CompromisedKey]:
    """Those of the keys that are on the list, by their hashes; quick while it is empty."""
    if not hashes or not connection.scalar(select(exists(select(compromised_keys.c.key_sha256)))):
        return {}
    listed, found = list(hashes), dict[bytes, CompromisedKey]()
    for start in range(0, len(listed), _PORTION):
        query = select(compromised_keys).where(compromised_keys.c.key_sha256.in_(listed[start : start + _PORTION]))
        found |= {row.key_sha256: _key(row) for row in connection.execute(query)}
    return found


def list_keys(connection: Connection, keys: Iterable[CompromisedKey], evidence: bytes | None = None) -> int:
    """Put keys on the list; those that are on it stay as they are, but for a proof's. Give how many are new.

    Raises:
        StoreError: when the database does not answer.
    """
    listed, new = list(keys), 0
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for start in range(0, len(listed), _PORTION):
        portion = {each.sha256: each for each in listed[start : start + _PORTION]}
        known = compromised_among(connection, list(portion))
        fresh = [_row(each, evidence) for each in portion.values() if each.sha256 not in known]
        if fresh:
            connection.execute(insert(compromised_keys).on_conflict_do_nothing(), fresh)
        new += len(fresh)
        if evidence is not None:
            for each in known.values():
                _prove(connection, each, portion[each.sha256], evidence)
    return new


def take_off(connection: Connection, sha256: bytes) -> bool:
    """Take a key off the list that was put there by mistake; False when it is not on it.

    Raises:
        ProvenKeyStays: when a signature of its own put it there.
    """
    known = compromised_key(connection, sha256)
    if known is None:
        return False
    if known.source is KeySource.PROOF:
        raise ProvenKeyStays
    connection.execute(delete(compromised_keys).where(compromised_keys.c.key_sha256 == sha256))
    return True


def all_keys(connection: Connection) -> Iterator[CompromisedKey]:
    """Every key on the list, the newest first."""
    columns = compromised_keys.c
    query = select(compromised_keys).order_by(columns.since.desc(), columns.key_sha256)
    with connection.execute(query.execution_options(yield_per=1000)) as rows:
        for row in rows:
            yield _key(row)


def count_keys(connection: Connection) -> int:
    """How many keys are on the list."""
    return connection.scalar(select(func.count()).select_from(compromised_keys)) or 0


def live_with_compromised_keys(connection: Connection, now: datetime) -> list[LiveWithCompromisedKey]:
    """Certificates that relying parties may trust, and whose keys are no secret: each is to be revoked (BR 4.9.1.1)."""
    keys, rows = certificate_keys.c, certificates.c
    same = and_(rows.issuer_id == keys.issuer_id, rows.serial == keys.serial)
    revoked = exists().where(journal.c.issuer_id == keys.issuer_id, journal.c.serial == keys.serial)
    query = (
        select(keys.issuer_id, keys.serial, keys.key_sha256)
        .join_from(compromised_keys, certificate_keys, keys.key_sha256 == compromised_keys.c.key_sha256)
        .join(certificates, same)
        .where(rows.not_after >= now, ~revoked)
        .order_by(keys.issuer_id, keys.serial)
    )
    found = {(row.issuer_id, row.serial): row.key_sha256 for row in connection.execute(query)}
    return [LiveWithCompromisedKey(issuer_id, serial, sha256) for (issuer_id, serial), sha256 in found.items()]


def _prove(connection: Connection, known: CompromisedKey, proven: CompromisedKey, evidence: bytes) -> None:
    """A list's word for a key becomes a proof; since when it is on the list stays."""
    if known.source is KeySource.PROOF:
        return
    connection.execute(
        update(compromised_keys)
        .where(compromised_keys.c.key_sha256 == known.sha256)
        .values(source=KeySource.PROOF.value, note=proven.note, evidence=evidence)
    )


def _row(key: CompromisedKey, evidence: bytes | None) -> dict[str, object]:
    return {
        "key_sha256": key.sha256,
        "since": key.since,
        "source": key.source.value,
        "note": key.note,
        "evidence": evidence,
    }


def _key(row: Row[tuple[object, ...]]) -> CompromisedKey:
    return CompromisedKey(sha256=row.key_sha256, since=row.since, source=KeySource(row.source), note=row.note)
