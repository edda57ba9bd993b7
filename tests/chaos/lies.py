"""Histories that are not true, so that the judgement is seen to fail: one lie for each promise."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from tests.chaos.history import Answered, Fetched, History
from tests.chaos.judgement import End

Lie = Callable[[History, End], tuple[History, End]]


def _lost(history: History, end: End) -> tuple[History, End]:
    """The journal has forgotten what was confirmed."""
    gone = history.confirmed[0].serial
    return history, replace(end, journal={serial: at for serial, at in end.journal.items() if serial != gone})


def _unasked(history: History, end: End) -> tuple[History, End]:
    """A certificate is on the CRL that nobody wanted revoked."""
    at = history.confirmed[0].revoked_at
    return history, replace(end, crl={**end.crl, 0x1D1E: at})


def _moved(history: History, end: End) -> tuple[History, End]:
    """One revocation came a second later than its subscriber was told."""
    serial = history.confirmed[0].serial
    return history, replace(end, ocsp={**end.ocsp, serial: end.ocsp[serial] + timedelta(seconds=1)})


def _good(history: History, end: End) -> tuple[History, End]:
    """OCSP said 'good' a hundredth of a second after a confirmation."""
    last = history.confirmed[-1]
    began = last.ended + 0.01
    answer = Answered(
        serial=last.serial,
        status="good",
        began=began,
        ended=began + 0.001,
        received_at=last.revoked_at,
        this_update=last.revoked_at,
    )
    return _with(history, answered=[*history.answered, answer]), end


def _fell(history: History, end: End) -> tuple[History, End]:
    """A relying party got the CRL before the last one once more."""
    newest = max(history.fetched, key=lambda each: each.ended)
    older = Fetched(
        number=newest.number - 1,
        this_update=newest.this_update,
        revoked_at={},
        began=newest.ended + 0.01,
        ended=newest.ended + 0.02,
    )
    return _with(history, fetched=[*history.fetched, older]), end


def _with(history: History, **lists: list[Answered] | list[Fetched]) -> History:
    changed = History(
        asked=history.asked,
        confirmed=history.confirmed,
        answered=history.answered,
        fetched=history.fetched,
        recovered=history.recovered,
        strange=history.strange,
    )
    for name, each in lists.items():
        setattr(changed, name, each)
    return changed


LIES: Mapping[str, Lie] = {"lost": _lost, "unasked": _unasked, "moved": _moved, "good": _good, "fell": _fell}
