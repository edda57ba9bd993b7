"""The delivered nginx configuration in front of real services: who asks is known, and who shouts at it is answered."""

import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from sqlalchemy import select

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.console.app import create_app as create_console
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import personal_details
from pki_revocation.encoding.possession.making import make_csr_proof
from pki_revocation.rate_limiting.client_address import TrustedProxies
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.service import RevocationService
from pki_revocation.web.app import create_app
from pki_revocation.web.fallback_files import export_fallback
from tests.conformance.wire import Wire, request
from tests.deployment.shipped_nginx import CONFIGURATION, CONSOLE, PAGE, Behind, ShippedNginx, shipped_nginx, tls
from tests.fakes import FakeClock
from tests.key_proofs import key_of
from tests.pki_revocation.http_server.servers import serving
from tests.subscribers import Subscriber

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

PER_NUMBER, PER_SOURCE = LimitSettings().per_number, LimitSettings().per_source
GUESSING, HONEST = "127.0.0.2", "127.0.0.9"
HSTS = "max-age=63072000"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone."""
    return sqlite_database


@pytest.fixture
def fallback(tmp_path: Path) -> Path:
    """What `pki-revocation fallback export` writes."""
    export_fallback(tmp_path / "fallback", ContactSettings(email="ra@example.nl"))
    return tmp_path / "fallback"


@pytest.fixture
def page(service: RevocationService, clock: FakeClock) -> Flask:
    """The page as the configuration's head has it configured."""
    return create_app(
        service=service,
        settings=WebSettings(public_url=f"https://{PAGE}"),
        session_key="5e55" * 16,
        clock=clock,
        proxies=TrustedProxies.from_list(["127.0.0.1"]),
    )


@pytest.fixture
def nginx(page: Flask, fallback: Path, tmp_path: Path) -> Iterator[ShippedNginx]:
    """Nginx before the page."""
    with serving(page) as served, shipped_nginx(tmp_path, Behind(web=served.port, fallback=fallback)) as running:
        yield running


def attempt(nginx: ShippedNginx, number: str, code: str, *, source: str, forged: str | None = None) -> int:
    """Try a number and a code from an address, with headers that say that it is another one."""
    forging = {name: forged for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host") if forged}
    headers = {"Content-Type": "application/json"} | {name: str(value) for name, value in forging.items()}
    document = json.dumps({"number": number, "code": code})
    return nginx.https("POST", "/api/v1/revocations", document, headers, source=source)[0]


def test_a_forged_header_evades_no_limit(nginx: ShippedNginx, subscriber: Subscriber, database: Database) -> None:
    """Another address in each request, and the source is the client that nginx sees, in limits and audit alike."""
    wrong = [new_code(CodeScheme.ARGON2ID) for _ in range(PER_NUMBER + 3)]
    statuses = [
        attempt(nginx, subscriber.number, code, source=GUESSING, forged=f"198.51.100.{place}")
        for place, code in enumerate(wrong)
    ]

    assert statuses == [403] * PER_NUMBER + [429] * 3
    with database.read() as connection:
        kept = " ".join(connection.execute(select(personal_details.c.detail)).scalars())
    assert GUESSING in kept
    assert "198.51.100" not in kept
    assert '"127.0.0.1"' not in kept


@pytest.mark.parametrize("forged", [None, HONEST])
def test_wrong_codes_of_one_source_stop_no_other(
    nginx: ShippedNginx, subscriber: Subscriber, forged: str | None
) -> None:
    """The right code counts from another address, also where the one that guesses names that very address."""
    for _ in range(PER_NUMBER + 5):
        attempt(nginx, subscriber.number, new_code(CodeScheme.ARGON2ID), source=GUESSING, forged=forged)

    assert attempt(nginx, subscriber.number, subscriber.code, source=GUESSING, forged=forged) == 429
    assert attempt(nginx, subscriber.number, subscriber.code, source=HONEST) == 200


@pytest.mark.parametrize("body", [b"code=" + b"x" * 9000, b"code=" + b"x" * 5000], ids=["nginx", "service"])
def test_too_much_is_refused_in_the_pages_words(nginx: ShippedNginx, body: bytes) -> None:
    """By nginx beyond its own limit, by the service below that: the same words, and HSTS once."""
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "nl"}
    status, headers, said = nginx.https("POST", "/intrekken", body, kind)

    assert status == 413
    assert "Dat is te veel tekst" in said.decode()
    assert "Er is nu niets ingetrokken" in said.decode()
    assert headers.get_all("Strict-Transport-Security") == [HSTS]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Retry-After"] is None
    status, headers, said = nginx.https("POST", "/api/v1/revocations", body, {"Content-Type": "application/json"})
    assert (status, headers["Content-Type"].partition(";")[0]) == (413, "application/problem+json")
    document = json.loads(said)
    assert document["type"] == "urn:pki-revocation:problem:too-large"
    assert document["status"] == 413


