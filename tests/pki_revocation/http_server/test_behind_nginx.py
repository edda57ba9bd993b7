"""Behind a proxy that hopes for other protocols and keeps its connections, no request reaches what the proxy denies.

The configuration is the usual one for WebSockets, which passes a wish on; `deploy/nginx` passes none. Two parsers read
each octet here: where they disagreed, a bystander would be given another's answer.
"""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.wire import Wire, chunked, request
from tests.crl_publisher.installations import free_ports
from tests.crl_publisher.real_nginx import real_nginx
from tests.pki_revocation.http_server.servers import serving
from tests.pki_revocation.http_server.wire_cases import CASES

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

_DENIED = b"POST /denied/revoke HTTP/1.1\r\nHost: b\r\nX-Forwarded-For: 203.0.113.5\r\nContent-Length: 0\r\n\r\n"
_CONFIGURATION = """
    map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
    upstream service {{ server 127.0.0.1:{behind}; keepalive 1; }}
    server {{
        listen 127.0.0.1:{port};
        lingering_close off;
        location /denied/ {{ deny all; }}
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
"""


class _Application:
    """Says what it was asked for, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        self.asked.append(environ["RAW_URI"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["RAW_URI"].encode()]


@pytest.fixture
def application() -> _Application:
    """What is behind the proxy."""
    return _Application()


@pytest.fixture
def url(tmp_path: Path, application: _Application) -> Iterator[str]:
    """The proxy's address."""
    (port,) = free_ports(1)
    with serving(application) as served:
        text = _CONFIGURATION.format(port=port, behind=served.port)
        with real_nginx(tmp_path, text, f"http://127.0.0.1:{port}/"):
            yield f"http://127.0.0.1:{port}/"


def _send(url: str, octets: bytes) -> None:
    with Wire(url, timeout=10) as wire:
        wire.send(octets)
        wire.finish()
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            wire.rest()


def test_nothing_that_is_denied_is_reached(url: str, application: _Application) -> None:
    """Neither by a length nor by chunks; and each of many bystanders gets its own answer."""
    wish = ("Connection: Upgrade", "Upgrade: h2c")
    attacks = [
        request("POST", "/public", *wish, body=_DENIED),
        request("GET", "/public", *wish, body=_DENIED),
        request("POST", "/public", *wish, "Transfer-Encoding: chunked") + chunked(_DENIED),
        request("POST", "/public", *wish, body=_DENIED * 3),
    ]
    with Wire(url) as bystander:
        for number in range(60):
            _send(url, attacks[number % len(attacks)])
            reply = bystander.ask("GET", f"/own/{number}")

            assert (reply.status, reply.body) == (200, f"/own/{number}".encode())
    assert "/public" in application.asked
    assert not [target for target in application.asked if "denied" in target]


def test_a_bystander_gets_its_own_answer_whatever_is_sent(url: str, application: _Application) -> None:
    """Every case of RFC 9112, through nginx, one after the other."""
    with Wire(url) as bystander:
        for number, (label, case) in enumerate(CASES.items()):
            _send(url, case.octets)
            reply = bystander.ask("GET", f"/own/{number}")

            assert (reply.status, reply.body) == (200, f"/own/{number}".encode()), label
    assert "/inner" not in application.asked
