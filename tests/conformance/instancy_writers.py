"""Everybody who can revoke: the subscriber's page, the JSON API, the command line, and an import."""

import http.client
import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from pki_revocation.host.failpoints import VARIABLE
from tests.conformance.scene import CLOCK, Scene
from tests.pki_revocation.importing.rows import index_row, write_index
from tests.program_server import Run
from tests.subscribers import Subscriber
from tests.waiting import wait_until

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_COMMITTED, _IMPORTED = "revocation.committed", "import.batch.committed"
_START_SECONDS = 30


class Writers:
    """Revokes in every way on one installation; each method returns when the revocation is confirmed."""

    def __init__(self, scene: Scene, web_url: str, folder: Path) -> None:
        """*folder* is for index files and failpoints."""
        self._directory = scene.directory
        self._web_url = web_url
        self._folder = folder
        self.failpoints = folder / "failpoints"
        self.failpoints.mkdir()

    def page(self, subscriber: Subscriber) -> None:
        """Number and code, the warning, the confirmation, as a browser without JavaScript."""
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

        def fetch(fields: dict[str, str] | None = None) -> str:
            data = None if fields is None else urllib.parse.urlencode(fields).encode()
            with opener.open(f"{self._web_url}/revoke", data, timeout=120) as response:
                text: str = response.read().decode()
            return text

        first = fetch()
        second = fetch({**dict(_HIDDEN.findall(first)), "number": subscriber.number, "code": subscriber.code})
        last = fetch(dict(_HIDDEN.findall(second)))
        assert 'id="reference"' in last, last

    def api(self, subscriber: Subscriber) -> None:
        """One POST of JSON."""
        body = json.dumps({"number": subscriber.number, "code": subscriber.code}).encode()
        address = urllib.request.Request(  # noqa: S310 - our own http address
            f"{self._web_url}/api/v1/revocations", body, {"Content-Type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=120) as response:
            assert json.load(response)["status"] == "revoked"

    def command(self, subscriber: Subscriber) -> None:
        """`pki-revocation revoke`."""
        done = self._run("revoke", f"{subscriber.certificate.serial:x}", "--yes", "--json")
        assert json.loads(done.stdout)["status"] == "revoked", done.stderr

    def import_(self, serial: int) -> None:
        """`certificate import` of an index.txt with a revoked row for a serial that was not known.

        Such a row for a certificate that is registered is refused as a duplicate: an import makes `revoked` of
        `unknown`, which nobody keeps, and moves the journal under whatever is kept of others.
        """
        done = self._import(serial)
        assert done.returncode == 0, done.stdout + done.stderr

    def killed_import(self, serial: int) -> None:
        """The same, killed between commit and report; `status` confirms then."""
        (self.failpoints / _IMPORTED).touch()
        done = self._import(serial, fail=True)
        assert done.returncode == -signal.SIGKILL
        assert done.stdout == ""
        self._see_revoked(serial)

    def killed_command(self, subscriber: Subscriber) -> None:
        """The same command, killed between commit and confirmation; `status` confirms then."""
        (self.failpoints / _COMMITTED).touch()
        done = self._run("revoke", f"{subscriber.certificate.serial:x}", "--yes", "--json", fail=True)
        assert done.returncode == -signal.SIGKILL
        assert done.stdout == ""
        self._see_revoked(subscriber.certificate.serial)

    def killed_api(self, subscriber: Subscriber) -> None:
        """The web worker, killed between commit and confirmation; `status` confirms then."""
        (self.failpoints / _COMMITTED).touch()
        try:
            self.api(subscriber)
        except (OSError, http.client.HTTPException):
            pass
        else:
            raise AssertionError("the worker was not killed")
        assert not (self.failpoints / _COMMITTED).exists()
        self._see_revoked(subscriber.certificate.serial)
        self._wait_for_web()

    def _import(self, serial: int, *, fail: bool = False) -> subprocess.CompletedProcess[str]:
        moment = f"{CLOCK.now() - timedelta(hours=1):%y%m%d%H%M%SZ}"
        index = write_index(self._folder / f"{serial:x}.txt", [index_row(serial, f"{moment},superseded")])
        return self._run("certificate", "import", str(index), "--json", fail=fail)

    def _see_revoked(self, serial: int) -> None:
        done = self._run("status", f"{serial:x}", "--json")
        assert json.loads(done.stdout)["status"] == "revoked", done.stderr

    def _run(self, *arguments: str, fail: bool = False) -> subprocess.CompletedProcess[str]:
        command = [*arguments, "--directory", str(self._directory)]
        return Run(command, environment=environment(self.failpoints if fail else None)).end(timeout=300)

    def _wait_for_web(self) -> None:
        wait_for(f"{self._web_url}/revoke")


@contextmanager
def web(scene: Scene, url: str, failpoints: Path) -> Iterator[None]:
    """`pki-revocation serve web` on the installation, until the block ends."""
    # Two workers: their parent replaces one that is killed, and a service of one is its supervisor's to start again.
    where = ["--directory", str(scene.directory)]
    command = [sys.executable, "-m", "pki_revocation", "serve", "web", "--workers", "2", *where]
    process = subprocess.Popen(
        command, env=environment(failpoints), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"{url}/revoke")
        yield
    finally:
        process.terminate()
        try:
            process.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str) -> None:
    """Until a page is there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def is_there() -> bool:
        with suppress(OSError, http.client.HTTPException):
            opener.open(url, timeout=20).close()
            return True
        return False

    wait_until(is_there, _START_SECONDS, f"an answer of {url}")


def environment(failpoints: Path | None) -> dict[str, str]:
    """This process's, without anything that would name an installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PKI_REVOCATION_")}
    return kept if failpoints is None else kept | {VARIABLE: str(failpoints)}
