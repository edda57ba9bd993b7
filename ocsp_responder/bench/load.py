"""A load on a responder: connections that each ask again as soon as they were answered (a closed loop).

It runs in the loop of the calling process, on one core, and says how much of that core it took: near 1.0 the figures
are the generator's and no longer the responder's.
"""

import asyncio
import contextlib
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

from ocsp_responder.errors import AnswerRefused

from .questions import Asked, Questions

# OCSPResponse with responseStatus successful, behind a SEQUENCE header of up to four octets (RFC 6960 section 4.2.1).
_SUCCESSFUL = b"\x0a\x01\x00"
_STATUS_WITHIN = 8
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_OK = b" 200 "
_STATUS_CODE = slice(8, 13)
# Each 500th answer is kept, to be verified like a relying party would when the load is over.
_SAMPLE_EVERY = 500
_TICK_SECONDS = 0.2
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Times in milliseconds. *generator* is the share of one core that the load took; *samples* are to be verified."""

    requests: int
    seconds: float
    median: float
    p99: float
    longest: float
    generator: float
    samples: tuple[tuple[Asked, bytes], ...]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


@dataclass(slots=True)
class _Tally:
    """What the connections share: times in milliseconds, samples to verify, and the first failure."""

    questions: Questions
    times: "array[float]" = field(default_factory=lambda: array("d"))
    samples: list[tuple[Asked, bytes]] = field(default_factory=list)
    failure: AnswerRefused | None = None
    stopped: bool = False
    all_asked: asyncio.Event = field(default_factory=asyncio.Event)


def measure(
    url: str, questions: Questions, *, connections: int, seconds: float, tick: Callable[[float], None]
) -> Measured:
    """Ask about every certificate once, unmeasured, and then for so many seconds; *tick* gets the share that is done.

    Raises:
        AnswerRefused: when nothing answers there, or with anything but successful OCSP answers.
    """
    return uvloop.run(_measure(url, questions, connections, seconds, tick))


async def _measure(
    url: str, questions: Questions, connections: int, seconds: float, tick: Callable[[float], None]
) -> Measured:
    tally = _Tally(questions)
    clients = await _connect(url, tally, connections)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await tally.all_asked.wait()
    del tally.times[:]
    tally.samples.clear()
    begun, cpu_begun = time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - begun) < seconds and tally.failure is None:
        tick(spent / seconds)
        await asyncio.sleep(min(_TICK_SECONDS, seconds - spent))
    spent, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
    tally.stopped = True
    for client in clients:
        client.close()
    if tally.failure is None and not tally.times:
        tally.failure = AnswerRefused(f"{url} takes connections, and does not answer on them.")
    if tally.failure is not None:
        raise tally.failure
    tick(1.0)
    times = sorted(tally.times)
    return Measured(
        requests=len(times),
        seconds=spent,
        median=1000 * times[len(times) // 2],
        p99=1000 * times[min(len(times) - 1, len(times) * 99 // 100)],
        longest=1000 * times[-1],
        generator=cpu / spent,
        samples=tuple(tally.samples),
    )


async def _connect(url: str, tally: _Tally, connections: int) -> list["_Client"]:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(connections):
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                _, client = await loop.create_connection(lambda: _Client(tally), parts.hostname or "", parts.port or 80)
        except TimeoutError as error:
            raise AnswerRefused(f"{url} does not answer: it takes no connection.") from error
        except OSError as error:
            raise AnswerRefused(f"{url} does not answer: {error.strerror or error}.") from error
        clients.append(client)
    return clients


class _Client(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._asked = tally.questions.next()
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_HEAD_END)
        if end < 0:
            return
        head = self._received[:end]
        start = end + len(_HEAD_END)
        length = _content_length(head.lower())
        if len(self._received) < start + length:
            return
        answer = self._received[start : start + length]
        self._received = b""
        if head[_STATUS_CODE] != _OK or _SUCCESSFUL not in answer[:_STATUS_WITHIN]:
            first = head.split(b"\r\n", 1)[0].decode("latin-1")
            self._fail(f"The responder answered {first!r} without an OCSP status in it.")
            return
        times = self._tally.times
        times.append(time.perf_counter() - self._sent_at)
        if len(times) == len(self._tally.questions):
            self._tally.all_asked.set()
        if len(times) % _SAMPLE_EVERY == 1:
            self._tally.samples.append((self._asked, answer))
        if not self._tally.stopped:
            self._asked = self._tally.questions.next()
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._transport = None
        if not self._tally.stopped:
            self._fail("The responder closed a connection in the middle of the load.")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _ask(self) -> None:
        if self._transport is not None:
            self._sent_at = time.perf_counter()
            self._transport.write(self._asked.request)

    def _fail(self, why: str) -> None:
        self._tally.failure = self._tally.failure or AnswerRefused(why)
        self._tally.stopped = True
        self._tally.all_asked.set()


def _content_length(head: bytes) -> int:
    """RFC 9112 section 6.3; an answer without one is refused by its missing status."""
    place = head.find(_LENGTH)
    if place < 0:
        return 0
    digits = head[place + len(_LENGTH) :].split(b"\r\n", 1)[0].strip()
    return int(digits) if digits.isdigit() else 0
