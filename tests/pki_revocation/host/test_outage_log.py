"""Outages in the log: one line when one begins, one when it ends, and how many requests it met."""

import logging

import pytest

from pki_revocation.errors import StoreError
from pki_revocation.host.outage_log import QUIET_SECONDS, OutageLog

GONE = StoreError("The database does not answer: gone.")


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
def outages(stopwatch: Stopwatch) -> OutageLog:
    """Nothing fails yet."""
    return OutageLog(stopwatch)


def test_one_line_when_it_begins_and_one_when_it_ends(
    outages: OutageLog, stopwatch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand requests that fail, and a thousand that work afterwards, are two lines."""
    for _ in range(1000):
        outages.failed(1, GONE)
    stopwatch.seconds += QUIET_SECONDS
    for _ in range(1000):
        outages.worked(1)

    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "no answer can be given now: The database does not answer: gone."),
        (logging.WARNING, "answers are given again; 1000 requests got none"),
    ]


def test_what_comes_and_goes_is_one_outage(
    outages: OutageLog, stopwatch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Successes between failures end nothing until nothing has failed for a while."""
    for _ in range(100):
        outages.failed(1, GONE)
        stopwatch.seconds += QUIET_SECONDS / 2
        outages.worked(1)

    assert len(caplog.records) == 1
    stopwatch.seconds += QUIET_SECONDS / 2
    outages.worked(1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


def test_another_outage_is_said_anew(
    outages: OutageLog, stopwatch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After the end of one, and for another issuer at once; each counts its own."""
    outages.failed(1, GONE)
    outages.failed(2, GONE)
    outages.failed(2, GONE)
    stopwatch.seconds += QUIET_SECONDS
    outages.worked(2)
    outages.failed(2, GONE)

    assert [record.getMessage().partition(";")[2] for record in caplog.records] == [
        "",
        "",
        " 2 requests got none",
        "",
    ]


def test_nothing_is_said_while_everything_works(outages: OutageLog, caplog: pytest.LogCaptureFixture) -> None:
    """No outage, no line."""
    outages.worked(1)

    assert not caplog.records
