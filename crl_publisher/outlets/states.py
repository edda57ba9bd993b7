"""What each outlet holds and how it fares, in the record: what commands and `doctor` show, whatever process asks."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.clock import iso
from pki_revocation.database.schema import outlet_states


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletState:
    """One path at one outlet.

    *number* is the CRL's that it holds, None for a certificate or when nothing is known; *held_since* when it came
    there. *failures* counts since the last success, *failure* is the last one in a sentence.
    """

    outlet: str
    path: str
    number: int | None = None
    sha256: bytes | None = None
    held_since: datetime | None = None
    checked_at: datetime | None = None
    failures: int = 0
    failure: str | None = None
    failed_at: datetime | None = None
    next_attempt_at: datetime | None = None

    def as_json(self) -> dict[str, object]:
        """The fields as commands print them."""
        fields: dict[str, object] = asdict(self)
        for name, value in fields.items():
            if isinstance(value, datetime):
                fields[name] = iso(value)
            elif isinstance(value, bytes):
                fields[name] = value.hex()
        return fields


def outlet_state(connection: Connection, outlet: str, path: str) -> OutletState:
    """The state of one path at one outlet; empty where there is none yet."""
    row = connection.execute(
        select(outlet_states).where(outlet_states.c.outlet == outlet, outlet_states.c.path == path)
    ).one_or_none()
    return OutletState(outlet=outlet, path=path) if row is None else _state(row)


def all_outlet_states(connection: Connection) -> tuple[OutletState, ...]:
    """The states of all paths at all outlets, ordered by outlet and path."""
    rows = connection.execute(select(outlet_states).order_by(outlet_states.c.outlet, outlet_states.c.path))
    return tuple(_state(row) for row in rows)


def write_outlet_state(connection: Connection, state: OutletState) -> None:
    """Put a state in the place of the one before."""
    values = asdict(state)
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(
        insert(outlet_states)
        .values(values)
        .on_conflict_do_update(index_elements=[outlet_states.c.outlet, outlet_states.c.path], set_=values)
    )


def forget_other_outlets(connection: Connection, outlets: list[str]) -> None:
    """Delete the states of outlets that are configured no more."""
    connection.execute(delete(outlet_states).where(outlet_states.c.outlet.not_in(outlets)))


def _state(row: Row[Any]) -> OutletState:
    return OutletState(
        outlet=row.outlet,
        path=row.path,
        number=row.number,
        sha256=row.sha256,
        held_since=row.held_since,
        checked_at=row.checked_at,
        failures=row.failures,
        failure=row.failure,
        failed_at=row.failed_at,
        next_attempt_at=row.next_attempt_at,
    )
