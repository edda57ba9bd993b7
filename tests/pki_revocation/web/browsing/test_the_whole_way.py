"""The whole way in a real browser: both languages, with JavaScript and without, on a wide screen and a narrow one."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from pki_revocation.codes import CodeScheme, grouped, new_code
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.numbers import grouped as grouped_number
from pki_revocation.numbers import number_at
from pki_revocation.propagation import responders
from tests.fakes import FakeClock
from tests.pki_revocation.web.browsing.eyes import printed, unseen_focus
from tests.pki_revocation.web.browsing.visitor import Visitor
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber

# A right-looking number that nobody has, and with one digit wrong.
WRONG = number_at(77)[:-1] + str((int(number_at(77)[-1]) + 1) % 10)
# More often than this nobody has to press Tab to get anywhere.
_MOST_TABS = 25


@pytest.mark.parametrize(
    ("language", "width", "script"),
    # Each of them once in the quick step, all together in the long one.
    [
        ("nl", 320, True),
        ("en", 1280, False),
        pytest.param("nl", 1280, False, marks=pytest.mark.long),
        pytest.param("en", 320, False, marks=pytest.mark.long),
        pytest.param("en", 1280, True, marks=pytest.mark.long),
        pytest.param("nl", 320, False, marks=pytest.mark.long),
        pytest.param("nl", 1280, True, marks=pytest.mark.long),
        pytest.param("en", 320, True, marks=pytest.mark.long),
    ],
)
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
    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("#form-errors li")).to_have_count(1)
    expect(page.locator("#number")).to_have_attribute("aria-invalid", "true")
    visitor.look("typing error")

    visitor.identify(address, subscriber)
    assert written.entries() == []
    page.locator("#reason-key-compromise").check()
    for part, wrong in (("day", "20"), ("month", "13"), ("year", "26")):
        page.locator(f"#compromised-{part}").fill(wrong)
    visitor.look("reason")
    page.locator("#continue").click()
    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("#form-errors li")).to_have_count(2)
    for part, invalid in (("day", False), ("month", True), ("year", True), ("time", False)):
        expect(page.locator(f"#compromised-{part}[aria-invalid]")).to_have_count(int(invalid))
    visitor.look("impossible date")
    page.locator("#compromised-month").fill("november")
    page.locator("#compromised-year").fill("2026")
    page.locator("#continue").click()
    expect(page.locator("#form-errors a")).to_have_attribute("href", "#compromised-older")
    visitor.look("older than the certificate")
    page.locator("#compromised-older").check()
    page.locator("#continue").click()
    expect(page.locator("#compromised-since")).to_contain_text(
        "20 november 2026" if language == "nl" else "20 November"
    )
    visitor.look("check")
    assert written.entries() == []
    page.locator("#revoke").click()

    expect(page.locator("#confirmation")).to_be_visible()
    (entry,) = written.entries()
    assert page.url.startswith(f"{address}/receipt/")
    expect(page.locator("#reference")).to_have_text(entry.reference)
    visitor.look("confirmation")
    assert entry.invalidity_date == datetime(2026, 11, 19, 23, tzinfo=UTC)
    afterwards(visitor, address, subscriber, clock)

    assert visitor.faults == {}
    assert len(visitor.measured) == 11
    # A page that refuses has a status of its own, of which the console speaks.
    assert [said for said in visitor.troubles if "the server responded with a status of 4" not in said] == []


def afterwards(visitor: Visitor, address: str, subscriber: Subscriber, clock: FakeClock) -> None:
    """What can be read after the confirmation: for administrators, on a later visit, too late, and where nothing is."""
    page = visitor.page
    page.locator("#for-administrators summary").click()
    visitor.look("confirmation, for administrators")
    clock.advance(timedelta(minutes=1))
    page.locator("#look-again").click()
    expect(page.locator(".looked")).to_contain_text("15:04:22")
    expect(page.locator("#visible")).to_be_visible()

    visitor.identify(address, subscriber)
    expect(page.locator("#revoked-at")).to_have_attribute("datetime", "2026-11-23T14:03:22Z")
    visitor.look("already revoked")
    clock.advance(timedelta(minutes=31))
    other = "en" if page.locator("html").get_attribute("lang") == "nl" else "nl"
    page.locator(f"#language-{other}").click()
    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("html")).to_have_attribute("lang", other)
    visitor.look("expired session")
    page.goto(f"{address}/nothing")
    visitor.look("unknown address")
    visitor.leave()


class Keyboard:
    """Nothing but a keyboard; *unseen* are the stops of the Tab key that were not outlined or not on the screen."""

    def __init__(self, page: Page) -> None:
        """On a page."""
        self._page = page
        self.unseen: list[str] = []

    def tab_to(self, wanted: str) -> None:
        """Press Tab until the control with an id has the focus."""
        self._page.wait_for_load_state()  # with its style: without it nothing is outlined
        for _ in range(_MOST_TABS):
            self._page.keyboard.press("Tab")
            if (name := unseen_focus(self._page)) is not None:
                self.unseen.append(name)
            if self._page.evaluate("document.activeElement.id") == wanted:
                return
        raise AssertionError(f"the Tab key does not lead to #{wanted}")

    def type_in(self, field: str, text: str) -> None:
        """Go to a field, and put a text in place of what stands there."""
        self.tab_to(field)
        self._page.keyboard.press("Control+a")
        self._page.keyboard.type(text)

    def enter(self) -> None:
        """Press Enter where the focus is."""
        self._page.keyboard.press("Enter")

    def go_to_the_first_complaint(self) -> None:
        """Wait for the list of what is wrong, and follow its first line."""
        expect(self._page.locator("#form-errors")).to_be_focused()
        self._page.keyboard.press("Tab")
        self.enter()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_whole_way_by_keyboard_alone(
    chromium: Browser, address: str, subscriber: Subscriber, written: Journal, width: int
) -> None:
    """No mouse from the first page to the confirmation; each stop of the Tab key is outlined and on the screen."""
    visitor = Visitor(chromium, language="nl", width=width)
    page = visitor.page
    keyboard = Keyboard(page)

    page.goto(f"{address}/revoke")
    page.keyboard.press("Tab")
    keyboard.enter()
    expect(page.locator("#main")).to_be_focused()
    keyboard.type_in("number", WRONG)
    keyboard.type_in("code", subscriber.code)
    keyboard.enter()
    keyboard.go_to_the_first_complaint()
    expect(page.locator("#number")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(subscriber.number)
    keyboard.enter()
    page.locator("#certificate").wait_for()
    keyboard.tab_to("reason-none")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#reason-key-compromise")).to_be_checked()
    for part, typed in (("day", "23"), ("month", "11"), ("year", "2062")):
        keyboard.type_in(f"compromised-{part}", typed)
    keyboard.enter()
    keyboard.go_to_the_first_complaint()
    expect(page.locator("#compromised-day")).to_be_focused()
    keyboard.type_in("compromised-year", "2026")
    keyboard.enter()
    keyboard.go_to_the_first_complaint()
    expect(page.locator("#compromised-older")).to_be_focused()
    page.keyboard.press("Space")
    keyboard.tab_to("continue")
    keyboard.enter()
    page.locator("#answers").wait_for()
    assert written.entries() == []
    keyboard.tab_to("revoke")
    keyboard.enter()

    page.locator("#confirmation").wait_for()
    assert [entry.invalidity_date for entry in written.entries()] == [datetime(2026, 11, 22, 23, tzinfo=UTC)]
    page.evaluate("document.querySelector('summary').id = 'administrators'")
    keyboard.tab_to("administrators")
    keyboard.enter()
    keyboard.tab_to("look-again")
    with page.expect_response("**/visible*"):
        keyboard.enter()
    visitor.leave()
    assert keyboard.unseen == []


def test_typing_error_is_told_before_anything_is_sent(chromium: Browser, address: str) -> None:
    """With JavaScript no request leaves the page, and focus goes to the list, whose links lead to the fields."""
    visitor = Visitor(chromium, language="en", width=1280)
    page, sent = visitor.page, list[str]()
    page.goto(f"{address}/revoke")
    page.on("request", lambda request: sent.append(request.method) if request.is_navigation_request() else None)
    page.locator("#number").fill(WRONG)
    page.keyboard.press("Enter")

    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("#form-errors a")).to_have_count(2)
    assert page.title().startswith("Error:")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()
    visitor.leave()
    assert sent == []


def test_complaint_goes_when_the_field_is_right(chromium: Browser, address: str) -> None:
    """Each field's own, and its line in the list, as soon as it reads right; the last one takes the list along."""
    number, code = number_at(77), new_code(CodeScheme.ARGON2ID)
    visitor = Visitor(chromium, language="en", width=1280)
    page = visitor.page
    page.goto(f"{address}/revoke")
    page.locator("#number").fill(number[:-1])
    page.locator("#code").fill(code[:-1])
    page.locator("#continue").click()
    expect(page.locator("#form-errors li")).to_have_text(
        ["A number has 12 digits. You filled in 11.", "The code has 17 characters. You filled in 16."]
    )
    page.locator("#number").fill(number)
    expect(page.locator("#form-errors li")).to_have_count(1)
    expect(page.locator("#number-form-error")).to_have_count(0)
    page.locator("#code").press_sequentially(code)
    page.locator("#code").fill(code)
    expect(page.locator("#form-errors")).to_have_count(0)
    expect(page.locator("[aria-invalid]")).to_have_count(0)
    assert not page.title().startswith("Error:")
    visitor.leave()


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
    expect(page.locator("#sorted")).to_contain_text("Check them")
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
    page.locator("#continue").click()
    with page.expect_response("**/visible*"):
        page.locator("#revoke").click()
    first = page.locator("#visible li").first
    expect(first).to_contain_text("0 of 1")
    expect(page.locator("#visible")).to_contain_text("Tuesday 24 November 2026 at 15:03:22")

    (entry,) = written.entries()
    with database.write() as connection:
        responders.report(connection, "one", "a", {issuer.id: entry.sequence}, current=True, now=clock.now())

    expect(first).to_contain_text("has said since 15:03:22 that the certificate is revoked (1 of 1 servers)")
    visitor.leave()
    assert visitor.troubles == []