def test_proof_is_longer_than_a_code(nginx: ShippedNginx) -> None:
    """A post-quantum key's proof reaches the service, which knows no such key; what no proof can be does not."""
    proof = make_csr_proof(key_of("mldsa65"))
    assert len(proof) > 5000
    for body, expected in ((proof, 404), (b"x" * 30_000, 413), (b"x" * 60_000, 413)):
        kind = {"Content-Type": "application/pkcs10"}
        status, headers, said = nginx.https("POST", "/api/v1/revocations/by-key", body, kind)
        assert (status, headers["Content-Type"].partition(";")[0]) == (expected, "application/problem+json")
        assert json.loads(said)["status"] == expected
    status, _, said = nginx.https("POST", "/acme/revoke-cert", proof, {"Content-Type": "application/jose+json"})
    assert (status, json.loads(said)["type"]) == (400, "urn:ietf:params:acme:error:malformed")


def test_chunks_without_end_are_refused_too(nginx: ShippedNginx) -> None:
    """The limit is on the body, however it is framed."""
    chunks = (b"1f40\r\n" + b"x" * 8000 + b"\r\n") * 2 + b"0\r\n\r\n"
    raw = socket.create_connection(("127.0.0.1", nginx.page), timeout=60)
    with tls().wrap_socket(raw, server_hostname=PAGE) as connection:
        head = f"POST /intrekken HTTP/1.1\r\nHost: {PAGE}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + chunks)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /revoke HTTP/2.0\r\nHost: intrekken.example\r\n\r\n",
        b"GET /revoke HTTP/9.9\r\nHost: intrekken.example\r\n\r\n",
        b"POST /revoke HTTP/1.1\r\nHost: intrekken.example\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /revoke HTTP/1.1\r\nHost: intrekken.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /revoke HTTP/1.1\r\n\r\n",
        b"GET /revoke HTTP/1.1\r\nHost: intrekken.example\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: intrekken.example\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: intrekken.example\r\n\r\n",
        b"get /revoke HTTP/1.1\r\nHost: intrekken.example\r\n\r\n",
        b"GET /revoke HTTP/1.1\r\nHost: other.example\r\n\r\n",
        b"GET /revoke HTTP/1.1\r\nHost: console.example\r\n\r\n",
    ],
)
def test_nothing_that_a_client_sends_raises_a_5xx(nginx: ShippedNginx, octets: bytes) -> None:
    """Also where nginx itself would say 501 or 505; and a host of another name is not this page."""
    raw = socket.create_connection(("127.0.0.1", nginx.page), timeout=60)
    with tls().wrap_socket(raw, server_hostname=PAGE) as connection:
        connection.sendall(octets)
        status = int(connection.recv(4096).split(b" ", 2)[1])

    assert 400 <= status < 500


