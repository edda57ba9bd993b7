"""The Back key, reload, double clicks and other tabs: none of them revokes, and none loses what was typed."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from pki_revocation.numbers import grouped
from tests.pki_revocation.web.browsing.visitor import Visitor, served
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber


@pytest.fixture
def elsewhere(address: str) -> Iterator[str]:
    """A page of another site, with a link that opens the revocation page in a tab of its own."""
    app = Flask("elsewhere")

    @app.get("/")
    def link() -> str:
        return f'<!DOCTYPE html><title>Register</title><a href="{address}/intrekken" target="_blank">Intrekken</a>'

    with served(app) as site:
        # To the browser a name is another site than an address.
        yield site.replace("127.0.0.1", "localhost")


class Steps:
    """A visitor at the steps, in Dutch; *addresses* are all that were shown, *sent* the forms since `watch`."""

    def __init__(self, chromium: Browser, address: str, *, script: bool) -> None:
        """At the first one, with a browser that asks for neither language."""
        self.visitor = Visitor(chromium, language="de", width=1280, script=script)
        self.page = self.visitor.page
        self._address = address
        self._shown: list[str] = []
        self.sent: list[str] = []
        self.page.on("framenavigated", lambda frame: self._shown.append(frame.url))
        self.page.goto(f"{address}/intrekken")

    def identify(self, subscriber: Subscriber) -> None:
        """Number and code."""
        self.page.locator("#number").fill(subscriber.number)
        self.page.locator("#code").fill(subscriber.code)
        self.page.locator("#continue").click()
        self.page.locator("#reasons").wait_for()

    def watch(self) -> None:
        """From now on note what is sent."""
        self.page.on("request", lambda request: self.sent.append(request.url) if request.method == "POST" else None)

    @property
    def places(self) -> set[str]:
        """The first part of each address that was shown."""
        return {each.removeprefix(self._address).split("/")[1] for each in self._shown}


_SCRIPT = pytest.mark.parametrize("script", [True, pytest.param(False, marks=pytest.mark.long)])


@_SCRIPT
def test_back_and_reload_lose_nothing_and_send_nothing(
    chromium: Browser,
    address: str,
    subscriber: Subscriber,
    written: Journal,
    script: bool,  # noqa: FBT001 - a table's column
) -> None:
    """From the check back to the very first page, and forward again without the code."""
    steps = Steps(chromium, address, script=script)
    page, typed = steps.page, {"day": "23", "month": "november", "year": "2026", "time": "15:02"}
    steps.identify(subscriber)
    page.locator("#reason-key-compromise").check()
    for part, text in typed.items():
        page.locator(f"#compromised-{part}").fill(text)
    page.locator("#continue").click()
    expect(page.locator("#compromised-since")).to_contain_text("maandag 23 november 2026 om 15:02:00")
    expect(page.locator("#compromised-since")).to_contain_text("(Nederlandse tijd)")
    steps.watch()

    page.reload()
    expect(page.locator("#compromised-since")).to_contain_text("15:02:00")
    page.go_back()
    for part, text in typed.items():
        expect(page.locator(f"#compromised-{part}")).to_have_value(text)
    expect(page.locator("#reason-key-compromise")).to_be_checked()
    page.reload()
    expect(page.locator("#compromised-day")).to_have_value("23")
    while page.locator("#identify").count() == 0:
        page.go_back()
    expect(page.locator("#unfinished")).to_contain_text(grouped(subscriber.number))
    page.locator("#go-on").click()
    expect(page.locator("#compromised-day")).to_have_value("23")
    steps.visitor.leave()

    assert steps.sent == []
    assert steps.places == {"intrekken"}
    assert written.entries() == []


@_SCRIPT
def test_back_and_reload_after_confirming_show_what_was_done(
    chromium: Browser,
    address: str,
    subscriber: Subscriber,
    written: Journal,
    script: bool,  # noqa: FBT001 - a table's column
) -> None:
    """The confirmation has an address of its own, the Back key finds a page that says so, and nothing is sent again."""
    steps = Steps(chromium, address, script=script)
    page = steps.page
    steps.identify(subscriber)
    steps.visitor.confirm()
    confirmation, reference = page.url, page.locator("#reference").inner_text()
    steps.watch()

    page.reload()
    expect(page.locator("#reference")).to_have_text(reference)
    page.go_back()
    expect(page.locator("h1")).to_have_text("Dit certificaat is al ingetrokken")
    expect(page.locator("#reference")).to_have_text(reference)
    page.reload()
    page.go_forward()
    assert page.url == confirmation
    expect(page.locator("h1")).to_have_text("Het certificaat is ingetrokken")
    page.locator("#home").click()
    expect(page.locator("#identify")).to_be_visible()
    expect(page.locator("#unfinished")).to_have_count(0)
    steps.visitor.leave()

    assert steps.sent == []
    assert steps.places == {"intrekken", "receipt"}
    assert len(written.entries()) == 1


def test_double_clicks_do_once_what_one_does(
    chromium: Browser, address: str, subscriber: Subscriber, written: Journal
) -> None:
    """On each button: the second click never falls on the next page's button, and the last one's finds it done."""
    visitor = Visitor(chromium, language="nl", width=320)
    page = visitor.page
    page.goto(f"{address}/intrekken")
    page.locator("#number").fill(subscriber.number)
    page.locator("#code").fill(subscriber.code)
    page.locator("#continue").dblclick()
    page.locator("#reasons").wait_for()
    page.locator("#continue").dblclick()
    page.locator("#answers").wait_for()
    # Where the pointer is when the page has just come, nothing can be pressed yet.
    page.reload(wait_until="commit")
    box = page.locator("#revoke").bounding_box()
    page.evaluate("document.getElementById('revoke').scrollIntoView()")
    assert page.evaluate("getComputedStyle(document.getElementById('revoke')).pointerEvents") == "none"
    assert box is not None
    assert written.entries() == []
    page.locator("#revoke").dblclick()
    page.locator("#confirmation").wait_for()
    expect(page.locator("#repeated, #not-recorded")).to_have_count(0)
    visitor.leave()

    assert len(written.entries()) == 1


def test_tab_from_another_site_leaves_the_first_one_whole(
    chromium: Browser, address: str, elsewhere: str, subscriber: Subscriber, written: Journal
) -> None:
    """A link on another site, in a mail or in the register's own pages, replaces no session, at any step."""
    visitor = Visitor(chromium, language="nl", width=1280)
    page = visitor.page
    link = page.context.new_page()

    def tab_by_link() -> None:
        link.goto(elsewhere)
        with page.context.expect_page() as opened:
            link.locator("a").click()
        opened.value.locator("#identify").wait_for()
        opened.value.close()

    page.goto(f"{address}/intrekken")
    page.locator("#number").fill(subscriber.number)
    page.locator("#code").fill(subscriber.code)
    tab_by_link()
    page.locator("#continue").click()
    page.locator("#reason-replaced").check()
    tab_by_link()
    page.locator("#continue").click()
    expect(page.locator("#reason")).to_contain_text("superseded")
    tab_by_link()
    page.locator("#revoke").click()
    page.locator("#confirmation").wait_for()
    visitor.leave()

    assert [entry.reason.token for entry in written.entries()] == ["superseded"]


def test_cookies_that_went_cost_a_click_and_no_more(
    chromium: Browser, address: str, subscriber: Subscriber, written: Journal
) -> None:
    """A browser that forgot its cookies between two steps shows the same answers again, which may be confirmed."""
    visitor = Visitor(chromium, language="nl", width=1280)
    page = visitor.page
    visitor.identify(address, subscriber)
    page.locator("#reason-replaced").check()
    page.locator("#continue").click()
    page.locator("#revoke").wait_for()
    page.context.clear_cookies()
    page.locator("#revoke").click()
    expect(page.locator("#form-errors")).to_contain_text("Wij konden dit formulier niet verwerken")
    expect(page.locator("#reason")).to_contain_text("superseded")
    assert written.entries() == []
    page.locator("#revoke").click()
    page.locator("#confirmation").wait_for()
    visitor.leave()

    assert len(written.entries()) == 1
