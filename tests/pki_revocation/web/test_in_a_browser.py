"""The whole way in a real browser: both languages, with JavaScript and without, on a wide screen and a narrow one."""

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it carries no types
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from pki_revocation import responders
from pki_revocation.codes import CodeScheme, grouped, new_code
from pki_revocation.database import Database
from pki_revocation.model import Issuer
from pki_revocation.numbers import grouped as grouped_number
from pki_revocation.numbers import number_at
from tests.fakes import FakeClock
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# A right-looking number that nobody has, and with one digit wrong.
WRONG = number_at(77)[:-1] + str((int(number_at(77)[-1]) + 1) % 10)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the page is really served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's chromium."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def _page(chromium: Browser, *, language: str = "en", width: int = 1280, script: bool = True) -> Page:
    context = chromium.new_context(
        locale=language, viewport={"width": width, "height": 800}, java_script_enabled=script
    )
    return context.new_page()


def _troubles(page: Page) -> list[str]:
    """Everything that the browser complains of: what the policy refused, and errors in the script."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(("language", "width"), [("nl", 320), ("en", 1280)])
def test_the_whole_way(
    chromium: Browser,
    address: str,
    subscriber: Subscriber,
    written: Journal,
    language: str,
    width: int,
    script: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A typing error, a right pair, a reason with a date, the confirmation: the same with JavaScript and without."""
    page = _page(chromium, language=language, width=width, script=script)
    troubles = _troubles(page)
    page.goto(f"{address}/revoke")
    page.locator("#number").fill(WRONG)
    page.locator("#code").fill(grouped(subscriber.code).lower())
    page.locator("#continue").click()
    expect(page.locator("#complaints")).to_be_focused()
    expect(page.locator("#complaints li")).to_have_count(1)
    expect(page.locator("#number")).to_have_attribute("aria-invalid", "true")

    page.locator("#number").fill(grouped_number(subscriber.number))
    page.locator("#code").fill(grouped(subscriber.code).lower())
    page.locator("#continue").click()
    assert written.entries() == []
    page.locator("#reason-key-compromise").check()
    page.locator("#compromised-date").fill("2026-11-20")
    page.locator("#revoke").click()

    expect(page.locator("#confirmation")).to_be_visible()
    (entry,) = written.entries()
    expect(page.locator("#reference")).to_have_text(entry.reference)
    expect(page.locator("#visible li").first).to_contain_text("OCSP")
    # On a narrow screen nothing is to be scrolled sideways (WCAG 1.4.10). Without JavaScript the page cannot be asked.
    if script:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # A typing error without JavaScript is a page with status 422, of which the console speaks.
    assert [each for each in troubles if "422" not in each] == []


def test_typing_error_is_told_before_anything_is_sent(chromium: Browser, address: str) -> None:
    """With JavaScript no request leaves the page, and focus goes to the list, whose links lead to the fields."""
    page = _page(chromium)
    page.goto(f"{address}/revoke")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.is_navigation_request() else None)
    page.locator("#number").fill(WRONG)
    page.keyboard.press("Enter")

    expect(page.locator("#complaints")).to_be_focused()
    expect(page.locator("#complaints a")).to_have_count(2)
    assert page.title().startswith("Error:")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()
    assert sent == []


def test_pasted_line_fills_both_fields(chromium: Browser, address: str) -> None:
    """What was pasted is put where it belongs, and that is announced."""
    number, code = number_at(77), new_code(CodeScheme.ARGON2ID)
    page = _page(chromium)
    page.goto(f"{address}/revoke")
    page.locator("#number").focus()
    page.evaluate(
        "line => { const field = document.activeElement;"
        " field.dispatchEvent(new ClipboardEvent('paste', { bubbles: true })); field.value = line; }",
        f"{grouped_number(number)} {grouped(code)}",
    )

    expect(page.locator("#number")).to_have_value(grouped_number(number))
    expect(page.locator("#code")).to_have_value(grouped(code))
    expect(page.locator("#sorted")).to_contain_text("filled in")


def test_confirmation_refreshes_what_others_see(
    chromium: Browser,
    app: Flask,
    address: str,
    subscriber: Subscriber,
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    written: Journal,
) -> None:
    """The page itself asks again, and says so when the last responder has applied the row."""
    with database.write() as connection:
        responders.report(
            connection, "one", "a", {issuer.id: 0}, current=True, now=clock.now(), answers_last=timedelta(hours=24)
        )
    page = _page(chromium)
    troubles = _troubles(page)
    page.goto(f"{address}/revoke")
    page.locator("#number").fill(subscriber.number)
    page.locator("#code").fill(subscriber.code)
    page.locator("#continue").click()
    page.locator("#revoke").click()
    first = page.locator("#visible li").first
    expect(first).to_contain_text("0 of 1")
    expect(page.locator("#visible")).to_contain_text("Tuesday 24 November 2026 at 15:03:22")

    (entry,) = written.entries()
    with database.write() as connection:
        responders.report(connection, "one", "a", {issuer.id: entry.sequence}, current=True, now=clock.now())

    expect(first).to_contain_text("1 of 1 servers answer that the certificate is revoked, since 15:03:22")
    assert troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_axe_finds_nothing(
    chromium: Browser, address: str, subscriber: Subscriber, language: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    """No violation of WCAG 2.2 A or AA on any page, light and dark."""
    page = _page(chromium, language=language, width=width)
    page.emulate_media(color_scheme=scheme)
    found: dict[str, list[str]] = {}

    def look(name: str) -> None:
        results = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}}).response
        assert results["passes"]
        found[name] = [violation["id"] for violation in results["violations"]]

    page.goto(f"{address}/revoke")
    look("first step")
    page.locator("#continue").click()
    page.locator("#complaints").wait_for()
    look("typing errors")
    for name in ("second step", "already revoked"):
        page.goto(f"{address}/revoke")
        page.locator("#number").fill(subscriber.number)
        page.locator("#code").fill(subscriber.code)
        page.locator("#continue").click()
        page.locator("#certificate, #confirmation").wait_for()
        if name == "second step":
            page.locator("#reason-key-compromise").check()
        look(name)
        if name == "second step":
            page.locator("#reason-none").check()
            page.locator("#revoke").click()
            page.locator("#visible").wait_for()
            look("confirmation")
    page.goto(f"{address}/nothing")
    look("error")

    assert [name for name, violations in found.items() if violations] == [], found
    assert len(found) == 6
