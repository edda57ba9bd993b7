"""What a history must not show: each rule is a sentence, and each breach of it one line.

The rules are the product's promises: a confirmed revocation is there for good, with its time; nothing is revoked that
nobody asked for; OCSP says it from the confirmation on; CRL numbers only rise; and a fault that is over is over.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.chaos.history import Answered, Confirmed, Fetched, History

RECOVERY_SECONDS = 30.0
# The clocks of a client and a server on one machine are the same; an answer is dated in whole seconds.
_AHEAD = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What the journal, the CRL and OCSP say when all faults are over: serials with the moment of their revocation."""

    journal: Mapping[int, datetime]
    crl: Mapping[int, datetime]
    ocsp: Mapping[int, datetime]


def breaches(history: History, end: End, slowness: float = 1.0) -> list[str]:
    """Every breach of every rule; *slowness* is how many times longer this machine takes than a quiet one."""
    return [
        *history.strange,
        *_lost(history.confirmed, end),
        *_unasked(history, end),
        *_moved(history, end),
        *_good_after_confirmation(history.confirmed, history.answered),
        *_dated_ahead(history.answered),
        *_numbers_that_fell(history.fetched),
        *_forgotten_by_a_crl(history.fetched),
        *_late(history, slowness),
    ]


def _lost(confirmed: Iterable[Confirmed], end: End) -> Iterator[str]:
    """A confirmed revocation is in the journal, on the CRL and in OCSP at the end."""
    for each in confirmed:
        for place in ("journal", "crl", "ocsp"):
            if each.serial not in getattr(end, place):
                yield f"{each.serial:x} was confirmed at {each.revoked_at}, and is missing in the {place} at the end"


def _unasked(history: History, end: End) -> Iterator[str]:
    """Nothing is revoked that was not asked for."""
    asked = {each.serial for each in history.asked}
    for serial in end.journal.keys() | end.crl.keys() | end.ocsp.keys():
        if serial not in asked:
            yield f"{serial:x} is revoked, and nobody asked for it"


def _moved(history: History, end: End) -> Iterator[str]:
    """A revocation has one time, whatever tells of it and whenever."""
    told: dict[int, dict[datetime, str]] = defaultdict(dict)
    for place in ("journal", "crl", "ocsp"):
        for serial, moment in getattr(end, place).items():
            told[serial].setdefault(moment, f"the {place} at the end")
    for confirmation in history.confirmed:
        told[confirmation.serial].setdefault(confirmation.revoked_at, "the confirmation")
    for answer in history.answered:
        if answer.revoked_at is not None:
            told[answer.serial].setdefault(answer.revoked_at, "an OCSP answer")
    for crl in history.fetched:
        for serial, moment in crl.revoked_at.items():
            told[serial].setdefault(moment, f"CRL {crl.number}")
    for serial, times in told.items():
        if len(times) > 1:
            said = ", ".join(f"{moment} in {where}" for moment, where in times.items())
            yield f"{serial:x} has several times: {said}"


def _good_after_confirmation(confirmed: Iterable[Confirmed], answered: Iterable[Answered]) -> Iterator[str]:
    """Whoever asks OCSP after the confirmation is told 'revoked', or to try later."""
    since = {each.serial: each.ended for each in sorted(confirmed, key=lambda each: -each.ended)}
    for answer in answered:
        if answer.serial in since and answer.began > since[answer.serial] and answer.status in {"good", "unknown"}:
            late = answer.began - since[answer.serial]
            yield f"{answer.serial:x} was {answer.status} in OCSP {late:.3f} s after it was confirmed as revoked"


def _dated_ahead(answered: Iterable[Answered]) -> Iterator[str]:
    """No answer is dated after it was received."""
    for answer in answered:
        if answer.this_update is not None and answer.this_update > answer.received_at + _AHEAD:
            yield f"an answer about {answer.serial:x} received at {answer.received_at} is dated {answer.this_update}"


def _numbers_that_fell(fetched: Iterable[Fetched]) -> Iterator[str]:
    """What is fetched after another CRL was there has its number, or a higher one."""
    highest, ended = 0, sorted(fetched, key=lambda each: each.ended)
    done = iter(ended)
    waiting = next(done, None)
    for crl in sorted(ended, key=lambda each: each.began):
        while waiting is not None and waiting.ended < crl.began:
            highest = max(highest, waiting.number)
            waiting = next(done, None)
        if crl.number < highest:
            yield f"CRL {crl.number} was served after CRL {highest}"


def _forgotten_by_a_crl(fetched: Iterable[Fetched]) -> Iterator[str]:
    """What one CRL lists, one with a higher number lists too: nothing expires here."""
    listed: dict[int, int] = {}
    for crl in sorted(fetched, key=lambda each: each.number):
        for serial in listed.keys() - crl.revoked_at.keys():
            if listed[serial] < crl.number:
                yield f"{serial:x} is on CRL {listed[serial]}, and not on CRL {crl.number}"
        listed |= dict.fromkeys(crl.revoked_at, crl.number)


def _late(history: History, slowness: float) -> Iterator[str]:
    """Everything works again soon after a fault is over."""
    for each in history.recovered:
        if each.seconds is None:
            yield f"after '{each.fault}' it did not work again"
        elif each.seconds > RECOVERY_SECONDS * slowness:
            yield f"after '{each.fault}' it took {each.seconds:.0f} s until everything worked again"
