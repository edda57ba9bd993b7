"""Takes new keys up while the worker serves: looked for by a thread, put in place between two answers."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from prometheus_client import Gauge

from ocsp_responder.signing.answer_signers import CurrentSigners
from ocsp_responder.signing.response import AnswerSigner
from pki_revocation.clock import Clock
from pki_revocation.model import Issuer

from .refresh import JournalRefresh

_log = logging.getLogger(__name__)
_SECONDS = 1.0
_NOT_AFTER = Gauge(
    "ocsp_signer_not_after_timestamp_seconds",
    "When the certificate ends that answers are signed with, of the worker whose ends first",
    ["issuer"],
    multiprocess_mode="livemin",
)
_ALARM = Gauge(
    "ocsp_signer_alarm",
    "1 while that certificate is past three quarters of its life and no new one has come",
    ["issuer"],
    multiprocess_mode="livemax",
)


class SignerReload:
    """A `Background`."""

    def __init__(self, signers: CurrentSigners, take: Callable[[Issuer, AnswerSigner], None], clock: Clock) -> None:
        """*take* is told of each new signer, in the thread that looks."""
        self._signers = signers
        self._take = take
        self._clock = clock
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="keys")
        self._refreshing: Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:  # noqa: ARG002 - the port's
        """As `Background` says."""

        def tick() -> None:
            if self._refreshing is None or self._refreshing.done():
                self._refreshing = self._executor.submit(self.reload)
            self._timer = loop.call_later(_SECONDS, tick)

        tick()

    def stop(self) -> None:
        """As `Background` says."""
        if self._timer is not None:
            self._timer.cancel()
        self._executor.shutdown(wait=True)

    def reload(self) -> None:
        """Take up what is new, and say how long each signer lasts."""
        try:
            for issuer, signer in self._signers.renewed():
                self._take(issuer, signer)
            self._say(self._signers)
        except Exception:  # noqa: BLE001 - the edge of this thread: answering goes on with the keys that there are
            _log.exception("new keys could not be looked for")

    def _say(self, signers: Iterable[AnswerSigner]) -> None:
        now = self._clock.now()
        for signer in signers:
            _NOT_AFTER.labels(signer.issuer_name).set(signer.not_after.timestamp())
            _ALARM.labels(signer.issuer_name).set(now >= signer.alarm_at)
