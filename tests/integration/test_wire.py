"""Every port of a running installation: one request is one, whatever a client's octets, and none raises a 5xx."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conformance.wire import Wire, request
from tests.integration.running_demo import RunningDemo, openssl
from tests.pki_revocation.http_server.wire_cases import CASES, INNER

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_SERVICES = ("revocation_url", "console_url", "ocsp_url", "crl_url")
_UPGRADE = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA"}
_DIGITS = "9" * 4301
# What an application reads of a head, and may stumble over.
_HEADERS = (
    f"Range: bytes={_DIGITS}-",
    f"Range: bytes=0-{_DIGITS}",
    f"Range: bytes=-{_DIGITS}",
    f"Content-Range: bytes {_DIGITS}-{_DIGITS}/{_DIGITS}",
    f"Max-Forwards: {_DIGITS}",
    "If-Modified-Since: Mon, 99 Foo 99999 99:99:99 GMT",
    f"If-Modified-Since: Mon, 01 Jan {_DIGITS} 00:00:00 GMT",
    "If-Unmodified-Since: \xff",
    "If-Range: \xff\xfe",
    f"If-None-Match: W/{'x' * 2000}",
    'If-Match: "\xe9", W/"',
    f"Accept-Language: nl;q={_DIGITS}, en;q=1e999, *;q=nan",
    "Accept: text/html;q=\xb2",
    "Accept-Encoding: gzip;q=1.0.0",
    f"Cookie: session={'=' * 500}; language=\"\\777\\0\"; =; ;;",
    "Authorization: Bearer \xff",
    "Authorization: Basic !!!",
    'Authorization: Digest ,,="',
    f"Content-Type: multipart/form-data; boundary={'-' * 200}",
    "Content-Type: application/json; charset=\x22none",
    f"Content-Type: a/b; c*0*=x''%ff; c*{_DIGITS}=y",
    "Origin: http://[",
    "Referer: http://[::1",
    f"Accept: text/plain; version={_DIGITS}",
    "Accept: application/openmetrics-text; version=a",
    "Sec-Fetch-Site: \xff",
)  # fmt: skip
_HOSTS = (
    "", ":", ":80", "a:0", "a:99999", f"a:{'9' * 4301}", "[::1]:80", "[::", "[]", "xn--a", "%00", "a" * 64,
    "a" * 300, "127.0.0.1", "xn--" + "a" * 59, "xn--zzzzzz99999", "a." * 200, "[1.2.3.4]", "-",
    ".", "..", "a..b", "127.0.0.1:", "LOCALHOST",
)  # fmt: skip
_TARGETS = (
    "/%00", "/%ff%fe", "/%", "/%zz", "/..%2f..%2fetc/passwd", "//", "//a/b", "/\\", "/#a", "/?a=%00&a", "/?=&&;=",
    "/;a", "/crl/%2e%2e/a.crl", "/ocsp/%00", "/ocsp//", "/ocsp/AA==", f"/ocsp/{'A' * 5000}", "/static/../app.py",
    "/receipt/%ff", "http://a", "http://a?b", "HTTP://A/", "https://a:1/revoke", "/revoke?number=%ff&lang=%00",
    "/api/v1/%ff",
    f"/?n={'9' * 4301}", "/static/%00", "/form?number=" + "9" * 4301,
)  # fmt: skip


def _ports(demo: RunningDemo) -> dict[str, str]:
    """An address of each port: those of the services, and those of their operations."""
    contract = demo.contract
    found = {name: contract[name] for name in _SERVICES}
    return found | {f"operations of {name}": url for name, url in contract["metrics_urls"].items()}


def _statuses(url: str, octets: bytes) -> list[int]:
    with Wire(url) as wire:
        wire.send(octets)
        wire.finish()
        try:
            return [int(status) for status in _STATUS.findall(wire.rest())]
        except ConnectionResetError:
            # It closed without reading what came behind its answer.
            return []


def test_one_request_is_one(demo: RunningDemo) -> None:
    """RFC 9112 section 11.2: each case on each port, once answered at most; no body is a request of its own."""
    for name, url in _ports(demo).items():
        for label, case in CASES.items():
            statuses = _statuses(url, case.octets)

            # The page takes receipts of some megabytes: a client that ends before so much has come asked nothing yet.
            unfinished = name == "revocation_url" and label == "7.1: 2**64 - 1"
            may_be_silent = unfinished or name.startswith("operations")
            assert len(statuses) == 1 or (may_be_silent and not statuses), (name, label, statuses)
            assert all(status < 500 for status in statuses), (name, label, statuses)
            if case.refused and not unfinished and not name.startswith("operations"):
                assert statuses in ([case.refused], [400]), (name, label)


def test_no_header_host_or_target_raises_a_5xx(demo: RunningDemo) -> None:
    """Nor ends a service: the last request on each port is answered as the first one."""
    for name, url in _ports(demo).items():
        path = urlsplit(url).path or "/"
        asked = [request(method, path, header) for header in _HEADERS for method in ("GET", "POST")]
        asked += [f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() for host in _HOSTS]
        asked += [request("GET", target) for target in _TARGETS]
        asked += [request("POST", path, f"Content-Type: {kind}", body=INNER) for kind in ("a", "application/json")]
        for octets in asked:
            statuses = _statuses(url, octets)

            assert all(status < 500 for status in statuses), (name, octets)
        assert demo.fetch("GET", url)[0] < 500


@pytest.mark.parametrize("method", ["get", "head", "post", "options", "Get", "pOST"])
def test_methods_have_capitals(demo: RunningDemo, method: str) -> None:
    """RFC 9110 section 9.1: they are case-sensitive, and Werkzeug's are not."""
    for name, url in _ports(demo).items():
        with Wire(url) as wire:
            assert wire.ask(method, urlsplit(url).path).status == (405 if name.startswith("operations") else 400)