def test_a_broken_body_gets_a_problem_document(nginx: ShippedNginx) -> None:
    """RFC 9457 section 3.1.2: with the status that is sent, also where the service never sees the request."""
    raw = socket.create_connection(("127.0.0.1", nginx.page), timeout=60)
    with tls().wrap_socket(raw, server_hostname=PAGE) as connection:
        head = f"POST /api/v1/revocations HTTP/1.1\r\nHost: {PAGE}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + b"zz\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        document = json.loads(answer.read())

    assert (answer.status, answer.headers.get_content_type()) == (400, "application/problem+json")
    assert document["status"] == 400


def test_tls_is_1_2_or_1_3(nginx: ShippedNginx) -> None:
    """RFC 8996: nothing older; and without https the same host is named with it."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = tls()
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", nginx.page)) as raw:
            context.wrap_socket(raw, server_hostname=PAGE).close()
    old = tls()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", nginx.page)) as raw, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(raw, server_hostname=PAGE)
    status, headers, _ = nginx.http(nginx.plain, "GET", "/intrekken?number=1", headers={"Host": "x.example"})
    assert (status, headers["Location"]) == (301, f"https://{PAGE}/intrekken?number=1")
    for path in ("/intrekken", "/static/page.css", "/nothing", "/fallback/index.html"):
        assert nginx.https("GET", path)[1].get_all("Strict-Transport-Security") == [HSTS]


class Echo:
    """Says which headers came, and which target."""

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with a JSON document of them."""
        seen = {name: value for name, value in environ.items() if name.startswith("HTTP_") or name == "RAW_URI"}
        seen["length"] = str(len(environ["wsgi.input"].read()))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(seen).encode()]


@pytest.fixture
def echoing(tmp_path: Path, fallback: Path) -> Iterator[ShippedNginx]:
    """Nginx before services that say what reaches them."""
    with serving(Echo()) as served:
        port = served.port
        with shipped_nginx(tmp_path, Behind(web=port, ocsp=port, console=port, fallback=fallback)) as running:
            yield running


FORGED = {
    "X-Forwarded-For": "203.0.113.5, 198.51.100.7",
    "X-Forwarded-Proto": "gopher",
    "X-Real-IP": "203.0.113.5",
    "Forwarded": "for=203.0.113.5",
    "Connection": "Upgrade, X-Forwarded-For",
    "Upgrade": "h2c",
}


