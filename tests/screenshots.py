"""`make screenshots`: pictures of every page, of a demo of its own, in both languages and two widths."""

import io
import re
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from pki_revocation.clock import iso
from tests.chromium import chromium
from tests.integration.running_demo import RunningDemo, free_port_base, program

_WIDTHS = {"wide": 1280, "narrow": 320}
# What the confirmation says once the CRL has it, in either language.
_LISTED = re.compile(r"(intrekkingslijst|revocation list) \(CRL (nummer|number) \d")


def main(folder: Path) -> None:
    """Take them all into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        demo = RunningDemo(
            directory=Path(temporary) / "demo", arguments=["--certificates", "4", "--port-base", str(free_port_base())]
        ).start()
        try:
            place = 0
            for language in ("nl", "en"):
                for width in _WIDTHS:
                    _revocation(browser, demo, place, folder, language, width)
                    place += 1
            _closed(browser, demo, folder)
            _console(browser, demo, folder)
        finally:
            demo.stop()


def _revocation(browser: Browser, demo: RunningDemo, place: int, folder: Path, language: str, width: str) -> None:
    """The whole way of one revocation, a picture a page."""
    page = browser.new_context(viewport={"width": _WIDTHS[width], "height": 800}, locale=language).new_page()

    def keep(name: str) -> None:
        _keep(page, folder / f"{name}-{language}-{width}.webp")

    page.goto(demo.contract["revocation_url"])
    keep("1-number-and-code")
    page.locator("#number").fill("1234 5678 901")
    page.locator("#continue").click()
    page.locator("#form-errors").wait_for()
    keep("2-typing-error")
    entry = demo.certificate(place)
    page.locator("#number").fill(entry["number"])
    page.locator("#code").fill(entry["code"])
    _click(page, "#continue")
    keep("3-certificate-and-reason")
    page.locator("#reason-key-compromise").check()
    for part, typed in (("day", "1"), ("month", "1"), ("year", "2020")):
        page.locator(f"#compromised-{part}").fill(typed)
    _click(page, "#continue")
    page.locator("#compromised-older").check()
    keep("3-key-not-safe")
    _click(page, "#continue")
    keep("4-check-your-answers")
    page.go_back()
    page.locator("#reason-replaced").check()
    _click(page, "#continue")
    _click(page, "#revoke")
    page.locator("#visible[data-settled]").wait_for(state="attached")
    page.locator("#visible li").filter(has_text=_LISTED).first.wait_for(state="attached")  # the page refreshes this
    keep("5-confirmation")
    page.locator("#for-administrators summary").click()
    keep("5-confirmation-for-administrators")
    page.goto(demo.contract["revocation_url"])
    page.locator("#number").fill(entry["number"])
    page.locator("#code").fill(entry["code"])
    _click(page, "#continue")
    keep("6-already-revoked")
    _click(page, "#report-compromise")
    keep("6-check-a-reason")


def _closed(browser: Browser, demo: RunningDemo, folder: Path) -> None:
    """The page in maintenance."""
    until = iso(datetime.now(UTC) + timedelta(hours=2))
    options = ["--until", until, "--message", "Wij werken aan deze pagina.", "--message-en", "We work on this page."]
    done = program("maintenance", "on", *options, "--directory", demo.directory)
    if done.returncode:
        raise AssertionError(done.stderr)
    for language in ("nl", "en"):
        for width, pixels in _WIDTHS.items():
            page = browser.new_context(viewport={"width": pixels, "height": 800}, locale=language).new_page()
            page.goto(demo.contract["revocation_url"])
            _keep(page, folder / f"7-closed-{language}-{width}.webp")


def _console(browser: Browser, demo: RunningDemo, folder: Path) -> None:
    page = browser.new_context(viewport={"width": _WIDTHS["wide"], "height": 800}).new_page()
    page.goto(demo.contract["console_url"])
    _keep(page, folder / "console.webp")


def _keep(page: Page, path: Path) -> None:
    """The whole page, in the 64 colours that flat pages make do with, without further loss."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True, animations="disabled")))
    flat = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).convert("RGB")
    flat.save(path, lossless=True, method=6)


def _click(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.locator(button).click()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
