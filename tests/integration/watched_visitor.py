"""A person at Chromium, of whom everything is kept that would stand in an access log, and everything that came back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Page, Request, Response

from tests.chromium import chromium


@dataclass
class Traces:
    """*sent* is what servers, proxies and logs see of requests but for their bodies; *received* is every answer."""

    sent: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    def look(self, page: Page) -> None:
        """Keep a page as it stands, without what is being typed into its fields."""
        page.wait_for_load_state()
        self.received.append(f"{page.url} {page.title()} {page.content()}".encode())


@contextmanager
def watched_visitor(*, script: bool) -> Iterator[tuple[Page, Traces]]:
    """A window of a browser of its own; without *script* a page catches no typing error before it is sent."""
    traces = Traces()

    def left(request: Request) -> None:
        headers = [f"{name}: {value}" for name, value in request.headers.items()]
        traces.sent.append("\n".join([f"{request.method} {request.url}", *headers]))

    def came(response: Response) -> None:
        traces.received.append(repr(response.headers).encode())

    with chromium() as browser:
        context = browser.new_context(locale="nl", java_script_enabled=script)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", left)
        page.on("response", came)
        # What was typed into a field is not in it: this is the page as it was sent.
        page.on(
            "load", lambda loaded: traces.received.append((loaded.url + loaded.title() + loaded.content()).encode())
        )
        yield page, traces
