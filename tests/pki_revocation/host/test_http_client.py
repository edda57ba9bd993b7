"""The HTTP client against real peers on loopback that are slow, endless, or lead elsewhere."""

import io
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, ResponseTooLarge, exchange
from tests.pki import name
from tests.pki_revocation.host.peers import drips, is_silent, peer, says

_PATIENT = ExchangeLimits(seconds=10, octets=1000)
_HASTY = ExchangeLimits(seconds=0.3, octets=1000)
# What a busy machine may add to it.
_SOON_SECONDS = 2.0
_OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: "x"\r\n\r\nhi'


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name("peer"))
        .issuer_name(name("peer"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "peer.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


def _redirect(status: int, location: str) -> bytes:
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def test_gives_status_headers_and_body() -> None:
    """Header names in lower case; the request names this program and the whole target."""
    with peer(says(_OK)) as server:
        answer = exchange("GET", server.url("/a b?c=d"), limits=_PATIENT, headers={"X-Own": "1"})

    assert (answer.status, answer.reason, answer.body, answer.redirects) == (200, "OK", b"hi", 0)
    assert answer.headers["etag"] == '"x"'
    assert answer.is_success
    (request,) = server.requests
    assert request.startswith(b"GET /a%20b?c=d HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in request
    assert b"User-Agent: pki-revocation\r\n" in request
    assert b"X-Own: 1\r\n" in request


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(_OK, id="in the status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000, id="in the head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 1000, id="in the body"),
    ],
)
def test_a_peer_that_drips_ends_at_the_limit(octets: bytes) -> None:
    """Each octet comes long before a time-out that begins anew with it, and the whole is over in time all the same."""
    # What comes before the slow part comes at once.
    at_once = max(0, octets.find(b"\r\n\r\n") + 4 if b"chunked" in octets else 0)
    slow = drips(octets[at_once:], 0.1)

    def behave(client: socket.socket, over: threading.Event) -> None:
        client.sendall(octets[:at_once])
        slow(client, over)

    with peer(behave) as server:
        begin = time.monotonic()
        with pytest.raises(ExchangeFailed, match=r"^GET http://\S+ got no answer: it took longer than 0\.3 s\.$"):
            exchange("GET", server.url(), limits=_HASTY)
        assert 0.3 <= time.monotonic() - begin < _SOON_SECONDS


def test_a_silent_peer_ends_at_the_limit() -> None:
    """Nothing comes at all."""
    with peer(is_silent) as server, pytest.raises(ExchangeFailed, match=r"longer than 0\.3 s"):
        exchange("GET", server.url(), limits=_HASTY)


def test_tls_is_verified(certificate: Path) -> None:
    """By the authorities that the caller names, and otherwise by the system's, which know nothing of this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=certificate)
    with peer(says(_OK), tls=context) as server:
        answer = exchange("GET", server.url(scheme="https"), limits=_PATIENT, tls=trusting)
        assert answer.body == b"hi"
        with pytest.raises(ExchangeFailed, match=r"its certificate is not accepted \(self-signed certificate\)"):
            exchange("GET", server.url(scheme="https"), limits=_PATIENT)


def test_a_handshake_that_drips_ends_at_the_limit() -> None:
    """The octets of a TLS record's head and so on, without end: no request was sent yet."""
    begun = b"\x16\x03\x03\x40\x00" + b"\x02" * 1000
    with peer(drips(begun, 0.1), reads=False) as server:
        begin = time.monotonic()
        with pytest.raises(ExchangeFailed, match=r"longer than 0\.3 s"):
            exchange("GET", server.url(scheme="https"), limits=_HASTY)
        assert time.monotonic() - begin < _SOON_SECONDS


def test_a_peer_that_takes_little_of_the_request_ends_at_the_limit() -> None:
    """A body larger than all buffers, of which the peer takes an octet now and then."""

    def sip(client: socket.socket, over: threading.Event) -> None:
        while not over.wait(0.1):
            client.recv(1)

    with peer(sip) as server, pytest.raises(ExchangeFailed, match=r"longer than 0\.3 s"):
        exchange("PUT", server.url(), limits=_HASTY, body=bytes(64 << 20))


def test_a_name_that_is_not_found_in_time_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver has a patience of its own, which is not ours."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [] if over.wait(10) else None)
    begin = time.monotonic()
    try:
        with pytest.raises(ExchangeFailed, match=r"longer than 0\.3 s"):
            exchange("GET", "http://ca.example/", limits=_HASTY)
        assert time.monotonic() - begin < _SOON_SECONDS
    finally:
        over.set()


def test_one_dead_address_leaves_the_others_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name has several, and the first takes no connection: the second one answers, within the same bound."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, peer(says(_OK)) as server:
        # Its queue is full: another connection waits for as long as it may.
        waiting = [socket.socket() for _ in range(4)]
        try:
            for each in waiting:
                each.settimeout(0)
                each.connect_ex(full.getsockname())
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", full.getsockname()),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port)),
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            assert exchange("GET", "http://ca.example/", limits=ExchangeLimits(seconds=1, octets=10)).body == b"hi"
        finally:
            for each in waiting:
                each.close()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", id="as it says"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1001), id="up to its end"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + bytes(1001) + b"\r\n0\r\n\r\n",
            id="chunked",
        ),
    ],
)
def test_a_body_that_is_too_large_is_not_taken(answer: bytes) -> None:
    """Nothing beyond the bound reaches the sink; one that says so is not even waited for."""

    def behave(client: socket.socket, over: threading.Event) -> None:
        client.sendall(answer)
        if b"Content-Length" in answer:
            over.wait()

    sink = io.BytesIO()
    with (
        peer(behave) as server,
        pytest.raises(ResponseTooLarge, match=r"got no answer: it is larger than 1000 octets\."),
    ):
        exchange("GET", server.url(), limits=_PATIENT, sink=sink)
    assert len(sink.getvalue()) <= 1000


