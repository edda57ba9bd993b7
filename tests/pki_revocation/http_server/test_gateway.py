"""Complete requests as a WSGI application sees them, and its answers, right or wrong (PEP 3333)."""

import os
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pki_revocation.http_server.messages import Request
from tests.conformance.wire import chunked, request
from tests.pki_revocation.http_server.servers import serving

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication


def environ_of(octets: bytes) -> dict[str, Any]:
    """What the application is given."""
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        environ["read"] = environ["wsgi.input"].read()
        seen.append(environ)
        start_response("204 No Content", [])
        return []

    with serving(application) as served, served.connect() as wire:
        wire.send(octets)
        assert wire.reply().status == 204
    return seen[0]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a/b?c=d&e", "/a/b", "c=d&e"),
        ("/a%2Fb%20c", "/a/b c", ""),
        ("//a//b", "//a//b", ""),
        ("/%C3%A9", "/Ã©", ""),
        ("/a?b?c", "/a", "b?c"),
        ("/%zz", "/%zz", ""),
        ("http://other.example/a?b", "/a", "b"),
        ("http://other.example?b", "/", "b"),
    ],
)
def test_where(target: str, path: str, query: str) -> None:
    """PATH_INFO is decoded once, as Latin-1; the target is there as it was sent."""
    environ = environ_of(request("GET", target))

    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)
    assert environ["RAW_URI"] == environ["REQUEST_URI"] == target
    assert environ["SCRIPT_NAME"] == ""


def test_headers() -> None:
    """Repeated ones are joined; one with an underscore, which would pass for another, is dropped."""
    headers = ("Content-Type: a/b", "X-A: 1", "x-a: 2", "X_Forwarded_For: evil", "Content_Length: 9")
    environ = environ_of(request("POST", "/", *headers, "Accept-Language: nl", body=b"abc"))

    assert environ["HTTP_X_A"] == "1,2"
    assert environ["CONTENT_TYPE"] == "a/b"
    assert environ["CONTENT_LENGTH"] == "3"
    assert environ["HTTP_ACCEPT_LANGUAGE"] == "nl"
    assert environ["HTTP_HOST"] == "ocsp.example"
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert "HTTP_CONTENT_LENGTH" not in environ
    assert environ["read"] == b"abc"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"


def test_chunks_have_a_length() -> None:
    """RFC 9112 section 7.1.3: what was put together is no longer chunked."""
    environ = environ_of(request("POST", "/", "Transfer-Encoding: chunked") + chunked(b"abc", b"de"))

    assert environ["CONTENT_LENGTH"] == "5"
    assert environ["read"] == b"abcde"
    assert "HTTP_TRANSFER_ENCODING" not in environ


def test_a_whole_address_goes_before_host() -> None:
    """RFC 9112 section 3.2.2."""
    assert environ_of(request("GET", "http://other.example:81/a"))["HTTP_HOST"] == "other.example:81"


def test_nothing_of_the_process_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets come in environment variables here."""
    monkeypatch.setenv("PKI_REVOCATION_SECRET", "x")
    environ = environ_of(request("GET", "/"))

    assert not set(environ) & set(os.environ)


def _raises(_: dict[str, Any], __: "StartResponse") -> Iterable[bytes]:
    raise ZeroDivisionError("secret detail")


def _raises_late(_: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [])
    yield b"a"
    raise ZeroDivisionError("secret detail")


def _says_nothing(_: dict[str, Any], __: "StartResponse") -> Iterable[bytes]:
    return [b"a"]


def _says_it_twice(_: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return [b"a"]


def _lies_about_its_length(_: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"a"]


def _splits(_: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [("X-A", "b\r\nSet-Cookie: c")])
    return [b"a"]


def _is_not_latin(_: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [("X-A", "\N{EURO SIGN}")])
    return [b"a"]


@pytest.mark.parametrize(
    "application",
    [_raises, _raises_late, _says_nothing, _says_it_twice, _lies_about_its_length, _splits, _is_not_latin],
    ids=lambda application: application.__name__,
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_failing_application(application: "WSGIApplication", method: str, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets a bare 500 and keeps its connection; the log says why, once."""
    if method == "HEAD" and application is _lies_about_its_length:
        pytest.skip("a HEAD's length is that of the body which a GET would get")
    with serving(application) as served, served.connect() as wire:
        for _ in range(2):
            reply = wire.ask(method, "/")
            assert reply.status == 500
            assert b"secret" not in reply.body
            assert reply.header("Set-Cookie") is None
            assert reply.header("Cache-Control") == "no-store"
    assert [record.message for record in caplog.records] == ["the application failed"] * 2


