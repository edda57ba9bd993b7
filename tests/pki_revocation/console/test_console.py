"""The operators' overview: what it shows, and that it changes nothing."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select
from werkzeug.test import Client

from pki_revocation.config.installation import CONFIG_NAME, Installation
from pki_revocation.console.app import create_app
from pki_revocation.console.bootstrap import application
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crls, issuers
from pki_revocation.model import Channel, Issuer, serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.subscribers import Subscriber

STOPPED = RevocationRequest(reason=RevocationReason.CESSATION_OF_OPERATION, channel=Channel.POST)
COMPROMISED = RevocationRequest(reason=RevocationReason.KEY_COMPROMISE, channel=Channel.OPERATOR)


@pytest.fixture
def app(database: Database, clock: FakeClock) -> Flask:
    """The console on the test's database."""
    return create_app(database=database, clock=clock)


def publish(database: Database, issuer: Issuer, clock: FakeClock, number: int, *, published: bool = True) -> None:
    """Write down a CRL as the publisher does; unpublished ones only have their number."""
    now = clock.now()
    values = {
        "this_update": now,
        "next_update": now + timedelta(hours=1),
        "covers_sequence": 3,
        "entries": 1234,
        "size": 49_000_000,
        "published_at": now,
    }
    with database.write() as connection:
        connection.execute(
            insert(crls).values(
                issuer_id=issuer.id, scope="full", number=number, reserved_at=now, **(values if published else {})
            )
        )


def test_empty_register_has_an_overview(app: Flask) -> None:
    """Before there is anything, the page says what to do first."""
    answer = app.test_client().get("/")

    assert answer.status_code == 200
    assert "issuer add" in answer.text
    assert "Nothing has been revoked yet." in answer.text
    assert "No CRL has been published yet." in answer.text


def test_overview_shows_issuers_and_revocations(
    app: Flask, service: RevocationService, subscriber: Subscriber, clock: FakeClock
) -> None:
    """Counts, the journal's sequence, and each row with its reason, channel and reference."""
    first = service.revoke_for_operator(None, subscriber.certificate.serial, STOPPED)
    clock.advance(timedelta(minutes=1))
    raised = service.revoke_for_operator(None, subscriber.certificate.serial, COMPROMISED)

    text = app.test_client().get("/").text

    assert "issuing (default)" in text
    assert _figures(text, "issuers") == ["1", "1", "2"]
    for shown in (
        "Zorg BV",
        serial_text(subscriber.certificate.serial),
        "cessationOfOperation",
        "keyCompromise (raised)",
        first.entry.reference,
        raised.entry.reference,
        "2026-11-23 14:03:22Z",
    ):
        assert shown in text
    assert text.index(raised.entry.reference) < text.index(first.entry.reference)


def test_overview_shows_the_latest_twenty(
    app: Flask,
    service: RevocationService,
    subscriber: Subscriber,
    database: Database,
    authority: CertificateAuthority,
    clock: FakeClock,
) -> None:
    """Twenty rows over all issuers, newest first, and no more."""
    with database.write() as connection:
        add_issuer(connection, name="second", certificate=authority.certificate, is_default=False, clock=clock)
    references = []
    for serial in _import_serials(database, clock, 24):
        clock.advance(timedelta(seconds=1))
        name = "issuing" if serial % 2 else "second"
        references.append(service.revoke_for_operator(name, serial, STOPPED).entry.reference)

    text = app.test_client().get("/").text

    assert [reference for reference in reversed(references) if reference in text] == references[:3:-1]


def test_overview_shows_published_crls(app: Flask, database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Published ones alone; the newest is marked when its nextUpdate has passed, and older ones are not."""
    publish(database, issuer, clock, 1795442600)
    clock.advance(timedelta(minutes=30))
    publish(database, issuer, clock, 1795444400)
    publish(database, issuer, clock, 1795444401, published=False)

    text = app.test_client().get("/").text
    assert text.index("1795444400") < text.index("1795442600")
    assert "1795444401" not in text
    assert "49,000,000" in text
    assert "2026-11-23 15:33:22Z" in text
    assert "overdue" not in text

    clock.advance(timedelta(hours=1, seconds=1))
    assert app.test_client().get("/").text.count("overdue</strong>") == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(app: Flask, method: str) -> None:
    """It is there to read."""
    answer = app.test_client().open("/", method=method)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1:8461", 200), ("localhost:8461", 200), ("rebound.example:8461", 400)]
)
def test_only_loopback_names_are_answered(app: Flask, host: str, status: int) -> None:
    """A name of somebody else's that leads to loopback reads nothing."""
    answer = app.test_client().get("/", headers={"Host": host})
    assert answer.status_code == status
    assert ("Issuers" in answer.text) is (status == 200)


@pytest.mark.parametrize("path", ["/", "/nothing", "/static/console.css"])
def test_security_headers_are_there(app: Flask, path: str) -> None:
    """The same as the subscriber's page has."""
    answer = app.test_client().get(path, buffered=True)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_outage_is_said(tmp_path: Path, clock: FakeClock) -> None:
    """While the database does not answer: 503, and nothing about where it is."""
    app = create_app(database=Database(f"sqlite:///{tmp_path}/gone/revocation.db"), clock=clock)
    answer = app.test_client().get("/")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "revocation.db" not in answer.text


def test_installation_becomes_a_console(tmp_path: Path) -> None:
    """The application is made out of the folder alone."""
    (tmp_path / CONFIG_NAME).write_text("", "utf-8")
    installation = Installation.open(tmp_path)
    with installation.database() as database:
        database.upgrade()

    assert Client(application(installation).wsgi).get("/").status_code == 200


def _figures(text: str, table: str) -> list[str]:
    body = text.partition(f'<table id="{table}">')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    return [cell.partition("<")[0] for cell in body.split('<td class="figure">')[1:]]


def _import_serials(database: Database, clock: FakeClock, count: int) -> list[int]:
    with database.write() as connection:
        ids = {row.name: row.id for row in connection.execute(select(issuers.c.id, issuers.c.name))}
        for serial in range(1, count + 1):
            connection.execute(
                insert(certificates).values(
                    issuer_id=ids["issuing" if serial % 2 else "second"],
                    serial=serial,
                    subject=f"CN={serial}",
                    organisation="",
                    not_after=clock.now() + timedelta(days=100),
                    imported_at=clock.now(),
                )
            )
    return list(range(1, count + 1))
