"""`make screenshots`: pictures of every page, of a demo of its own, in both languages and two widths."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.running_demo import RunningDemo, free_port_base

_WIDTHS = {"wide": 1280, "narrow": 320}
_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip


def main(folder: Path) -> None:
    """Take them all into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        demo = RunningDemo(
            directory=Path(temporary) / "demo", arguments=["--certificates", "4", "--port-base", str(free_port_base())]
        ).start()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_OPTIONS)
        try:
            place = 0
            for language in ("nl", "en"):
                for width in _WIDTHS:
                    _revocation(browser, demo, place, folder, language, width)
                    place += 1
            _console(browser, demo, folder)
        finally:
            browser.close()
            demo.stop()


def _revocation(browser: Browser, demo: RunningDemo, place: int, folder: Path, language: str, width: str) -> None:
    """The whole way of one revocation, a picture a page."""
    page = browser.new_context(viewport={"width": _WIDTHS[width], "height": 800}, locale=language).new_page()

    def keep(name: str) -> None:
        page.screenshot(path=folder / f"{name}-{language}-{width}.png", full_page=True)

    page.goto(demo.contract["revocation_url"])
    keep("1-number-and-code")
    page.locator("#number").fill("1234 5678 9011")
    page.locator("#continue").click()
    page.locator("#complaints").wait_for()
    keep("2-typing-error")
    entry = demo.certificate(place)
    page.locator("#number").fill(entry["number"])
    page.locator("#code").fill(entry["code"])
    _click(page, "#continue")
    keep("3-check-and-confirm")
    page.locator("#reason-key-compromise").check()
    keep("3-key-not-safe")
    _click(page, "#revoke")
    page.locator("#visible[data-settled]").wait_for()
    page.wait_for_timeout(4000)  # the page refreshes what others see
    keep("4-confirmation")


def _console(browser: Browser, demo: RunningDemo, folder: Path) -> None:
    page = browser.new_context(viewport={"width": _WIDTHS["wide"], "height": 800}).new_page()
    page.goto(demo.contract["console_url"])
    page.screenshot(path=folder / "console.png", full_page=True)


def _click(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.locator(button).click()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
