"""One item of many that fails: it waits, is said once, and touches no other."""

import logging

import pytest

from pki_revocation.errors import StoreError
from pki_revocation.runtime.item_failures import ItemFailures

_LOG = logging.getLogger("tests")


class Stopwatch:
    """Seconds that a test sets."""

    seconds = 100.0

    def __call__(self) -> float:
        """The seconds now."""
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    """Seconds."""
    return Stopwatch()


@pytest.fixture
def failures(stopwatch: Stopwatch) -> ItemFailures:
    """Nothing fails yet."""
    return ItemFailures(_LOG, failing="it cannot be sent", working="it was sent", longest=60, monotonic=stopwatch)


def _fail(failures: ItemFailures, item: str, error: Exception) -> None:
    with failures.attempt(item):
        raise error


def test_whatever_an_item_raises_goes_no_further(failures: ItemFailures, caplog: pytest.LogCaptureFixture) -> None:
    """Said once, with a traceback where it was not expected; the other item is as it was."""
    for _ in range(3):
        _fail(failures, "mail 1", ValueError("local part"))
    assert not failures.is_due("mail 1")
    assert failures.is_due("mail 2")
    assert failures.standing() == {"mail 1": "An unexpected error (ValueError): see the log."}
    (record,) = caplog.records
    assert record.getMessage().startswith("mail 1: it cannot be sent: ")
    assert record.exc_info is not None


def test_an_item_waits_longer_each_time(failures: ItemFailures, stopwatch: Stopwatch) -> None:
    """Up to the longest pause, and then for that long each time, without end."""
    waited = []
    for _ in range(8):
        _fail(failures, "mail 1", OSError(13, "Permission denied"))
        begin = stopwatch.seconds
        while not failures.is_due("mail 1"):
            stopwatch.seconds += 1
        waited.append(stopwatch.seconds - begin)
    assert waited == [2, 4, 8, 16, 32, 60, 60, 60]


def test_an_item_that_works_is_over(
    failures: ItemFailures, stopwatch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, and a later failure is a first one."""
    for _ in range(3):
        _fail(failures, "mail 1", OSError(13, "Permission denied"))
    with failures.attempt("mail 1"):
        pass
    assert failures.standing() == {}
    assert "mail 1: it was sent: it failed 3 times" in caplog.text
    _fail(failures, "mail 1", OSError(13, "Permission denied"))
    stopwatch.seconds += 2
    assert failures.is_due("mail 1")


def test_an_item_that_is_gone_is_forgotten(failures: ItemFailures) -> None:
    """Readiness must not speak for ever of a file that was taken away."""
    _fail(failures, "a.pem", OSError(13, "Permission denied"))
    _fail(failures, "b.pem", OSError(13, "Permission denied"))
    failures.keep(["b.pem", "c.pem"])
    assert list(failures.standing()) == ["b.pem"]
    assert failures.is_due("a.pem")


def test_a_database_that_is_away_is_no_trouble_of_an_item(failures: ItemFailures) -> None:
    """The job fails, and not one item after the other."""
    with pytest.raises(StoreError):
        _fail(failures, "mail 1", StoreError("The database does not answer: gone."))
    assert failures.standing() == {}
