"""The whole way in a real browser: both languages, with JavaScript and without, on a wide screen and a narrow one."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

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
    # Each pair of any two of them in the quick step, all in the long one.
    [
        ("nl", 320, True),
        ("nl", 1280, False),
        ("en", 320, False),
        ("en", 1280, True),
        pytest.param("nl", 320, False, marks=pytest.mark.long),
        pytest.param("nl", 1280, True, marks=pytest.mark.long),
        pytest.param("en", 320, True, marks=pytest.mark.long),
        pytest.param("en", 1280, False, marks=pytest.mark.long),
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
    visitor.look("review")
    page.locator("#revoke").click()
    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("#form-errors li")).to_have_count(2)
    for part, invalid in (("day", False), ("month", True), ("year", True), ("time", False)):
        expect(page.locator(f"#compromised-{part}[aria-invalid]")).to_have_count(int(invalid))
    visitor.look("impossible date")
    page.locator("#compromised-month").fill("november")
    page.locator("#compromised-year").fill("2026")
    page.locator("#revoke").click()

    expect(page.locator("#confirmation")).to_be_visible()
    (entry,) = written.entries()
    expect(page.locator("#reference")).to_have_text(entry.reference)
    visitor.look("confirmation")
    assert entry.invalidity_date == datetime(2026, 11, 19, 23, tzinfo=UTC)
    clock.advance(timedelta(minutes=1))
    page.locator("#look-again").click()
    expect(page.locator(".looked")).to_contain_text("15:04:22")

    visitor.identify(address, subscriber)
    expect(page.locator("#revoked-at")).to_have_attribute("datetime", "2026-11-23T14:03:22Z")
    visitor.look("already revoked")
    clock.advance(timedelta(minutes=31))
    page.locator(f"#language-{'en' if language == 'nl' else 'nl'}").click()
    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("html")).to_have_attribute("lang", "en" if language == "nl" else "nl")
    visitor.look("expired session")
    page.goto(f"{address}/nothing")
    visitor.look("unknown address")
    visitor.leave()

    assert visitor.faults == {}
    assert len(visitor.measured) == 8
    # A page that refuses has a status of its own, of which the console speaks.
    assert [said for said in visitor.troubles if "the server responded with a status of 4" not in said] == []


@pytest.mark.parametrize("width", [320, 1280])
def test_the_whole_way_by_keyboard_alone(
    chromium: Browser, address: str, subscriber: Subscriber, written: Journal, width: int
) -> None:
    """No mouse from the first page to the confirmation; each stop of the Tab key is outlined and on the screen."""
    visitor = Visitor(chromium, language="nl", width=width)
    page, unseen = visitor.page, list[str]()

    def tab_to(wanted: str) -> None:
        page.wait_for_load_state()  # with its style: without it nothing is outlined
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
    expect(page.locator("#form-errors")).to_be_focused()
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
    for part, typed in (("day", "23"), ("month", "11"), ("year", "2062")):
        tab_to(f"compromised-{part}")
        page.keyboard.type(typed)
    page.keyboard.press("Enter")
    expect(page.locator("#form-errors")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#compromised-day")).to_be_focused()
    tab_to("compromised-year")
    page.keyboard.press("Control+a")
    page.keyboard.type("2026")
    tab_to("revoke")
    page.keyboard.press("Enter")

    page.locator("#confirmation").wait_for()
    assert [entry.invalidity_date for entry in written.entries()] == [datetime(2026, 11, 22, 23, tzinfo=UTC)]
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

    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("#form-errors a")).to_have_count(2)
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
    for part, typed in (("day", "20"), ("month", "11"), ("year", "2026")):
        page.locator(f"#compromised-{part}").fill(typed)
    page.locator("#revoke").click()
    page.locator("#confirmation").wait_for()
    receipt = page.locator("#receipt").inner_text()

    (sheet,) = printed(page)
    (entry,) = written.entries()
    said = "".join(sheet.split())
    for expected in (entry.reference, "maandag 23 november 2026 om 15:03:22", subscriber.certificate.subject, receipt):
        assert "".join(expected.split()) in said
    for useless in ("Kijk opnieuw", "English", "Download"):
        assert useless not in sheet
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate(
        "[...document.querySelectorAll('main *')].filter((each) => each.checkVisibility())"
        ".map((each) => getComputedStyle(each).color.match(/[0-9]+/g).map(Number))"
    )
    assert max(max(colour) for colour in colours) < 0x60
    visitor.leave()
