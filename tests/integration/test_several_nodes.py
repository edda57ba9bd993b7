"""Two nodes on one PostgreSQL, as docs/ca-operations.md describes them: what one began, the other goes on with."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, HttpResponse, exchange
from tests.integration.running_demo import RunningDemo, environment, free_port_base, program
from tests.waiting import wait_until

pytestmark = pytest.mark.long
_LIMITS = ExchangeLimits(seconds=30, octets=1 << 20)
_SOON_SECONDS = 90
_OPERATIONS = 10
_PLACES = {"web": 0, "console": 1, "ocsp": 2, "distribution": 3, "publisher": 4}


@dataclass
class Node:
    """A folder, and the services that run on it; ports as the demo has them."""

    directory: Path
    base: int
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def serve(self, *services: tuple[str, ...]) -> None:
        """Start services of their own."""
        for words in services:
            command = [sys.executable, "-m", "pki_revocation", *words, "--directory", str(self.directory)]
            with (self.directory / f"{words[-1]}.log").open("w") as log:
                self.processes.append(subprocess.Popen(command, env=environment(), stderr=log, stdout=log))

    def readiness(self, service: str) -> tuple[int, str]:
        """What /readyz of a service says; 0 where nothing listens."""
        with contextlib.suppress(ExchangeFailed):
            answer = exchange("GET", f"{self.url(service, operations=True)}/readyz", limits=_LIMITS)
            return answer.status, answer.body.decode().strip()
        return 0, ""

    def url(self, service: str, *, operations: bool = False) -> str:
        """Where a service listens."""
        return f"http://127.0.0.1:{self.base + _PLACES[service] + (_OPERATIONS if operations else 0)}"

    def doctor(self) -> str:
        """What `doctor` says here."""
        return program("doctor", "--directory", self.directory).stdout

    def stop(self) -> None:
        """End all of them."""
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes:
            process.wait(60)


@dataclass(frozen=True)
class Nodes:
    """The demo's folder, and a second one."""

    demo: RunningDemo
    a: Node
    b: Node


@pytest.fixture
def nodes(tmp_path: Path, postgresql_empty_url: str) -> Iterator[Nodes]:
    """Secrets and keys copied, everything else of each node's own: the second one serves page, CRLs and publisher."""
    first, second = free_port_base(), free_port_base()
    arguments = ["--certificates", "4", "--port-base", str(first), "--database", postgresql_empty_url]
    demo = RunningDemo(directory=tmp_path / "a", arguments=arguments).start()
    a, b = Node(tmp_path / "a", first), Node(tmp_path / "b", second)
    b.directory.mkdir()
    config = (a.directory / "config.toml").read_text()
    for offset in range(20):
        config = re.sub(rf"port = {first + offset}\b", f"port = {second + offset}", config)
    # Public addresses are one for all nodes: what stands in front of them, and in the certificates.
    (b.directory / "config.toml").write_text(config)
    refused = program("init", "--directory", b.directory)
    assert refused.returncode == 1
    assert "copy 'secrets' from the first one" in refused.stderr
    for name in ("secrets", "keys"):
        shutil.copytree(a.directory / name, b.directory / name)
    shutil.copytree(a.directory / "published", b.directory / "published")
    assert program("init", "--directory", b.directory).returncode == 0
    b.serve(("serve", "web"), ("serve", "distribution"))
    try:
        wait_until(lambda: b.readiness("web")[0] == b.readiness("distribution")[0] == 200, _SOON_SECONDS, "node B")
        yield Nodes(demo, a, b)
    finally:
        b.stop()
        demo.stop()


class Visitor:
    """A browser whose requests are passed on to one node or the other, as by a proxy: the Host stays the public one."""

    def __init__(self, public: str) -> None:
        """With no cookie yet."""
        self._host = urlsplit(public).netloc
        self._origin = public
        self._cookies: SimpleCookie = SimpleCookie()

    def ask(self, node: Node, path: str, form: dict[str, str] | None = None) -> HttpResponse:
        """GET, or POST of a form."""
        headers = {"Host": self._host, "Accept-Language": "en"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{each.key}={each.value}" for each in self._cookies.values())
        body = None
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._origin}
            body = urlencode(form).encode()
        answer = exchange(
            "GET" if form is None else "POST", f"{node.url('web')}{path}", limits=_LIMITS, headers=headers, body=body
        )
        self._cookies.load(answer.headers.get("set-cookie", ""))
        return answer


def _hidden(page: HttpResponse) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.body.decode()))


def test_one_goes_on_with_what_the_other_began(nodes: Nodes) -> None:
    """A form of A posted to B, a receipt of B read on A; and wrong codes count for both."""
    visitor = Visitor(nodes.a.url("web"))
    entry = nodes.demo.certificate(0)

    page = visitor.ask(nodes.a, "/revoke?lang=en")
    assert page.status == 200
    form = _hidden(page) | {"number": entry["number"], "code": entry["code"]}
    led = visitor.ask(nodes.b, "/revoke?lang=en", form)
    assert led.status == 303, led.body.decode()
    found = visitor.ask(nodes.a, led.headers["location"])
    assert found.status == 200, found.body.decode()
    assert entry["serial"][:8] in found.body.decode().replace(":", "").replace(" ", "").lower()

    body = json.dumps({"number": entry["number"], "code": entry["code"]}).encode()
    answer = exchange(
        "POST",
        f"{nodes.b.url('web')}/api/v1/revocations",
        limits=_LIMITS,
        headers={"Content-Type": "application/json"},
        body=body,
    )
    assert answer.status == 200, answer.body
    receipt = urlsplit(json.loads(answer.body)["receipt_url"]).path
    for node in (nodes.a, nodes.b):
        shown = visitor.ask(node, receipt)
        assert shown.status == 200
        assert json.loads(answer.body)["reference"] in shown.body.decode()


def test_no_node_serves_an_old_crl_and_calls_itself_ready(nodes: Nodes) -> None:
    """Whichever publishes: the one that gets no files says so on /readyz and by `doctor`, until it gets them."""
    a, b = nodes.a, nodes.b
    b.serve(("publisher",))
    wait_until(lambda: b.readiness("publisher")[0] == 200, _SOON_SECONDS, "the second publisher")
    assert nodes.demo.revoke(1)[0] == 200

    wait_until(lambda: b.readiness("distribution")[0] == 503, _SOON_SECONDS, "B noticing that its files are old")
    assert "gets no files from the publisher" in b.readiness("distribution")[1]
    assert a.readiness("distribution") == (200, "ready")
    assert "WRONG  published files on this node" in b.doctor()
    assert "published files on this node" not in a.doctor()

    # The publisher of A hangs: B's takes over when the lease is over, and now A's files are old.
    (publisher,) = [each for each in nodes.demo.processes() if each.name().startswith("pki-publisher")] or [
        each for each in nodes.demo.processes() if "publisher" in " ".join(each.cmdline())
    ][-1:]
    os.kill(publisher.pid, signal.SIGSTOP)
    try:
        assert nodes.demo.revoke(2)[0] == 200
        wait_until(lambda: a.readiness("distribution")[0] == 503, _SOON_SECONDS, "A noticing that its files are old")
        wait_until(lambda: b.readiness("distribution")[0] == 200, _SOON_SECONDS, "B having the newest")
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            os.kill(publisher.pid, signal.SIGCONT)
