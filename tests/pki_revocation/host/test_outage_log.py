"""Outages in the log: a line when one begins, now and then one while it lasts, and one when it is over."""

import logging

import pytest

from pki_revocation.errors import StoreError
from pki_revocation.host.outage_log import OutageLog, in_words

_AGAIN, _QUIET = 3600.0, 10.0
_LOG = logging.getLogger("tests")
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
    return OutageLog(
        _LOG,
        failing="no answer can be given now",
        working="answers are given again",
        again=_AGAIN,
        quiet=_QUIET,
        monotonic=stopwatch,
    )


def test_one_line_when_it_begins_and_one_when_it_ends(
    outages: OutageLog, stopwatch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand requests that fail, and a thousand that work afterwards, are two lines."""
    for _ in range(1000):
        outages.failed(1, GONE)
    stopwatch.seconds += _QUIET
    for _ in range(1000):
        outages.worked(1)

    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "no answer can be given now: The database does not answer: gone."),
        (logging.WARNING, "answers are given again: it failed 1000 times in 0 s"),
    ]


def test_what_comes_and_goes_is_one_outage(
    outages: OutageLog, stopwatch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Successes between failures end nothing until nothing has failed for a while."""
    for _ in range(100):
        outages.failed(1, GONE)
        stopwatch.seconds += _QUIET / 2
        outages.worked(1)

    assert len(caplog.records) == 1
    stopwatch.seconds += _QUIET / 2
    outages.worked(1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


def test_another_outage_is_said_anew(
    outages: OutageLog, stopwatch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After the end of one, and for another issuer at once; each counts its own."""
    outages.failed(1, GONE)
    outages.failed(2, GONE)
    outages.failed(2, GONE)
    stopwatch.seconds += _QUIET
    outages.worked(2)
    outages.failed(2, GONE)

    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        str(GONE),
        str(GONE),
        "it failed 2 times in 0 s",
        str(GONE),
    ]


def test_what_lasts_is_said_again_after_a_while(
    outages: OutageLog, stopwatch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With how often and for how long: whoever reads today's log sees what began yesterday."""
    for _ in range(2 * int(_AGAIN) + 1):
        outages.failed("mail", GONE)
        stopwatch.seconds += 1

    assert [record.getMessage() for record in caplog.records] == [
        f"mail: no answer can be given now: {GONE}",
        f"mail: no answer can be given now (3601 times in 3600 s): {GONE}",
        f"mail: no answer can be given now (7201 times in 7200 s): {GONE}",
    ]


def test_another_reason_is_said_at_once(outages: OutageLog, caplog: pytest.LogCaptureFixture) -> None:
    """And two that take turns are two lines, not one for each turn; neither are thousands of different ones."""
    for _ in range(10):
        outages.failed(1, GONE)
        outages.failed(1, "The database is at another revision.")
    assert len(caplog.records) == 2
    for count in range(1000):
        outages.failed(1, f"The request {count} was refused.")
    assert len(caplog.records) == 4


def test_nothing_is_said_while_everything_works(outages: OutageLog, caplog: pytest.LogCaptureFixture) -> None:
    """No outage, no line."""
    outages.worked(1)

    assert not caplog.records


def test_what_is_gone_is_not_said_to_work(outages: OutageLog, caplog: pytest.LogCaptureFixture) -> None:
    """A file that was taken away ends its outage without a line."""
    outages.failed("a.pem", GONE)
    assert outages.standing() == {"a.pem": str(GONE)}
    outages.forget("a.pem")
    outages.worked("a.pem")
    assert outages.standing() == {}
    assert len(caplog.records) == 1


def test_a_traceback_goes_along_when_asked(outages: OutageLog, caplog: pytest.LogCaptureFixture) -> None:
    """With the line that is said, and with no other."""
    error = RuntimeError("secret")
    outages.failed(1, error, traceback=True)
    outages.failed(1, error, traceback=True)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "secret" not in record.getMessage()


def test_errors_in_words() -> None:
    """Ours are sentences already; the system's name the file; of an unexpected one only the kind is told."""
    assert in_words(GONE) == "The database does not answer: gone."
    assert in_words(PermissionError(13, "Permission denied", "/x")) == "/x: Permission denied."
    assert in_words(ValueError("4711-secret")) == "An unexpected error (ValueError): see the log."
