"""Writers of a SQLite file take turns: one that writes all the time keeps no other waiting."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from pki_revocation.database.sqlite_turn import turn
from tests.databases import new_sqlite
from tests.waiting import patience

# Longer than SQLite's longest pause between two looks at the lock, so that no chance lets a writer in between.
_TRANSACTION_SECONDS = 0.15


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A fence's file beside a database."""
    return tmp_path / "register.db-order"


def test_writer_that_never_pauses_lets_another_in(tmp_path: Path) -> None:
    """An import begins its next transaction when the last one has ended; a subscriber waits for one of them, or two.

    SQLite alone lets the one in that asks at once, each time, and a subscriber asks ten times a second.
    """
    with new_sqlite(tmp_path / "register.db") as database:
        ended, began = threading.Event(), threading.Event()
        written = 0

        def write_on() -> None:
            nonlocal written
            while not ended.is_set():
                with database.write() as connection:
                    connection.execute(text("UPDATE issuers SET is_default = is_default"))
                    began.set()
                    ended.wait(_TRANSACTION_SECONDS)
                written += 1

        importing = threading.Thread(target=write_on)
        importing.start()
        try:
            assert began.wait(patience(10))
            before = written
            for _ in range(3):
                with database.write():
                    pass
            waited = written - before
        finally:
            ended.set()
            importing.join()

    assert waited <= 6


def test_turn_is_for_one_at_a_time(path: Path) -> None:
    """Threads of one process wait for each other as processes do."""
    entered = threading.Event()

    def enter() -> None:
        with turn(path, patience(30)):
            entered.set()

    other = threading.Thread(target=enter)
    with turn(path):
        other.start()
        assert not entered.wait(0.05)  # nothing tells that it goes on waiting
    other.join()
    assert entered.is_set()


def test_holder_that_was_stopped_keeps_none_out(path: Path) -> None:
    """The turn is politeness: SQLite's own lock is what keeps writers apart."""
    with turn(path), turn(path, 0.01):
        pass


def test_folder_that_is_not_there_is_the_database_s_to_say(tmp_path: Path) -> None:
    """Its own error names it; none of the turn's comes before."""
    with turn(tmp_path / "away" / "register.db-order"):
        pass
