"""What a backup holds, as it was counted in the very copy: journals, audit trail and rows; and what belongs to it.

Pepper and session key are named by their fingerprints and never in it: a thief who has both the database and the pepper
can try codes, so that the two are kept apart from the first copy on. Keys are named by their places, for the same
reason and because no copy of a token's key can be made.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Self

from sqlalchemy import Connection, func, inspect, select, table

from pki_revocation import journal
from pki_revocation.audit import head_digest, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.config.installation import Installation
from pki_revocation.config.service_accounts import secrets_of
from pki_revocation.database import revisions
from pki_revocation.database.schema import audit_head, metadata
from pki_revocation.register.issuers import all_issuers
from pki_revocation.register.marks import MarkName, mark

from .errors import BackupUnfit

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A backup's contents.

    Attributes:
        format: of the file itself.
        program: the version that made it.
        kind: sqlite or postgresql.
        revision: of the tables.
        made_at: when, as ISO 8601 in UTC.
        journals: the last sequence of each issuer's journal, by the issuer's name.
        audit_sequence: of the last audit record.
        audit_digest: of that record, in hexadecimal.
        rows: how many each table has.
        secrets: the fingerprints of pepper and session key, None for one that was never used.
        elsewhere: the files with secrets and keys that are not in it.
    """

    format: int
    program: str
    kind: str
    revision: str
    made_at: str
    journals: Mapping[str, int]
    audit_sequence: int
    audit_digest: str
    rows: Mapping[str, int]
    secrets: Mapping[str, str | None]
    elsewhere: tuple[str, ...]

    @classmethod
    def of(cls, connection: Connection, installation: Installation, made_at: str) -> Self:
        """Count what a database holds, whose tables are at this program's revision."""
        audited = connection.execute(select(audit_head.c.sequence)).scalar_one()
        marks = {name.value: mark(connection, name) for name in (MarkName.PEPPER, MarkName.SESSION_KEY)}
        return cls(
            format=FORMAT,
            program=version("pki-revocation"),
            kind=connection.dialect.name,
            revision=revisions.wanted(),
            made_at=made_at,
            journals=_journals(connection),
            audit_sequence=audited,
            audit_digest=head_digest(connection),
            rows=_rows(connection, metadata.tables),
            secrets={name: None if found is None else found.value for name, found in marks.items()},
            elsewhere=tuple(str(each.path) for each in secrets_of(installation)),
        )

    def to_json(self) -> bytes:
        """As the file keeps it."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """From the file.

        Raises:
            BackupUnfit: when it is not one, or of a format that this program does not know.
        """
        try:
            fields: dict[str, Any] = json.loads(data)
            found = cls(**{**fields, "elsewhere": tuple(fields["elsewhere"])})
        except (ValueError, TypeError, KeyError):
            raise BackupUnfit(
                "Its manifest cannot be read: it is no backup of this product, or of a newer one."
            ) from None
        if found.format != FORMAT:
            raise BackupUnfit(f"It has format {found.format}, and this program reads {FORMAT}: use a newer program.")
        return found

    @property
    def summary(self) -> str:
        """What is in it, in a part of a sentence."""
        ends = ", ".join(f"{name} up to sequence {sequence}" for name, sequence in self.journals.items())
        return f"{ends or 'no journal yet'}; {self.audit_sequence} audit records; made at {self.made_at}"

    def refuse_other_rows(self, connection: Connection) -> None:
        """Hold a database that came out of the backup against what was counted when it went in.

        Raises:
            BackupUnfit: naming each table that has another number of rows.
        """
        found = _rows(connection, self.rows)
        wrong = [
            f"{name} has {found[name]} rows, not {count}" for name, count in self.rows.items() if found[name] != count
        ]
        if wrong:
            raise BackupUnfit(f"What comes out of it is not what went in: {'; '.join(wrong)}.")

    def refuse_other_contents(self, connection: Connection) -> None:
        """The same for journals and audit trail, whose chains are followed; the tables are at this program's revision.

        Raises:
            BackupUnfit: when a journal ends elsewhere.
            AuditBroken: when a chain breaks.
        """
        verify_chain(connection)
        verify_journal(connection)
        if _journals(connection) != dict(self.journals) or head_digest(connection) != self.audit_digest:
            raise BackupUnfit("What comes out of it ends at another sequence, or another audit record, than went in.")


def _journals(connection: Connection) -> dict[str, int]:
    return {each.name: journal.read_head(connection, each.id).sequence for each in all_issuers(connection)}


def _rows(connection: Connection, names: Mapping[str, object]) -> dict[str, int]:
    return dict(_counted(connection, names))


def _counted(connection: Connection, names: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    there = set(inspect(connection).get_table_names())
    for name in sorted(names):
        count = connection.execute(select(func.count()).select_from(table(name))).scalar_one() if name in there else 0
        yield name, int(count)
