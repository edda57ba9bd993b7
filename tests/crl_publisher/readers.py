"""Many clients that fetch one address again and again, and what was wrong with what they got.

An answer is right when it is, octet for octet, a CRL that the record has as published, with the ETag that goes with it;
and when no client ever gets an older one than before.
"""

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from tests.crl_publisher.installations import Installed
from tests.waiting import wait_until

PATH = "/crl/issuing.crl"
_TOP = Path(__file__).parents[2]
# Every so many fetches one asks by ETag, as a cache does.
_CONDITIONAL_EVERY = 8
_ALL = 1_000_000


@dataclass(slots=True)
class Reader:
    """One client: the digests that it got, in their order, each once in a row."""

    digests: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    fetches: int = 0

    def read(self, address: str, count: int) -> None:
        """Fetch so many times, over one connection."""
        connection = http.client.HTTPConnection(address, timeout=60)
        for turn in range(count):
            headers = {}
            if self.digests and turn % _CONDITIONAL_EVERY == 0:
                headers["If-None-Match"] = f'"{self.digests[-1]}"'
            connection.request("GET", PATH, headers=headers)
            response = connection.getresponse()
            body = response.read()
            self.fetches += 1
            self._judge(response, body, is_conditional=bool(headers))
        connection.close()

    def _judge(self, response: http.client.HTTPResponse, body: bytes, *, is_conditional: bool) -> None:
        etag = response.headers["ETag"] or ""
        digest = etag.strip('"')
        if response.status == http.HTTPStatus.NOT_MODIFIED and is_conditional:
            if body or digest != self.digests[-1]:
                self.wrong.append(f"304 with {len(body)} octets and ETag {etag}")
            return
        if response.status != http.HTTPStatus.OK:
            self.wrong.append(f"status {response.status}")
        elif digest != sha256(body).hexdigest() or response.headers["Content-Length"] != str(len(body)):
            self.wrong.append(f"{len(body)} octets that are not those of ETag {etag}")
        elif not self.digests or self.digests[-1] != digest:
            self.digests.append(digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What all clients together saw."""

    fetches: int
    wrong: list[str]
    published: int
    seen: int


def read_while_publishing(installed: Installed, *, clients: int, fetches: int) -> Reading:
    """Fetch from the running distribution service while another process publishes all the time."""
    before = len(installed.history(_ALL))
    readers = [Reader() for _ in range(clients)]
    address = urlsplit(installed.distribution_url).netloc
    with _publishing(installed):
        threads = [
            threading.Thread(target=reader.read, args=(address, fetches // clients + (number < fetches % clients)))
            for number, reader in enumerate(readers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    history = installed.history(_ALL)
    numbers = {crl.sha256: crl.number for crl in history}
    wrong = [complaint for reader in readers for complaint in reader.wrong]
    for reader in readers:
        wrong += [f"a CRL that was never published: {each}" for each in reader.digests if each not in numbers]
        got = [numbers[each] for each in reader.digests if each in numbers]
        if got != sorted(got):
            wrong.append("an older CRL after a newer one")
    return Reading(
        fetches=sum(reader.fetches for reader in readers),
        wrong=wrong,
        published=len(history) - before,
        seen=len({digest for reader in readers for digest in reader.digests}),
    )


@contextmanager
def _publishing(installed: Installed) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.crl_publisher.continuous", str(installed.installation.directory)]
    process = subprocess.Popen(command, cwd=_TOP, env=installed.environment(), stderr=subprocess.PIPE, text=True)
    count = len(installed.history(_ALL))
    try:
        wait_until(lambda: len(installed.history(_ALL)) > count)
        yield
        assert process.poll() is None, process.stderr and process.stderr.read()
    finally:
        process.terminate()
        process.communicate(timeout=60)
