"""Which side is late: each step of the judgement, and that an earlier step counts before the later ones."""

from itertools import product

import pytest

from pki_revocation.http_server.lateness import NOT_LOOKED_AT, Verdict, judge


@pytest.mark.parametrize(
    ("untaken", "before", "stalled", "verdict"),
    [
        (5, NOT_LOOKED_AT, True, Verdict.TAKES),
        (5, 6, True, Verdict.TAKES),
        (5, 5, False, Verdict.WAITED_FOR),
        (5, 5, True, Verdict.OVER),
        (6, 5, True, Verdict.OVER),
        (6, 5, False, Verdict.WAITED_FOR),
    ],
)
def test_reply_that_is_not_taken_counts_before_all_else(
    untaken: int, before: int, verdict: Verdict, *, stalled: bool
) -> None:
    """Whatever else is true of the connection."""
    for paused, lingering, owed, begun in product((False, True), repeat=4):
        found = judge(untaken, before, stalled=stalled, paused=paused, lingering=lingering, owed=owed, begun=begun)
        assert found is verdict


@pytest.mark.parametrize(
    ("before", "state", "verdict"),
    [
        (7, "paused lingering owed begun", Verdict.TOOK_ALL),
        (7, "", Verdict.TOOK_ALL),
        (NOT_LOOKED_AT, "paused lingering owed begun", Verdict.TOOK_ALL),
        (NOT_LOOKED_AT, "lingering owed begun", Verdict.OVER),
        (NOT_LOOKED_AT, "owed begun", Verdict.OURS),
        (NOT_LOOKED_AT, "begun", Verdict.LATE),
        (NOT_LOOKED_AT, "", Verdict.OVER),
    ],
)
def test_what_counts_when_all_was_taken(before: int, state: str, verdict: Verdict) -> None:
    """In the order of which side is waited for."""
    paused, lingering, owed, begun = (word in state.split() for word in ("paused", "lingering", "owed", "begun"))

    found = judge(0, before, stalled=True, paused=paused, lingering=lingering, owed=owed, begun=begun)

    assert found is verdict
