"""The operations port: alive, ready with a reason when not, and figures."""

import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from pki_revocation.errors import StoreError
from pki_revocation.runtime.operations import OperationsServer

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
