"""New signers are taken into use while the worker serves: looked for by a thread, put in place between two answers.

1. A thread looks once a second whether a folder or token holds another key than the one in use; that may wait for a
   disk or a token, and the loop must not.
2. A new one signs something before it is used (`CurrentSigners`). One that cannot leaves the present one in place, and
   is tried again the next second.
3. Where the new key signs slowly, the loop is told first to leave that issuer to threads, and is given the signer after
   that; where it signs quickly, the other way round. So the loop never signs with a slow key.
4. An answer that is being made is finished with the signer that it began with, and that signer's hold on its key ends
   with it: the file is destroyed only when nothing can sign with it any more (`keys/files/key_lock.py`).
"""

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
    """Looks for new signers every second, beside the answering: a `Background`."""

    def __init__(self, signers: CurrentSigners, take: Callable[[Issuer, AnswerSigner], None], clock: Clock) -> None:
        """Look with *signers*; *take* is called with each new one, in the thread that looks."""
        self._signers = signers
        self._take = take
        self._clock = clock
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="keys")
        self._refreshing: Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:  # noqa: ARG002 - the port's
        """Look now and every second; a look that is still in progress is left to end."""

        def tick() -> None:
            if self._refreshing is None or self._refreshing.done():
                self._refreshing = self._executor.submit(self.reload)
            self._timer = loop.call_later(_SECONDS, tick)

        tick()

    def stop(self) -> None:
        """Begin no further look, and wait for the end of one in progress."""
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