_ENDPOINTS = (
    ("api_url", "", "application/json", json.dumps({"number": "1", "code": "2"})),
    ("revocation_url", "", "application/x-www-form-urlencoded", "number=1&code=2"),
    ("console_url", "api/v1/certificates", "application/x-pem-file", "x"),
    ("ocsp_url", "", "application/ocsp-request", "\x30\x00"),
    ("crl_url", "", "text/plain", "x"),
)


@pytest.mark.parametrize(("name", "behind", "kind", "body"), _ENDPOINTS, ids=[name for name, *_ in _ENDPOINTS])
def test_a_wish_for_another_protocol_changes_no_answer(
    demo: RunningDemo, name: str, behind: str, kind: str, body: str
) -> None:
    """RFC 9110 section 7.8: as Java's client and curl send it, every service answers as without it."""
    plain = demo.fetch("POST", demo.contract[name] + behind, body, {"Content-Type": kind})
    wished = demo.fetch("POST", demo.contract[name] + behind, body, {"Content-Type": kind} | _UPGRADE)

    assert (wished[0], wished[1]["Content-Type"]) == (plain[0], plain[1]["Content-Type"])
    assert len(wished[2]) == len(plain[2])


def test_ocsp_with_a_wish_is_good(demo: RunningDemo, tmp_path: Path) -> None:
    """OpenSSL's own request, three times on one connection, has the answer that it has without."""
    contract, file = demo.contract, tmp_path / "request.der"
    openssl(
        "ocsp", "-issuer", demo.path(contract["issuer"]), "-cert", demo.path(demo.certificate(46)["certificate"]),
        "-no_nonce", "-reqout", str(file),
    )  # fmt: skip
    lines = [f"{name}: {value}" for name, value in _UPGRADE.items()]
    with Wire(contract["ocsp_url"]) as wire:
        plain = wire.post(file.read_bytes())
        for _ in range(3):
            assert wire.post(file.read_bytes(), *lines).body == plain.body
        wire.finish()
        assert wire.is_closed()
    assert b"\x0a\x01\x00" in plain.body[:8]