def test_other_language_takes_what_was_chosen_along(chromium: Browser, address: str, subscriber: Subscriber) -> None:
    """Nobody chooses and types again for having changed the language in the second step (WCAG 3.3.7)."""
    visitor = Visitor(chromium, language="nl", width=1280)
    page = visitor.page
    visitor.identify(address, subscriber)
    page.locator("#reason-key-compromise").check()
    page.locator("#compromised-day").fill("20")
    page.locator("#language-en").click()

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#reason-key-compromise")).to_be_checked()
    expect(page.locator("#compromised-day")).to_have_value("20")
    visitor.leave()
    assert visitor.troubles == []


def test_confirmation_is_one_sheet_of_paper(
    chromium: Browser,
    address: str,
    subscriber: Subscriber,
    written: Journal,
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
) -> None:
    """The longest confirmation with its address, black on white, and nothing that paper cannot do."""
    with database.write() as connection:
        responders.report(
            connection, "one", "a", {issuer.id: 0}, current=True, now=clock.now(), answers_last=timedelta(hours=24)
        )
    visitor = Visitor(chromium, language="nl", width=1280)
    page = visitor.page
    page.emulate_media(color_scheme="dark")
    visitor.identify(address, subscriber)
    page.locator("#reason-key-compromise").check()
    for part, typed in (("day", "23"), ("month", "11"), ("year", "2026"), ("time", "15:03")):
        page.locator(f"#compromised-{part}").fill(typed)
    visitor.confirm()
    receipt = page.locator("#receipt").inner_text()

    (sheet,) = printed(page)
    (entry,) = written.entries()
    said = "".join(sheet.split())
    for expected in (entry.reference, "maandag 23 november 2026 om 15:03:22", subscriber.certificate.subject, receipt):
        assert "".join(expected.split()) in said
    for useless in ("Vernieuwen", "English", "Download"):
        assert useless not in sheet
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate(
        "[...document.querySelectorAll('main *')].filter((each) => each.checkVisibility())"
        ".map((each) => getComputedStyle(each).color.match(/[0-9]+/g).map(Number))"
    )
    assert max(max(colour) for colour in colours) < 0x60
    visitor.leave()