@pytest.mark.parametrize("server", ["page", "api", "ocsp", "console"])
def test_what_a_client_wrote_of_itself_reaches_no_service(echoing: ShippedNginx, server: str) -> None:
    """X-Forwarded-For is one address; no other header says where from, and no wish for a protocol goes through."""
    if server == "ocsp":
        _, _, said = echoing.http(echoing.ocsp, "POST", "/ocsp", b"x", FORGED)
    elif server == "console":
        _, _, said = echoing.https("POST", "/", b"x", FORGED, port=echoing.console, sni=CONSOLE, client=echoing.client)
    else:
        _, _, said = echoing.https("POST", "/api/x" if server == "api" else "/x", b"x", FORGED)
    seen = json.loads(said)

    assert seen["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert not {"HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_UPGRADE"} & set(seen)
    assert seen.get("HTTP_CONNECTION", "") in {"", "keep-alive"}
    assert seen["HTTP_X_FORWARDED_PROTO"] == ("http" if server == "ocsp" else "https")
    assert seen["length"] == "1"


def test_ocsp_requests_go_through_as_they_are(echoing: ShippedNginx) -> None:
    """Slashes of base64 are not merged, nothing is decoded, and 64 KiB of a POST go in."""
    for path in ("/ocsp//MFE/a%2Bb%2F%2Fc%3D", "/ocsp/MF%2F..%2F", "/ocsp/a//b"):
        assert json.loads(echoing.http(echoing.ocsp, "GET", path)[2])["RAW_URI"] == path
    assert json.loads(echoing.http(echoing.ocsp, "POST", "/ocsp", bytes(65_536))[2])["length"] == "65536"
    status, headers, _ = echoing.http(echoing.ocsp, "POST", "/ocsp", bytes(65_537))
    assert (status, headers["Cache-Control"]) == (413, "no-store")
    with Wire(f"http://127.0.0.1:{echoing.ocsp}/") as wire:
        wire.send(request("GET", "/ocsp/x").replace(b"HTTP/1.1", b"HTTP/2.0"))
        assert wire.reply().status == 400
    with Wire(f"http://127.0.0.1:{echoing.crl}/") as wire:
        wire.send(request("GET", "/crl/x.crl").replace(b"HTTP/1.1", b"HTTP/2.0"))
        assert wire.reply().status == 400


def test_a_responder_that_is_gone_is_said(tmp_path: Path) -> None:
    """503, soon again, and no cache keeps it; the console's is a problem document."""
    with shipped_nginx(tmp_path, Behind()) as nginx:
        status, headers, _ = nginx.http(nginx.ocsp, "GET", "/ocsp/x")
        assert (status, headers["Retry-After"], headers["Cache-Control"]) == (503, "5", "no-store")
        status, headers, body = nginx.https("GET", "/", port=nginx.console, sni=CONSOLE, client=nginx.client)
        assert (status, headers["Content-Type"]) == (503, "application/problem+json")
        assert json.loads(body)["status"] == 503


def test_the_console_is_for_client_certificates(
    database: Database, clock: FakeClock, tmp_path: Path, fallback: Path
) -> None:
    """Nobody else sees it, not by the page's name either; and what is too large is a problem document."""
    with (
        serving(create_console(database=database, clock=clock)) as served,
        shipped_nginx(tmp_path, Behind(console=served.port, fallback=fallback)) as nginx,
    ):
        port = nginx.console
        assert nginx.https("GET", "/", port=port, sni=CONSOLE)[0] == 400
        assert nginx.https("GET", "/", port=port, sni=CONSOLE, client=nginx.folder / f"{CONSOLE}.pem")[0] == 400
        status, headers, body = nginx.https("GET", "/", port=port, sni=CONSOLE, client=nginx.client)
        assert (status, headers.get_all("Strict-Transport-Security")) == (200, [HSTS])
        assert b"<html" in body
        other = nginx.https("GET", "/", port=port, sni=CONSOLE, client=nginx.client, host="127.0.0.1")
        assert other[0] == 421
        for size, detail in ((70_000, "49152"), (60_000, "49152")):
            path = "/api/v1/certificates"
            status, headers, body = nginx.https(
                "POST", path, bytes(size), {"Content-Type": "application/pkix-cert", "Authorization": "Bearer x"},
                port=port, sni=CONSOLE, client=nginx.client,
            )  # fmt: skip
            assert status in {401, 413}
            assert headers["Content-Type"] == "application/problem+json"
            assert status == 401 or detail in json.loads(body)["detail"]


def test_the_configuration_says_what_it_must_in_each_server() -> None:
    """A server that passes anything on replaces what clients write of themselves, in one place."""
    servers = re.split(r"^server \{$", CONFIGURATION.read_text(), flags=re.MULTILINE)[1:]
    passing = [server for server in servers if "proxy_pass" in server]

    assert len(passing) == 3
    for server in passing:
        assert server.count("proxy_set_header X-Forwarded-For $remote_addr;") == 1
        for name in ("Upgrade", "Connection", "X-Real-IP", "Forwarded"):
            assert server.count(f'proxy_set_header {name} "";') == 1
        # Inside a location they would take the place of all of these.
        assert not re.search(r"^ {8,}proxy_set_header", server, flags=re.MULTILINE)
    assert "$proxy_add_x_forwarded_for" not in CONFIGURATION.read_text()
    for server in servers:
        if "ssl_certificate" in server:
            assert "ssl_protocols TLSv1.2 TLSv1.3;" in server
