"""The whole way in a real browser: both languages, with JavaScript and without, on a wide screen and a narrow one.

What the pages do does not hang on the kind of database, which test_page.py varies: here it is SQLite, and quick.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from werkzeug.serving import make_server

from pki_revocation import responders
from pki_revocation.codes import CodeScheme, grouped, new_code
from pki_revocation.database import Database
from pki_revocation.model import Issuer
from pki_revocation.numbers import grouped as grouped_number
from pki_revocation.numbers import number_at
from pki_revocation.service import RevocationService
from pki_revocation.settings import WebSettings
from pki_revocation.web.app import create_app
from tests.fakes import FakeClock
from tests.pki_revocation.web.conftest import SESSION_KEY, Journal
from tests.pki_revocation.web.eyes import scrolls_sideways, small_targets, unseen_focus, violations
from tests.subscribers import Subscriber

# A right-looking number that nobody has, and with one digit wrong.
WRONG = number_at(77)[:-1] + str((int(number_at(77)[-1]) + 1) % 10)
# More often than this nobody has to press Tab to get anywhere.
_MOST_TABS = 25


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite database."""
    with Database(f"sqlite:///{tmp_path}/revocation.db") as opened:
        opened.upgrade()
        yield opened


@contextmanager
def _served(make: Callable[[str], Flask]) -> Iterator[str]:
    """Serve the application that *make* makes for its address."""
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    server.app = make(address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def address(service: RevocationService, clock: FakeClock) -> Iterator[str]:
    """Where the page is really served, which its links know."""

    def make(url: str) -> Flask:
        return create_app(service=service, settings=WebSettings(public_url=url), session_key=SESSION_KEY, clock=clock)

    with _served(make) as url:
        yield url


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


class Visitor:
    """A person at a browser, who looks at every page as it comes; *faults* is what was not right with them."""

    def __init__(self, chromium: Browser, *, language: str, width: int, script: bool = True) -> None:
        """With a window of their own."""
        self._context = chromium.new_context(
            locale=language, viewport={"width": width, "height": 800}, java_script_enabled=script
        )
        self.page = self._context.new_page()
        self.page.set_default_timeout(5_000)
        self.script = script
        self.looked: list[str] = []
        self.faults: dict[str, list[str]] = {}
        self.troubles: list[str] = []
        self.page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        # A page without JavaScript cannot be measured: the same HTML is, in a window that has it, without our script.
        self._mirror = self.page if script else _mirror(chromium, self.page)

    def look(self, name: str) -> None:
        """Measure the page: nothing against WCAG, nothing to scroll sideways, no small target."""
        self.page.wait_for_load_state()
        if not self.script:
            self._mirror.goto(self.page.url)
        found = violations(self._mirror, also_dark=self.script)
        found += [f"small target {target}" for target in small_targets(self._mirror)]
        if scrolls_sideways(self._mirror):
            found.append("scrolls sideways")
        self.looked.append(name)
        if found:
            self.faults[name] = found

    def identify(self, address: str, subscriber: Subscriber) -> None:
        """Number and code, as somebody types them from a letter."""
        self.page.goto(f"{address}/revoke")
        self.page.locator("#number").fill(grouped_number(subscriber.number))
        self.page.locator("#code").fill(grouped(subscriber.code).lower())
        self.page.locator("#continue").click()
        self.page.locator("#certificate, #confirmation").wait_for()

    def leave(self) -> None:
        """Close the window."""
        self._mirror.context.close()
        if not self.script:
            self._context.close()


def _mirror(chromium: Browser, page: Page) -> Page:
    """A window that shows at every address what *page* shows."""
    mirror = chromium.new_context(viewport=page.viewport_size).new_page()

    def show(route: Route) -> None:
        if route.request.resource_type == "document":
            route.fulfill(body=page.content(), content_type="text/html; charset=utf-8")
        elif route.request.resource_type == "script":
            route.abort()
        else:
            route.continue_()

    mirror.route("**/*", show)
    return mirror


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_whole_way(
    chromium: Browser,
    address: str,
    subscriber: Subscriber,
    written: Journal,
    clock: FakeClock,
    language: str,
    width: int,
    script: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Every page, the same with JavaScript and without; axe finds nothing, and nothing is too wide or too small."""
    visitor = Visitor(chromium, language=language, width=width, script=script)
    page = visitor.page
    page.goto(f"{address}/revoke")
    visitor.look("start")

    page.locator("#number").fill(WRONG)
    page.locator("#code").fill(grouped(subscriber.code).lower())
    page.locator("#continue").click()
    expect(page.locator("#complaints")).to_be_focused()
    expect(page.locator("#complaints li")).to_have_count(1)
    expect(page.locator("#number")).to_have_attribute("aria-invalid", "true")
    visitor.look("typing error")

    visitor.identify(address, subscriber)
    assert written.entries() == []
    page.locator("#reason-key-compromise").check()
    page.locator("#compromised-date").fill("2027-01-01")
    visitor.look("review")
    page.locator("#revoke").click()
    expect(page.locator("#compromised-date")).to_have_attribute("aria-invalid", "true")
    visitor.look("impossible date")
    page.locator("#compromised-date").fill("2026-11-20")
    page.locator("#revoke").click()

    expect(page.locator("#confirmation")).to_be_visible()
    (entry,) = written.entries()
    expect(page.locator("#reference")).to_have_text(entry.reference)
    visitor.look("confirmation")
    clock.advance(timedelta(minutes=1))
    page.locator("#look-again").click()
    expect(page.locator(".looked")).to_contain_text("15:04:22")

    visitor.identify(address, subscriber)
    expect(page.locator("#revoked-at")).to_have_attribute("datetime", "2026-11-23T14:03:22Z")
    visitor.look("already revoked")
    clock.advance(timedelta(minutes=31))
    page.locator(f"#language-{'en' if language == 'nl' else 'nl'}").click()
    expect(page.locator("#again")).to_be_visible()
    visitor.look("expired session")
    page.goto(f"{address}/nothing")
    visitor.look("unknown address")
    visitor.leave()

    assert visitor.faults == {}
    assert len(visitor.looked) == 8
    # A page that refuses has a status of its own, of which the console speaks.
    assert [said for said in visitor.troubles if "the server responded with a status of 4" not in said] == []


@pytest.mark.parametrize("language", ["nl", "en"])
def test_rarer_pages(
    chromium: Browser,
    address: str,
    subscriber: Subscriber,
    clock: FakeClock,
    unreachable_app: Flask,
    language: str,
) -> None:
    """A wrong code, the key that turned out unsafe, an expired certificate, and an outage: the same care."""
    visitor = Visitor(chromium, language=language, width=320)
    page = visitor.page
    page.goto(f"{address}/revoke")
    page.locator("#number").fill(subscriber.number)
    page.locator("#code").fill(new_code(CodeScheme.ARGON2ID))
    page.locator("#continue").click()
    expect(page.locator("#complaints")).to_be_focused()
    visitor.look("not recognised")
    clock.advance(timedelta(days=400))
    visitor.identify(address, subscriber)
    visitor.look("expired")
    clock.advance(timedelta(days=-400))
    visitor.identify(address, subscriber)
    page.locator("#revoke").click()
    page.locator("#visible").wait_for()
    visitor.identify(address, subscriber)
    visitor.look("already revoked, with a question")
    page.locator("#add-compromise").click()
    page.locator("#visible").wait_for()
    visitor.look("reason added")
    receipt = page.locator("#receipt").get_attribute("href") or ""
    clock.advance(timedelta(days=31))
    page.goto(receipt)
    visitor.look("confirmation that is over")
    with _served(lambda _url: unreachable_app) as down:
        page.goto(f"{down}/revoke")
        page.locator("#number").fill(subscriber.number)
        page.locator("#code").fill(subscriber.code)
        page.locator("#continue").click()
        page.locator("a.form").first.wait_for()
        visitor.look("outage")
    visitor.leave()

    assert visitor.faults == {}
    assert len(visitor.looked) == 6


@pytest.mark.parametrize("width", [320, 1280])
def test_the_whole_way_by_keyboard_alone(
    chromium: Browser, address: str, subscriber: Subscriber, written: Journal, width: int
) -> None:
    """No mouse from the first page to the confirmation; each stop of the Tab key is outlined and on the screen."""
    visitor = Visitor(chromium, language="nl", width=width)
    page, unseen = visitor.page, list[str]()

    def tab_to(wanted: str) -> None:
        for _ in range(_MOST_TABS):
            page.keyboard.press("Tab")
            if (name := unseen_focus(page)) is not None:
                unseen.append(name)
            if page.evaluate("document.activeElement.id") == wanted:
                return
        raise AssertionError(f"the Tab key does not lead to #{wanted}")

    page.goto(f"{address}/revoke")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to("number")
    page.keyboard.type(WRONG)
    tab_to("code")
    page.keyboard.type(subscriber.code)
    page.keyboard.press("Enter")
    expect(page.locator("#complaints")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(subscriber.number)
    page.keyboard.press("Enter")
    page.locator("#certificate").wait_for()
    tab_to("reason-none")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#reason-key-compromise")).to_be_checked()
    tab_to("compromised-date")
    # The eleventh of November, in whichever order the browser has day and month.
    page.keyboard.type("11112026")
    tab_to("revoke")
    page.keyboard.press("Enter")

    page.locator("#confirmation").wait_for()
    (entry,) = written.entries()
    assert entry.invalidity_date is not None
    assert entry.invalidity_date.isoformat() == "2026-11-10T23:00:00+00:00"
    tab_to("look-again")
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipt/**")
    visitor.leave()
    assert unseen == []


def test_typing_error_is_told_before_anything_is_sent(chromium: Browser, address: str) -> None:
    """With JavaScript no request leaves the page, and focus goes to the list, whose links lead to the fields."""
    visitor = Visitor(chromium, language="en", width=1280)
    page, sent = visitor.page, list[str]()
    page.goto(f"{address}/revoke")
    page.on("request", lambda request: sent.append(request.method) if request.is_navigation_request() else None)
    page.locator("#number").fill(WRONG)
    page.keyboard.press("Enter")

    expect(page.locator("#complaints")).to_be_focused()
    expect(page.locator("#complaints a")).to_have_count(2)
    assert page.title().startswith("Error:")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()
    visitor.leave()
    assert sent == []


def test_pasted_line_fills_both_fields(chromium: Browser, address: str) -> None:
    """What was pasted is put where it belongs, and that is announced."""
    number, code = number_at(77), new_code(CodeScheme.ARGON2ID)
    visitor = Visitor(chromium, language="en", width=1280)
    page = visitor.page
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
    visitor.leave()


def test_confirmation_refreshes_what_others_see(
    chromium: Browser,
    address: str,
    subscriber: Subscriber,
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    written: Journal,
) -> None:
    """The page itself asks again, and says so when the last responder has applied the row, and not before."""
    with database.write() as connection:
        responders.report(
            connection, "one", "a", {issuer.id: 0}, current=True, now=clock.now(), answers_last=timedelta(hours=24)
        )
    visitor = Visitor(chromium, language="en", width=1280)
    page = visitor.page
    visitor.identify(address, subscriber)
    with page.expect_response("**/visible*"):
        page.locator("#revoke").click()
    first = page.locator("#visible li").first
    expect(first).to_contain_text("0 of 1")
    expect(page.locator("#visible")).to_contain_text("Tuesday 24 November 2026 at 15:03:22")

    (entry,) = written.entries()
    with database.write() as connection:
        responders.report(connection, "one", "a", {issuer.id: entry.sequence}, current=True, now=clock.now())

    expect(first).to_contain_text("1 of 1 servers answer that the certificate is revoked, since 15:03:22")
    visitor.leave()
    assert visitor.troubles == []
