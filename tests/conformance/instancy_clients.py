"""Relying parties that never pause: they ask in every form, reconnect when a worker dies, and note what is wrong."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.conformance import answers
from tests.conformance.wire import TYPE, Closed, Wire, request
from tests.vectors.pieces import HASHES, cert_id
from tests.vectors.pieces import request as ocsp_request

# The latest revocations are what a stale answer would show, so that half of all questions are about them.
_LATEST = 4


@dataclass(kw_only=True)
class Confirmations:
    """What was confirmed as revoked, in that order: written by one thread, read by all."""

    serials: dict[int, float] = field(default_factory=dict)
    latest: list[int] = field(default_factory=list)

    def add(self, serial: int) -> None:
        """From now on no answer may say anything but revoked."""
        self.serials[serial] = time.monotonic()
        self.latest = [*self.latest, serial][-_LATEST:]


def forms(path: str, serial: int) -> list[bytes]:
    """Every way to ask about a certificate: four hashes, by POST and by GET, as octets to send."""
    found = []
    for name in HASHES:
        asked = ocsp_request(cert_id(serial, name=name))
        found.append(request("POST", path, f"Content-Type: {TYPE}", body=asked))
        found.append(request("GET", f"{path}/{answers.encoded(asked)}"))
    return found


class Client(threading.Thread):
    """One of them, over a connection that it keeps while it can."""

    def __init__(self, url: str, questions: dict[int, list[bytes]], confirmed: Confirmations, seed: int) -> None:
        """Ask *url*; *questions* are the octets of every form for each serial."""
        super().__init__(daemon=True)
        self._url, self._questions, self._confirmed = url, questions, confirmed
        self._chance = random.Random(seed)  # noqa: S311 - which certificate is asked about next
        self._stop_asking = threading.Event()
        self.asked = self.asked_late = self.reconnected = 0
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        """Until `finish`."""
        serials = list(self._questions)
        while not self._stop_asking.is_set():
            try:
                with Wire(self._url) as wire:
                    while not self._stop_asking.is_set():
                        self._ask(wire, serials)
            except (OSError, Closed):
                self.reconnected += 1
                time.sleep(0.02)

    def finish(self) -> None:
        """Stop, and wait for the end."""
        self._stop_asking.set()
        self.join(30)

    def _ask(self, wire: Wire, serials: Sequence[int]) -> None:
        latest = self._confirmed.latest
        serial = self._chance.choice(latest if latest and self._chance.random() < 0.5 else serials)
        # Read before the request begins: only what was confirmed by then counts.
        late = serial in self._confirmed.serials
        wire.send(self._chance.choice(self._questions[serial]))
        (verdict,) = answers.verdict(wire.reply())
        self.asked += 1
        self.asked_late += late
        self.seen[f"{verdict} {'after' if late else 'before'}"] += 1
        if late and verdict != "revoked":
            age = time.monotonic() - self._confirmed.serials[serial]
            self.wrong.append(f"{serial:x} is {verdict}, {age * 1000:.1f} ms after it was confirmed")


def ask_everybody(
    url: str, questions: dict[int, list[bytes]], serials: Sequence[int], connections: int
) -> Counter[str]:
    """Every form about these certificates over several new connections; how often each verdict was given."""
    seen: Counter[str] = Counter()
    for _ in range(connections):
        for _attempt in range(20):
            try:
                with Wire(url) as wire:
                    found = Counter[str]()
                    for serial in serials:
                        for octets in questions[serial]:
                            wire.send(octets)
                            found.update(answers.verdict(wire.reply()))
            except (OSError, Closed):  # a worker was killed under it
                time.sleep(0.05)
            else:
                seen += found
                break
        else:
            raise AssertionError("no connection lived long enough")
    return seen
