"""What the probe found last at each address, in the record."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from crl_publisher.gate.findings import Finding, Level
from pki_revocation.clock import iso
from pki_revocation.database.schema import probe_states


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeState:
    """One address: the highest number ever seen there, what is wrong, and since when anything is."""

    path: str
    url: str
    probed_at: datetime
    number: int | None
    findings: tuple[Finding, ...]
    wrong_since: datetime | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that raise the alarm."""
        return tuple(finding for finding in self.findings if finding.level is Level.ERROR)

    def as_json(self) -> dict[str, object]:
        """The fields as commands print them."""
        return {
            "path": self.path,
            "url": self.url,
            "probed_at": iso(self.probed_at),
            "number": self.number,
            "wrong_since": None if self.wrong_since is None else iso(self.wrong_since),
            "findings": [asdict(finding) for finding in self.findings],
        }


def probe_states_by_path(connection: Connection) -> dict[str, ProbeState]:
    """What the probe last found, by each file's path below the distribution point."""
    rows = connection.execute(select(probe_states).order_by(probe_states.c.path))
    return {row.path: _state(row) for row in rows}


def write_probe_states(connection: Connection, states: Sequence[ProbeState]) -> None:
    """Put states in the place of those before."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for state in states:
        values = {
            "path": state.path,
            "url": state.url,
            "probed_at": state.probed_at,
            "number": state.number,
            "findings": json.dumps([asdict(finding) for finding in state.findings]),
            "wrong_since": state.wrong_since,
        }
        connection.execute(
            insert(probe_states).values(values).on_conflict_do_update(index_elements=[probe_states.c.path], set_=values)
        )


def forget_other_paths(connection: Connection, paths: Sequence[str]) -> None:
    """Delete the states of paths that are published no more."""
    connection.execute(delete(probe_states).where(probe_states.c.path.not_in(paths)))


def _state(row: Row[Any]) -> ProbeState:
    found = json.loads(row.findings)
    return ProbeState(
        path=row.path,
        url=row.url,
        probed_at=row.probed_at,
        number=row.number,
        findings=tuple(Finding(id=each["id"], level=Level(each["level"]), message=each["message"]) for each in found),
        wrong_since=row.wrong_since,
    )
