"""Security headers and cookies, over https and in the demo (ASVS 3.3 and 3.4)."""

import re

import pytest
from flask import Flask

from tests.pki_revocation.web.browser import Browser
from tests.subscribers import Subscriber

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


ADDRESSES = [
    "/", "/revoke", "/intrekken", "/nothing", "/static/page.css", "/api/v1/revocations", "/receipt/x",
    "/receipt/x/visible", "/api/v1/revocations/AAAA-BBBB-CCCC", "/api/openapi.yaml", "/.well-known/api-catalog",
    "/.well-known/security.txt", "/problems/", "/problems/not-found",
]  # fmt: skip


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_has_them(bare_app: Flask, path: str) -> None:
    """Pages, files, errors and problem documents alike; and no policy with a hole in it."""
    answer = Browser(bare_app).get(path)

    assert EVERYWHERE.items() <= dict(answer.headers).items()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "base-uri 'none'" in policy
    assert "object-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "geolocation=()" in answer.headers["Permissions-Policy"]
    assert (answer.headers["Cache-Control"] == "no-store") is not path.startswith("/static")
    assert "Strict-Transport-Security" not in answer.headers


def test_pages_ship_one_script_file_and_nothing_inline(app: Flask, subscriber: Subscriber) -> None:
    """The one script is a file of ours, and nothing is written into the page: that holds with the strict policy."""
    visitor = Browser(app)
    visitor.revoke(subscriber, reason="none")
    visitor.identify(subscriber.number, subscriber.code)
    for answer in visitor.seen:
        assert set(re.findall(r"<script[^>]*>", answer.text)) <= {'<script src="/static/page.js" defer>'}
        for forbidden in ("javascript:", " style=", "<style", "onclick"):
            assert forbidden not in answer.text
        assert 'src="http' not in answer.text


def test_https_gets_host_cookies_and_hsts(secure_app: Flask, subscriber: Subscriber) -> None:
    """Behind https: `__Host-` cookies, Secure, HttpOnly, SameSite=Lax, and HSTS for two years; and it works."""
    visitor = Browser(secure_app, base_url="https://intrekken.example")
    answer = visitor.get("/revoke?lang=nl")

    cookies = answer.headers.getlist("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == ["__Host-language", "__Host-session"]
    for cookie in cookies:
        attributes = {attribute.strip() for attribute in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
        assert not any(attribute.startswith("Domain") for attribute in attributes)
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert "Demonstratie" not in answer.text
    confirmation = visitor.revoke(subscriber, reason="none")
    assert confirmation.status_code == 200
    assert "https://intrekken.example/receipt/" in confirmation.text
    drafts = [cookie for each in visitor.seen for cookie in each.headers.getlist("Set-Cookie") if "draft" in cookie]
    assert drafts
    for cookie in drafts:
        assert cookie.startswith("__Host-draft-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {each.strip() for each in cookie.split(";")}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "TRACE"])
def test_https_is_told_with_everything(bare_secure_app: Flask, method: str) -> None:
    """HSTS and the policy come with every answer whatever was asked: errors and redirects too, and never a 5xx."""
    client = bare_secure_app.test_client()
    for path in ADDRESSES:
        answer = client.open(path, method=method, base_url="https://intrekken.example", buffered=True)

        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
        assert EVERYWHERE.items() <= dict(answer.headers).items()
        assert answer.status_code < 500
        kept = method in {"GET", "HEAD"} and path == "/static/page.css"
        assert (answer.headers["Cache-Control"] == "no-store") is not kept
        if method not in {"GET", "HEAD", "POST"}:
            assert answer.status_code in {404, 405}


def test_https_is_told_with_what_has_not_changed(bare_secure_app: Flask) -> None:
    """304 of an asset comes with the same headers as the asset, for GET and HEAD."""
    client = bare_secure_app.test_client()
    for name in ("page.css", "page.js", "icon.svg"):
        address = f"https://intrekken.example/static/{name}"
        etag = client.get(address, buffered=True).headers["ETag"]
        for method in ("GET", "HEAD"):
            answer = client.open(address, method=method, headers={"If-None-Match": etag}, buffered=True)
            assert answer.status_code == 304
            assert EVERYWHERE.items() <= dict(answer.headers).items()
            assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize(
    "path",
    ["/static/page.css", "/api/v1/revocations", "/receipt/x", "/nothing", "/", "/problems/", "/api/openapi.yaml"],
)
def test_cookies_are_for_forms_alone(bare_app: Flask, path: str) -> None:
    """What has no form sets no cookie."""
    assert "Set-Cookie" not in Browser(bare_app).get(path).headers


def test_demo_has_plain_cookies_and_says_so(bare_app: Flask) -> None:
    """Over http: no Secure, which the browser would refuse, still HttpOnly and SameSite; and a word of warning."""
    answer = Browser(bare_app).get("/revoke?lang=en")

    cookies = answer.headers.getlist("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == ["language", "session"]
    for cookie in cookies:
        assert "Secure" not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
    assert "Demonstration: this connection is not encrypted." in answer.text
