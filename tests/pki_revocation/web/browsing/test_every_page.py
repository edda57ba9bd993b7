"""Every page that is not on the straight way: what went wrong, what is over, and what is shown when nothing works."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from werkzeug.middleware.shared_data import SharedDataMiddleware

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.register.maintenance import Maintenance, close_page
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from pki_revocation.web.availability import Availability
from pki_revocation.web.fallback_files import export_fallback
from pki_revocation.web.receipt_check import TrustedRoots
from tests.crl_publisher.installations import free_ports
from tests.fakes import FakeClock
from tests.pki_revocation.web.browsing.conftest import CONTACT
from tests.pki_revocation.web.browsing.visitor import Visitor, served
from tests.pki_revocation.web.conftest import SESSION_KEY, BrokenClock
from tests.receipts import Register
from tests.subscribers import Subscriber

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Dutch, whose words are longer, on the narrow screen; English on the wide one, with text twice as large too.
SEEN = [("nl", 320), ("en", 1280)]


@pytest.fixture(
    params=[
        pytest.param(SEEN[0], id="nl-320"),
        pytest.param(SEEN[1], id="en-1280", marks=pytest.mark.long),
    ]
)
def visitor(chromium: Browser, request: pytest.FixtureRequest) -> Visitor:
    """Somebody who looks at every page."""
    language, width = request.param
    return Visitor(chromium, language=language, width=width)


def wrong_code(visitor: Visitor, address: str, subscriber: Subscriber) -> None:
    """A code that could be right, for a number that exists."""
    visitor.page.goto(f"{address}/revoke")
    visitor.page.locator("#number").fill(subscriber.number)
    visitor.page.locator("#code").fill(new_code(CodeScheme.ARGON2ID))
    visitor.page.locator("#continue").click()


def test_after_a_right_code(visitor: Visitor, address: str, subscriber: Subscriber, clock: FakeClock) -> None:
    """An expired certificate, a key that turned out unsafe, a repeat, and a confirmation that is over."""
    page = visitor.page
    clock.advance(timedelta(days=400))
    visitor.identify(address, subscriber)
    visitor.look("expired")
    clock.advance(timedelta(days=-400))
    visitor.identify(address, subscriber)
    page.locator("#cancel").click()
    page.locator("#go-on").wait_for()
    visitor.look("nothing revoked")
    page.locator("#home").click()
    page.locator("#unfinished").wait_for()
    visitor.look("first page, with something unfinished")
    page.locator("#go-on").click()
    page.locator("#reasons").wait_for()
    other = Visitor(page.context.browser, language="en", width=1280)  # type: ignore[arg-type] # it has one
    other.identify(address, subscriber)
    page.locator("#continue").click()
    other.page.locator("#reason-replaced").check()
    other.page.locator("#continue").click()
    page.locator("#revoke").click()
    page.locator("#visible").wait_for(state="attached")
    other.page.locator("#revoke").click()
    other.page.locator("#not-recorded").wait_for()
    other.look("choice that was not recorded")
    other.leave()
    assert other.faults == {}
    visitor.identify(address, subscriber)
    visitor.look("already revoked, with a question")
    page.locator("#compromised-day").fill("31")
    page.locator("#report-compromise").click()
    expect(page.locator("#form-errors")).to_be_focused()
    visitor.look("already revoked, with an impossible date")
    page.locator("#compromised-day").fill("")
    page.locator("#report-compromise").click()
    page.locator("#add-compromise").wait_for()
    visitor.look("check of a reason to add")
    page.locator("#add-compromise").click()
    page.locator("#visible").wait_for(state="attached")
    visitor.look("reason added")
    receipt = page.locator("#receipt").get_attribute("href") or ""
    visitor.identify(address, subscriber)
    visitor.look("a repeat")
    clock.advance(timedelta(days=31))
    assert visitor.send(receipt) == 410
    visitor.look("confirmation that is over")
    visitor.leave()

    assert visitor.faults == {}
    assert len(visitor.measured) == 9


def test_what_is_refused(visitor: Visitor, address: str, subscriber: Subscriber, clock: FakeClock) -> None:
    """Wrong codes until there are too many, foreign forms, and requests that no link sends."""
    wrong_code(visitor, address, subscriber)
    expect(visitor.page.locator("#form-errors")).to_be_focused()
    visitor.look("not recognised")
    for _ in range(LimitSettings().per_number - 1):
        wrong_code(visitor, address, subscriber)
    expect(visitor.page.locator("#again")).to_be_visible()
    visitor.look("429")
    pages = {
        "400": ("/revoke", {"method": "POST", "body": "number=1"}),
        "404": ("/niets", {}),
        "405": ("/revoke", {"method": "DELETE"}),
        "413": ("/revoke", {"method": "POST", "body": "number=" + "1" * 5000}),
    }
    for status, (path, how) in pages.items():
        assert visitor.send(address + path, **how) == int(status)
        visitor.look(status)
    assert visitor.send(f"{address}/form?number=123456789012") == 400
    visitor.look("form with a mistyped number")
    visitor.leave()

    assert visitor.faults == {}
    assert len(visitor.measured) == 7


def test_when_the_page_is_closed(
    visitor: Visitor, service: RevocationService, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """Maintenance, an outage, a mistake of ours, and the files that a web server in front shows."""
    export_fallback(tmp_path / "fallback", CONTACT)
    until = clock.now() + timedelta(hours=3)
    with database.write() as connection:
        close_page(connection, Maintenance(since=clock.now(), until=until, message="Wij werken.", message_en="Works."))

    def application(availability: Availability) -> Flask:
        services = PageServices(contact=CONTACT, availability=availability)
        return create_app(
            service=service, settings=WebSettings(), session_key=SESSION_KEY, clock=clock, services=services
        )

    closed = application(Availability(database, clock))
    pages: dict[str, tuple[WSGIApplication, str, int]] = {
        "maintenance": (closed, "/intrekken", 503),
        "outage": (application(Availability(Database(f"sqlite:///{tmp_path}/gone"), clock)), "/revoke", 503),
        "mistake": (application(Availability(database, BrokenClock(clock.now()))), "/revoke", 500),
        "files": (SharedDataMiddleware(closed, {"/fallback": str(tmp_path / "fallback")}), "/fallback/index.html", 200),
    }
    for name, (app, path, status) in pages.items():
        with served(app) as address:
            assert visitor.send(address + path) == status
            visitor.look(name)
    visitor.leave()

    assert visitor.faults == {}
    assert len(visitor.measured) == len(pages)


def test_checking_a_receipt(visitor: Visitor, service: RevocationService, clock: FakeClock, tmp_path: Path) -> None:
    """Before a file is given, after a genuine one, after a forged one, and after what is no receipt."""
    register = Register(clock.now())
    (port,) = free_ports(1)
    app = create_app(
        service=service,
        settings=WebSettings(public_url=f"http://127.0.0.1:{port}"),
        session_key=SESSION_KEY,
        clock=clock,
        services=PageServices(roots=TrustedRoots(anchors=[register.root.certificate])),
    )
    files = {
        "genuine": register.receipt(),
        "forged": Register(clock.now(), register.certificate).receipt(),
        "no receipt": b"hello",
    }
    with served(app, port) as url:
        visitor.page.goto(f"{url}/receipt/verify")
        visitor.look("check a receipt")
        for name, octets in files.items():
            (tmp_path / "receipt.pdf").write_bytes(octets)
            visitor.page.locator("#receipt").set_input_files(tmp_path / "receipt.pdf")
            # The check is a process of its own, which takes a second of the processor.
            visitor.page.locator("#check-receipt").click(timeout=60_000)
            visitor.page.locator("#verdict, #form-errors").wait_for(timeout=60_000)
            visitor.look(name)
        visitor.leave()

    assert visitor.faults == {}
    assert len(visitor.measured) == 4
