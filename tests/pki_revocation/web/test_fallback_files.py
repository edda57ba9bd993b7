"""The fall-back page as files: whole in themselves, and shown by a real nginx when the service is gone."""

import re
import socket
from pathlib import Path

import pytest

from pki_revocation.config.settings import ContactSettings
from pki_revocation.web.fallback_files import export_fallback
from tests.crl_publisher.real_nginx import real_nginx
from tests.integration.running_demo import RunningDemo
from tests.pki_revocation.web.test_headers import EVERYWHERE

SNIPPET = Path(__file__).parents[3] / "deploy" / "nginx" / "fallback.conf"
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


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    """503 with Retry-After for every address, the form from the same place, and a problem document for programs.

    Without https it leads to the same host with it.
    """
    port, plain, dead = free_port(), free_port(), free_port()
    server = tmp_path / "nginx"
    server.mkdir()
    text = SNIPPET.read_text()
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("127.0.0.1:8460", f"127.0.0.1:{dead}"),
        ("/var/lib/pki-revocation/fallback/;", f"{folder}/;"),
    ):
        assert old in text
        text = text.replace(old, new)
    text = re.sub(r"^ +ssl_certificate.*$", "", text, flags=re.MULTILINE)
    base = f"http://127.0.0.1:{port}"
    with real_nginx(server, text, f"{base}/fallback/page.css"):
        demo = RunningDemo(directory=tmp_path)
        status, headers, _ = demo.fetch(
            "GET", f"http://127.0.0.1:{plain}/intrekken?number=1", headers={"Host": "x.example"}
        )
        assert (status, headers["Location"]) == (301, "https://intrekken.example/intrekken?number=1")
        for method, path in (("GET", "/intrekken"), ("POST", "/revoke"), ("GET", "/receipt/x")):
            status, headers, body = demo.fetch(method, base + path, "a=b" if method == "POST" else None)
            assert status == 503
            assert int(headers["Retry-After"]) > 0
            assert headers["Content-Type"] == "text/html; charset=utf-8"
            assert headers["Cache-Control"] == "no-store"
            for name, value in EVERYWHERE.items():
                assert headers[name] == value
            assert headers["Permissions-Policy"].startswith("camera=()")
            assert headers["Strict-Transport-Security"] == "max-age=63072000"
            assert "style-src 'self'" in headers["Content-Security-Policy"]
            assert "ra@example.nl" in body.decode()
        status, headers, body = demo.fetch("POST", f"{base}/api/v1/revocations", "{}")
        assert (status, headers["Content-Type"].partition(";")[0]) == (503, "application/problem+json")
        assert b"Send the same request again later" in body
        for name in re.findall(r'href="(/fallback/[^"]+)"', (folder / "index.html").read_text()):
            status, _, body = demo.fetch("GET", base + name)
            assert (status, bool(body)) == (200, True)
