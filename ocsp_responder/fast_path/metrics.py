"""What operators watch: how answers were made, how far each worker is, and whether it may call anything good.

Counted in plain numbers where answers are made, and handed to Prometheus once a second: a shared counter costs more
than finding the answer.
"""

import asyncio
from collections.abc import Callable, Mapping

from prometheus_client import Counter, Gauge

from .refresh import JournalRefresh

_ANSWERS = Counter("ocsp_responses", "Responses, by what made them: cache, inline signing, or wsgi", ["source"])
_SEQUENCE = Gauge(
    "ocsp_applied_sequence",
    "Last journal sequence applied, of the slowest worker",
    ["issuer"],
    multiprocess_mode="livemin",
)
_CURRENT = Gauge(
    "ocsp_journal_current", "1 while every worker can know what is good, and date it", multiprocess_mode="livemin"
)
_KEPT = Gauge("ocsp_cached_responses", "Keys of the answers that are kept", multiprocess_mode="livesum")
_SECONDS = 1.0


class FastPathMetrics:
    """Hands the worker's counts over to Prometheus once a second: a `Background`."""

    def __init__(
        self,
        *,
        made: Callable[[], Mapping[str, int]],
        applied: Callable[[], Mapping[int, int]],
        current: Callable[[], bool],
        kept: Callable[[], int],
        names: Mapping[int, str],
    ) -> None:
        """Ask for each figure when it is due; *names* are the issuers' by their ids."""
        self._made = made
        self._applied = applied
        self._current = current
        self._kept = kept
        self._names = names
        self._before: Mapping[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:  # noqa: ARG002 - the port's
        """Hand the counts over now and every second."""

        def tick() -> None:
            self._hand_over()
            self._timer = loop.call_later(_SECONDS, tick)

        tick()

    def stop(self) -> None:
        """Hand the last counts over."""
        if self._timer is not None:
            self._timer.cancel()
        self._hand_over()

    def _hand_over(self) -> None:
        made = dict(self._made())
        for name, count in made.items():
            _ANSWERS.labels(name).inc(count - self._before.get(name, 0))
        self._before = made
        for issuer_id, sequence in self._applied().items():
            if issuer_id in self._names:
                _SEQUENCE.labels(self._names[issuer_id]).set(sequence)
        _CURRENT.set(self._current())
        _KEPT.set(self._kept())
