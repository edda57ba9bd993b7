"""The operations port: alive, ready with a reason when not, and figures; no client's octets raise a 5xx."""

import re
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from pki_revocation.errors import StoreError
from pki_revocation.host.installed import program_version
from pki_revocation.runtime.operations import OperationsServer
from tests.conformance.wire import Wire, request
from tests.pki_revocation.http_server.wire_cases import CASES, Case

troubles: list[Exception] = []


def _ready() -> None:
    if troubles:
        raise troubles[0]


@pytest.fixture
def server() -> Iterator[OperationsServer]:
    """A server on a free port, ready until a test says otherwise."""
    troubles.clear()
    opened = OperationsServer("127.0.0.1", 0, _ready)
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture(scope="module")
def standing() -> Iterator[OperationsServer]:
    """One that is always ready, for tests that only ask."""
    opened = OperationsServer("127.0.0.1", 0, lambda: None)
    opened.start()
    yield opened
    opened.stop()


def _get(server: OperationsServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_healthy_and_ready(server: OperationsServer) -> None:
    """Both say so in a word; metrics come in Prometheus's format; anything else is named."""
    assert _get(server, "/healthz") == (200, "ok\n")
    assert _get(server, "/readyz") == (200, "ready\n")
    assert "# HELP" in _get(server, "/metrics")[1]
    assert f'pki_revocation_build_info{{version="{program_version()}"}} 1.0' in _get(server, "/metrics")[1]
    assert _get(server, "/")[0] == 404


def test_not_ready_says_why(server: OperationsServer) -> None:
    """The refusal's own sentence, with 503."""
    troubles.append(StoreError("The database does not answer: gone."))

    assert _get(server, "/readyz") == (503, "The database does not answer: gone.\n")
    assert _get(server, "/healthz")[0] == 200


def test_unexpected_failure_gives_no_traceback(server: OperationsServer, caplog: pytest.LogCaptureFixture) -> None:
    """It goes into the log, not to the client."""
    troubles.append(KeyError("inside"))
    status, text = _get(server, "/readyz")

    assert status == 503
    assert "inside" not in text
    assert "inside" in caplog.text


def test_taken_port_is_known_at_once(server: OperationsServer) -> None:
    """Binding happens in the constructor."""
    with pytest.raises(OSError, match="in use"):
        OperationsServer("127.0.0.1", server.port, _ready)


def _statuses(standing: OperationsServer, octets: bytes) -> list[int]:
    with Wire(f"http://127.0.0.1:{standing.port}/") as wire:
        wire.send(octets)
        wire.finish()
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", wire.rest())]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
@pytest.mark.parametrize("method", ["get", "Get", "POST", "OPTIONS", "CONNECT", "BREW"])
def test_other_methods_get_405(standing: OperationsServer, path: str, method: str) -> None:
    """RFC 9110 sections 9.1 and 15.5.6: methods have capitals, and those that are served are named."""
    with Wire(f"http://127.0.0.1:{standing.port}/") as wire:
        reply = wire.ask(method, path)

    assert (reply.status, reply.header("Allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_head_is_get_without_a_body(standing: OperationsServer, path: str) -> None:
    """RFC 9110 section 9.3.2."""
    with Wire(f"http://127.0.0.1:{standing.port}/") as wire:
        wire.send(request("HEAD", path))
        assert wire.reply(to_head=True).status == 200
        assert wire.rest() == b""


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain; version=abc",
        "text/plain;version=",
        "application/openmetrics-text; version=1..0",
        "application/openmetrics-text; version=0.0.1, text/plain; version=x",
        f"text/plain; version={'9' * 4301}",
        "application/openmetrics-text; version=1.0.0; escaping=none",
        "text/plain; version=1.0.0; escaping=allow-utf-8",
        "\xff;;==,,",
    ],
)
def test_figures_come_whatever_a_client_accepts(standing: OperationsServer, accept: str) -> None:
    """The library compares versions that it has not looked at."""
    with Wire(f"http://127.0.0.1:{standing.port}/") as wire:
        reply = wire.ask("GET", "/metrics", f"Accept: {accept}")

    assert reply.status == 200
    assert b"# HELP" in reply.body


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_answer_for_one_connection(standing: OperationsServer, case: Case) -> None:
    """RFC 9112: whatever comes, one answer below 500 at most, and what follows is not looked at."""
    statuses = _statuses(standing, case.octets + request("GET", "/healthz"))

    assert len(statuses) <= 1
    assert all(status < 500 for status in statuses)


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /healthz\r\n",
        b"GET /healthz HTTP/2.0\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /healthz XTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_400(standing: OperationsServer, octets: bytes) -> None:
    """With a head, and nothing of what came in; not 505, on which alarms are set."""
    assert _statuses(standing, octets) == [400]
