"""The page on which a receipt is checked: by the roots of the configuration alone, for anybody, and nothing is kept."""

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from werkzeug.test import TestResponse

from pki_revocation.config.settings import WebSettings
from pki_revocation.documents.verification import process
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from pki_revocation.web.receipt_check import LARGEST_BODY, TrustedRoots
from tests.conftest import START
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.conftest import SESSION_KEY
from tests.receipts import Register


@pytest.fixture(scope="module")
def genuine() -> Register:
    """The register whose root is configured."""
    return Register(START)


@pytest.fixture(scope="module")
def pdf(genuine: Register) -> bytes:
    """Its receipt."""
    return genuine.receipt()


@pytest.fixture
def checking_app(unreachable_service: RevocationService, clock: FakeClock, genuine: Register) -> Flask:
    """The application without a database, which has the root."""
    return create_app(
        service=unreachable_service,
        settings=WebSettings(),
        session_key=SESSION_KEY,
        clock=clock,
        services=PageServices(roots=TrustedRoots(anchors=[genuine.root.certificate])),
    )


def give(app: Flask, octets: bytes, *, language: str = "en", path: str = "/receipt/verify") -> TestResponse:
    """Send a file, as a browser without cookies and script does."""
    head = b'--edge\r\nContent-Disposition: form-data; name="receipt"; filename="receipt.pdf"\r\n\r\n'
    return app.test_client().post(
        path,
        data=head + octets + b"\r\n--edge--\r\n",
        content_type="multipart/form-data; boundary=edge",
        headers={"Accept-Language": language},
        base_url="http://127.0.0.1:8460",
        buffered=True,
    )


@pytest.mark.parametrize(
    ("language", "path", "says"),
    [("en", "/receipt/verify", "The receipt is genuine"), ("nl", "/bewijs/controleren", "Het bewijs is echt")],
)
def test_genuine_receipt_is_called_so(checking_app: Flask, pdf: bytes, language: str, path: str, says: str) -> None:
    """In either language, with a line for each check, without a database and without a cookie."""
    answer = give(checking_app, pdf, language=language, path=path)

    assert answer.status_code == 200
    assert says in answer.text
    assert answer.text.count('<li class="check-ok">') == 5
    # None but for the language, which an address in Dutch chooses.
    assert "session" not in answer.headers.get("Set-Cookie", "")
    assert answer.headers["Cache-Control"] == "no-store"


def test_dutch_page_has_no_english_in_it(checking_app: Flask, pdf: bytes) -> None:
    """Findings and their moments are in Dutch too, those of what is wrong as well."""
    for octets in (pdf, Register(START).receipt()):
        page = give(checking_app, octets, path="/bewijs/controleren", language="nl").text
        lines = re.findall(r'<li class="check-\w+">(.*?)</li>', page)
        assert len(lines) >= 4
        assert not [line for line in lines if re.search(r"\b(the|says|signed|is not|does not|revoked)\b", line)]
        assert "14:03:22Z" not in page


def test_forged_receipt_is_refused(checking_app: Flask) -> None:
    """Of a root with the same name; the page shows the fingerprint of its own."""
    answer = give(checking_app, Register(START).receipt())

    assert answer.status_code == 200
    assert "This file does not prove a revocation" in answer.text
    assert "The receipt is genuine" not in answer.text


def test_page_says_what_it_trusts_and_that_it_keeps_nothing(checking_app: Flask, genuine: Register) -> None:
    """The root's fingerprint, and a form that needs no script."""
    page = Browser(checking_app).get("/receipt/verify").text

    fingerprint = genuine.root.certificate.fingerprint(SHA256()).hex(":")
    assert fingerprint.upper() in page
    assert 'enctype="multipart/form-data"' in page
    assert "We do not keep it." in page
    assert "csrf_token" not in page


@pytest.mark.parametrize(
    ("octets", "status", "says"),
    [
        (b"", 422, "Choose a file first"),
        (b"hello", 422, "neither a PDF nor a zip"),
        (b"%PDF-1.7\n", 422, "cannot be read as one"),
        (b"%PDF-" + bytes(3 * 1024 * 1024), 422, "no receipt is larger than 3 MB"),
        (b"%PDF-" + bytes(LARGEST_BODY), 413, "too much"),
    ],
    ids=["nothing", "a text", "a broken PDF", "too large", "far too large"],
)
def test_what_is_no_receipt_gets_one_sentence(checking_app: Flask, octets: bytes, status: int, says: str) -> None:
    """Never a traceback, and never more than a bounded body."""
    answer = give(checking_app, octets)

    assert (answer.status_code, says in answer.text) == (status, True), answer.text


def test_without_roots_it_explains_itself(bare_app: Flask, pdf: bytes) -> None:
    """There is no form, and what is sent all the same is not called genuine."""
    page = Browser(bare_app).get("/receipt/verify")
    assert page.status_code == 200
    assert "no root certificates are set up here" in page.text
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    assert "genuine" not in give(bare_app, pdf).text


@pytest.fixture
def watched_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files would be made."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_no_file_is_made_of_what_is_sent(
    checking_app: Flask, pdf: bytes, watched_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for a moment, also where it is larger than what Werkzeug keeps in memory."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was made")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(f"tempfile.{name}", refuse)
    assert give(checking_app, b"%PDF-" + bytes(1024 * 1024)).status_code == 422
    assert [*watched_folder.iterdir()] == []


def test_one_check_at_a_time(checking_app: Flask, pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one meanwhile is told to come back, so that a flood of files takes one process and no more."""
    inside: list[TestResponse] = []

    def slow(*_: object) -> object:
        inside.append(give(checking_app, pdf))
        raise process.CheckFailed("The file cannot be checked: it is damaged, or made to be hard to read.")

    monkeypatch.setattr("pki_revocation.web.receipt_check.verify_apart", slow)
    assert give(checking_app, pdf).status_code == 422
    assert inside[0].status_code == 503
    assert "Retry-After" in inside[0].headers


def test_other_addresses_take_no_larger_bodies_than_before(checking_app: Flask) -> None:
    """The bound of a receipt is that page's alone."""
    answer = checking_app.test_client().post("/revoke", data={"number": "1" * 5000}, base_url="http://127.0.0.1:8460")

    assert answer.status_code == 413