def test_a_body_goes_into_the_sink() -> None:
    """And nowhere else."""
    sink = io.BytesIO()
    with peer(says(_OK)) as server:
        assert exchange("GET", server.url(), limits=_PATIENT, sink=sink).body == b""
    assert sink.getvalue() == b"hi"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "it ended in the middle"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", r"it is not HTTP \(BadStatusLine\)"),
        (b"", r"it is not HTTP \(RemoteDisconnected\)|Connection reset"),
    ],
)
def test_what_is_no_whole_answer_is_said(octets: bytes, why: str) -> None:
    """One typed error, in words."""
    with peer(says(octets)) as server, pytest.raises(ExchangeFailed, match=why):
        exchange("GET", server.url(), limits=_PATIENT)


def test_a_closed_port_is_said() -> None:
    """As the operating system says it."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ExchangeFailed, match=r"got no answer: Connection refused\.$"):
        exchange("GET", f"http://127.0.0.1:{port}/", limits=_PATIENT)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "http:///x", "127.0.0.1"])
def test_other_addresses_are_refused(url: str) -> None:
    """No file is read, whatever a configuration says."""
    with pytest.raises(ExchangeFailed, match="neither an http nor an https address"):
        exchange("GET", url, limits=_PATIENT)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_unless_asked(status: int) -> None:
    """Callers mean the very address that they give."""
    with peer(says(_OK)) as other, peer(says(_redirect(status, other.url()))) as server:
        answer = exchange("GET", server.url(), limits=_PATIENT)
        assert answer.status == status
        assert not other.requests
        followed = exchange("GET", server.url(), limits=_PATIENT, redirects=1)
        assert (followed.status, followed.body, followed.redirects) == (200, b"hi", 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_is_never_redirected(status: int) -> None:
    """Neither repeated elsewhere nor turned into a GET, also where redirects are allowed."""
    with peer(says(_OK)) as other, peer(says(_redirect(status, other.url()))) as server:
        answer = exchange("POST", server.url(), limits=_PATIENT, body=b"question", redirects=3)
    assert answer.status == status
    assert not other.requests


def test_redirects_end() -> None:
    """A peer that leads to itself is followed as often as was said."""
    with peer(says(_redirect(302, "/again"))) as server:
        with pytest.raises(ExchangeFailed, match=r"was redirected more than 3 times\.$"):
            exchange("GET", server.url(), limits=_PATIENT, redirects=3)
        assert len(server.requests) == 4


def test_redirects_count_for_the_same_time() -> None:
    """Each step is quick enough by itself, and all of them together are not."""

    def behave(client: socket.socket, over: threading.Event) -> None:
        over.wait(0.2)
        client.sendall(_redirect(302, "/again"))

    with peer(behave) as server, pytest.raises(ExchangeFailed, match=r"longer than 0\.3 s"):
        exchange("GET", server.url(), limits=_HASTY, redirects=100)


def test_credentials_stay_with_the_server_that_they_are_for() -> None:
    """Another port is another server."""
    with peer(says(_OK)) as other, peer(says(_redirect(302, other.url()))) as server:
        exchange(
            "GET", server.url(), limits=_PATIENT, headers={"Authorization": "Basic eA==", "X-Own": "1"}, redirects=1
        )
    assert b"Authorization" in server.requests[0]
    assert b"Authorization" not in other.requests[0]
    assert b"X-Own: 1" in other.requests[0]


def test_a_redirect_to_another_scheme_is_refused() -> None:
    """A peer cannot have files of ours read."""
    leading = peer(says(_redirect(302, "file:///etc/passwd")))
    with leading as server, pytest.raises(ExchangeFailed, match="leads to what is neither http nor https"):
        exchange("GET", server.url(), limits=_PATIENT, redirects=1)


def test_proxies_of_the_environment_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is meant, and a proxy could answer from its cache."""
    with peer(says(_OK)) as server, peer(says(_OK)) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        monkeypatch.delenv("no_proxy", raising=False)
        exchange("GET", server.url(), limits=_PATIENT)
    assert server.requests
    assert not proxy.requests
