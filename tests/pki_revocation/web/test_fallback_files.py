"""The fall-back page as files: whole in themselves, and shown by a real nginx when the service is gone."""

import html
import json
import re
from pathlib import Path

import pytest
from flask import Flask

from pki_revocation.config.settings import ContactSettings
from pki_revocation.web.fallback_files import export_fallback
from tests.deployment.shipped_nginx import Behind, shipped_nginx
from tests.pki_revocation.web.test_headers import EVERYWHERE

CONTACT = ContactSettings(
    organisation="Register Zorg",
    post="Postbus 1\nDen Haag",
    email="ra@example.nl",
    phone="070",
    hours="8-18",
    hours_en="8-6",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What was written."""
    export_fallback(tmp_path / "fallback", CONTACT)
    return tmp_path / "fallback"


def test_everything_that_the_page_names_is_in_the_folder(folder: Path) -> None:
    """Style, picture and both forms; no script, no style of its own, and nothing from elsewhere."""
    page = (folder / "index.html").read_text()
    named = re.findall(r'(?:href|src)="/fallback/([^"]+)"', page)
    assert {"page.css", "icon.svg"} < set(named)
    assert len([name for name in named if name.endswith(".pdf")]) == 2
    for name in named:
        assert (folder / name).stat().st_size > 0
        assert (folder / name).stat().st_mode & 0o444 == 0o444
    assert not re.search(r"<script|<style|style=|https?://", page)
    assert page.index("Online intrekken is nu niet mogelijk") < page.index("Revoking online is not possible now")
    for expected in ("Register Zorg", "ra@example.nl", "Postbus 1<br>", "8-18", "8-6", "burgerservicenummer"):
        assert expected in page
    assert not list(folder.glob(".*"))


def test_writing_again_replaces_what_was_there(folder: Path) -> None:
    """After a change of address nobody finds the old one."""
    export_fallback(folder, ContactSettings(email="new@example.nl"))
    page = (folder / "index.html").read_text()
    assert "new@example.nl" in page
    assert "ra@example.nl" not in page


def test_nginx_shows_it_when_the_service_is_down(folder: Path, tmp_path: Path) -> None:
    """503 with Retry-After for every address, the form from the same place, and a problem document for programs."""
    with shipped_nginx(tmp_path, Behind(fallback=folder)) as nginx:
        for method, path in (("GET", "/intrekken"), ("POST", "/revoke"), ("GET", "/receipt/x")):
            status, headers, body = nginx.https(method, path, "a=b" if method == "POST" else None)
            assert status == 503
            assert int(headers["Retry-After"]) > 0
            assert headers["Content-Type"] == "text/html; charset=utf-8"
            assert headers["Cache-Control"] == "no-store"
            for name, value in EVERYWHERE.items():
                assert headers[name] == value
            assert headers["Permissions-Policy"].startswith("camera=()")
            assert headers.get_all("Strict-Transport-Security") == ["max-age=63072000"]
            assert "style-src 'self'" in headers["Content-Security-Policy"]
            assert "ra@example.nl" in body.decode()
        status, headers, body = nginx.https("POST", "/api/v1/revocations", "{}")
        assert (status, headers["Content-Type"].partition(";")[0]) == (503, "application/problem+json")
        assert b"Send the same request again later" in body
        for name in re.findall(r'href="(/fallback/[^"]+)"', (folder / "index.html").read_text()):
            status, _, body = nginx.https("GET", name)
            assert (status, bool(body)) == (200, True)


def test_refusals_have_the_pages_words(folder: Path, bare_app: Flask) -> None:
    """In both languages, as the page says them itself, with a way back; and as a problem document without instance."""
    for status in (400, 413):
        page = html.unescape((folder / f"{status}.html").read_text())
        assert page.index('lang="nl"') < page.index('lang="en"')
        assert {'href="/intrekken?lang=nl"', 'href="/revoke?lang=en"'} <= set(re.findall(r'href="[^"]+"', page))
        assert not re.search(r"<script|<style|style=|https?://", page)
        document = json.loads((folder / f"{status}.json").read_text())
        assert document.pop("status") == status
        assert set(document) == {"type", "title", "detail"}
    for language in ("nl", "en"):
        asked = bare_app.test_client().post("/revoke", data="x" * 5000, headers={"Accept-Language": language})
        title, said = re.findall(r'<h1>(.*?)</h1>\s*<p class="lead">(.*?)</p>', asked.text, re.DOTALL)[0]
        page = (folder / "413.html").read_text()
        assert title in page
        assert said in page
    own = bare_app.test_client().post("/api/v1/revocations", data="x" * 5000, content_type="application/json")
    document = json.loads((folder / "413.json").read_text())
    assert own.get_json() == document | {name: own.get_json()[name] for name in ("instance", "help")}
