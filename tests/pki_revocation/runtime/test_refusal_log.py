"""Refusals have a line each, and a flood of them does not fill the disk."""

import logging

import pytest

from pki_revocation.runtime.refusal_log import MOST_IN_A_MINUTE, RefusalLog


def test_lines_of_a_minute_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """What is beyond the bound is counted, and told when the next line comes; the bound begins anew."""
    caplog.set_level(logging.INFO)
    moments = [0.0]
    refusals = RefusalLog(logging.getLogger("test"), lambda: moments[-1])
    for place in range(MOST_IN_A_MINUTE + 25):
        refusals.write("refused %s", place)
    moments.append(59.9)
    refusals.write("refused %s", "before the minute is over")
    first = [each.getMessage() for each in caplog.records]
    caplog.clear()
    moments.append(60.0)
    refusals.write("refused %s", "afterwards")
    refusals.write("refused %s", "again")

    assert first == [f"refused {place}" for place in range(MOST_IN_A_MINUTE)]
    assert [each.getMessage() for each in caplog.records] == [
        "26 refusals more were not logged one by one",
        "refused afterwards",
        "refused again",
    ]
