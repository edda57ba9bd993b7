"""Whether something waits for a row that another transaction holds, seen in PostgreSQL's own view of its sessions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, text

from pki_revocation.database.engine import Database
from tests.waiting import patience, wait_until

Given = TypeVar("Given")

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
_LONGEST = 8.0


def waited_for(database: Database, hold: Callable[[Connection], object], operation: Callable[[], Given]) -> Given:
    """What *operation* gives, begun while another transaction has done *hold*, and ended once that is committed.

    One that ends without waiting for that transaction fails the test.
    """
    with ThreadPoolExecutor(1) as beside:
        with database.write() as connection:
            hold(connection)
            started = beside.submit(operation)
            wait_until(lambda: started.done() or _somebody_waits(database), _LONGEST, "its end, or its wait")
            assert not started.done(), "It did not wait for the lock."
        return started.result(timeout=patience(20))


def _somebody_waits(database: Database) -> bool:
    with database.read() as connection:
        return bool(connection.execute(_WAITING).scalar_one())
