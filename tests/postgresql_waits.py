"""For tests that go on when somebody waits for them: PostgreSQL itself says who waits for a lock."""

from time import monotonic, sleep

from sqlalchemy import text

from pki_revocation.database.engine import Database

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def wait_until_somebody_waits(database: Database) -> None:
    """Until a statement in this database waits for what another transaction holds."""
    end = monotonic() + 10
    while monotonic() < end:
        with database.read() as connection:
            if connection.execute(_WAITING).scalar_one():
                return
        sleep(0.01)
    raise AssertionError("nothing waits")
