"""A person at a real browser, and a page that is really served."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, Page, Route
from werkzeug.serving import make_server

from pki_revocation.codes import grouped
from pki_revocation.numbers import grouped as grouped_number
from tests.pki_revocation.web.browsing.eyes import faults
from tests.subscribers import Subscriber

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_FORM = "application/x-www-form-urlencoded"


@contextmanager
def served(application: "WSGIApplication", port: int = 0) -> Iterator[str]:
    """Serve an application on a port, or on any that is free."""
    server = make_server("127.0.0.1", port, application, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


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
        self.measured: list[str] = []
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
        found = faults(self._mirror, modes=self.script)
        self.measured.append(name)
        if found:
            self.faults[name] = found

    def identify(self, address: str, subscriber: Subscriber) -> None:
        """Number and code, as somebody types them from a letter."""
        self.page.goto(f"{address}/revoke")
        self.page.locator("#number").fill(grouped_number(subscriber.number))
        self.page.locator("#code").fill(grouped(subscriber.code).lower())
        self.page.locator("#continue").click()
        self.page.locator("#certificate, #confirmation").wait_for()

    def confirm(self) -> None:
        """On from the reasons to the check, and there the one button; gives when the confirmation is shown."""
        self.page.locator("#continue").click()
        self.page.locator("#revoke").click()
        self.page.locator("#confirmation").wait_for()

    def send(self, address: str, *, method: str = "GET", body: str | None = None, **headers: str) -> int:
        """Go to an address as no link does, with that method and body; gives the status."""

        def changed(route: Route) -> None:
            sent = {**route.request.headers, **({} if body is None else {"content-type": _FORM}), **headers}
            route.continue_(method=method, post_data=body, headers=sent)

        self.page.route(address, changed, times=1)
        response = self.page.goto(address)
        if response is None:
            raise AssertionError(address)
        return response.status

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
