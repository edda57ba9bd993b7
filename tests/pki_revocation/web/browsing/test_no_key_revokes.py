"""Nothing is revoked by accident: every key in every control of every page, until the one button that revokes.

HTML lets Enter in a field, and the 'Go' key of a telephone's keyboard, press a form's first button (implicit
submission): the form that revokes has no field, and no other form does (WCAG 2.2, 3.3.4).
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Error, Page, expect

from tests.pki_revocation.web.browsing.visitor import Visitor
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber

_FIELDS = "button, input:not([type=hidden])"
_CONTROLS = f"{_FIELDS}, a[href], summary, [tabindex]"
# What leads out of the page is not followed: files, other programs and other sites.
_OUTSIDE = ("tel:", "mailto:", "https:")
_PDF = "application/pdf"
_FINAL = ("revoke", "add-compromise")
_BEGUN_MS = 20
# As a telephone's keyboard says it: a key without a place on any keyboard.
_GO = {"key": "Enter", "windowsVirtualKeyCode": 13, "text": "\r", "unmodifiedText": "\r"}


class Fingers:
    """Presses keys in all controls of a page, which is loaded anew for each, and sees what is sent."""

    def __init__(self, page: Page) -> None:
        """On a page whose forms are watched from now on."""
        self._page = page
        self._devtools: CDPSession = page.context.new_cdp_session(page)
        self.sent: list[str] = []
        page.on("request", lambda request: self.sent.append(request.url) if request.method == "POST" else None)

    @property
    def confirmed(self) -> bool:
        """Whether the form of a check was sent, in either language."""
        return any(each.endswith(("/check", "/controle")) for each in self.sent)

    def press_everywhere(self, address: str, keys: tuple[str, ...], controls: str) -> int:
        """Press each key in each control of the page at an address, but in the buttons that revoke; gives how often."""
        pressed = 0
        self.load(address)
        for place in range(self._page.locator(controls).count()):
            for key in keys:
                self.load(address)
                control = self._page.locator(controls).nth(place)
                leads = control.get_attribute("href") or ""
                if control.get_attribute("id") in _FINAL or leads.startswith(_OUTSIDE) or not control.is_visible():
                    break
                if control.get_attribute("type") == _PDF:
                    break
                control.focus()
                self._press(key)
                pressed += 1
        return pressed

    def load(self, address: str) -> None:
        """Open the page at an address, after what the last key set off."""
        while True:
            try:
                self._page.goto(address)
            except Error as error:
                # What the last key set off is on its way still: it comes first.
                if "interrupted by another navigation" not in error.message:
                    raise
                self._page.wait_for_load_state()
            else:
                return

    def _press(self, key: str) -> None:
        if key == "Go":
            self._devtools.send("Input.dispatchKeyEvent", {"type": "keyDown", **_GO})
            self._devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": "Enter"})
        else:
            self._page.keyboard.press(key)
        # Nothing tells that a key set off nothing: what one sets off has begun by then.
        self._page.wait_for_timeout(_BEGUN_MS)
        self._page.wait_for_load_state()


def _ways() -> Iterator[object]:
    """Enter in what belongs to forms in the quick step; all of it, with script and without, in the long one."""
    yield pytest.param("nl", 320, True, ("Enter",), _FIELDS, id="nl-320-script")
    for language in ("nl", "en"):
        for width in (320, 1280):
            for script in (True, False):
                name = f"{language}-{width}-{'script' if script else 'bare'}-every-key"
                yield pytest.param(
                    language, width, script, ("Enter", "Go", "Space"), _CONTROLS, id=name, marks=pytest.mark.long
                )


@pytest.mark.parametrize(("language", "width", "script", "keys", "controls"), list(_ways()))
def test_no_key_revokes_but_the_last_button(
    chromium: Browser,
    address: str,
    subscriber: Subscriber,
    written: Journal,
    language: str,
    width: int,
    script: bool,  # noqa: FBT001 - a table's column
    keys: tuple[str, ...],
    controls: str,
) -> None:
    """All pages up to the revocation, then those on which a reason can be added; each last button does it at once."""
    visitor = Visitor(chromium, language=language, width=width, script=script)
    page = visitor.page
    page.set_default_timeout(10_000)
    page.goto(f"{address}/{'intrekken' if language == 'nl' else 'revoke'}")
    first = page.url
    visitor.identify(address, subscriber)
    reason = page.url
    page.locator("#reason-replaced").check()
    page.locator("#continue").click()
    page.locator("#revoke").wait_for()
    check = page.url
    left = check.replace("/check", "/not-revoked").replace("/controle", "/niet-ingetrokken")
    fingers = Fingers(page)
    pressed = [fingers.press_everywhere(each, keys, controls) for each in (first, check, left, reason)]
    # Those that revoke are no stop of these fingers.
    assert [each > 2 for each in pressed] == [True, controls == _CONTROLS, controls == _CONTROLS, True]
    assert written.entries() == []
    assert fingers.sent
    assert not fingers.confirmed

    fingers.load(check)
    page.locator("#revoke").focus()
    page.keyboard.press("Enter")
    page.locator("#confirmation").wait_for()
    assert len(written.entries()) == 1
    confirmation = page.url

    visitor.identify(address, subscriber)
    already = page.url
    page.locator("#report-compromise").click()
    page.locator("#add-compromise").wait_for()
    check = page.url
    fingers.sent.clear()
    pressed = [fingers.press_everywhere(each, keys, controls) for each in (confirmation, check, already)]
    assert pressed[-1] > 2
    assert len(written.entries()) == 1
    assert not fingers.confirmed
    fingers.load(check)
    page.locator("#add-compromise").focus()
    page.keyboard.press("Enter")
    page.locator("#confirmation").wait_for()
    expect(page.locator("#reason")).to_contain_text("keyCompromise")
    assert len(written.entries()) == 2
    visitor.leave()