@pytest.mark.parametrize(
    ("said", "body", "expected"),
    [
        ([], [b"ab", b"c"], {"content-length": "3"}),
        ([("Content-Length", "3")], [b"abc"], {"content-length": "3"}),
        ([("Date", "Mon, 23 Nov 2026 10:00:00 GMT")], [b"abc"], {"date": "Mon, 23 Nov 2026 10:00:00 GMT"}),
        ([("Connection", "close"), ("Transfer-Encoding", "chunked")], [b"abc"], {"content-length": "3"}),
    ],
)
def test_what_the_server_adds(said: list[tuple[str, str]], body: list[bytes], expected: dict[str, str]) -> None:
    """A length and a date where there are none, each once; the connection is not the application's (RFC 9110 7.6.1)."""

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        start_response("200 OK", said)
        return body

    with serving(application) as served, served.connect() as wire:
        for _ in range(2):
            reply = wire.ask("GET", "/")
            assert reply.body == b"abc"
            for name, value in expected.items():
                assert reply.header(name) == value
            assert reply.header("Date") is not None
            assert reply.header("Connection") is None
            assert reply.header("Transfer-Encoding") is None
            assert reply.header("Server") is None


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_no_body_where_none_may_be(status: str) -> None:
    """RFC 9110 section 6.4.1: the next answer on the connection is not taken for one."""

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        start_response(status, [("ETag", '"a"')])
        return [b"surprise"]

    with serving(application) as served, served.connect() as wire:
        for _ in range(2):
            assert wire.ask("GET", "/").status == int(status[:3])


def test_write_and_close() -> None:
    """PEP 3333's `write` goes before what is iterated, and `close` is called."""
    closed = threading.Event()

    class Body:
        def __iter__(self) -> "Iterable[bytes]":
            return iter([b"c"])

        def close(self) -> None:
            closed.set()

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Any:  # noqa: ANN401 - any iterable
        write: Callable[[bytes], object] = start_response("200 OK", [])
        write(b"a")
        write(b"b")
        return Body()

    with serving(application) as served, served.connect() as wire:
        assert wire.ask("GET", "/").body == b"abc"
    assert closed.is_set()


def test_full() -> None:
    """RFC 9110 section 15.6.4: beyond what threads and queue hold, 503 at once, or the application's own."""
    let = threading.Event()

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        assert let.wait(10)
        start_response("200 OK", [])
        return [b"ok"]

    def when_full(asked: Request) -> tuple[bytes, bytes] | None:
        own = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", b"later"
        return own if asked.target == b"/own" else None

    with serving(application, threads=2, waiting=3, when_full=when_full) as served:
        wires = [served.connect() for _ in range(5)]
        for wire in wires:
            wire.send(request("GET", "/"))
        while sum(served.batches) < 5:
            pass
        with served.connect() as late:
            reply = late.ask("GET", "/")
            assert (reply.status, reply.header("Retry-After")) == (503, "1")
            assert late.ask("GET", "/own").body == b"later"
            assert late.ask("HEAD", "/own").status == 200
            let.set()
            assert [wire.reply().body for wire in wires] == [b"ok"] * 5
            assert late.ask("GET", "/").body == b"ok"
        for wire in wires:
            wire.close()
