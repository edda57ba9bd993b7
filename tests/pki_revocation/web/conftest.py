"""The subscriber's application on the test's service and clock, over plain http and as behind an https proxy."""

from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer, JournalEntry
from pki_revocation.service import RevocationService
from pki_revocation.web.app import create_app
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser

SESSION_KEY = "5e55" * 16


class Journal:
    """What the issuer's journal holds now."""

    def __init__(self, database: Database, issuer: Issuer) -> None:
        """Read from *database* each time."""
        self._database = database
        self._issuer = issuer

    def entries(self) -> list[JournalEntry]:
        """All rows."""
        with self._database.read() as connection:
            return list(journal.entries_after(connection, self._issuer.id, 0))


@pytest.fixture
def written(database: Database, issuer: Issuer) -> Journal:
    """The journal, to look at."""
    return Journal(database, issuer)


@pytest.fixture
def app(service: RevocationService, clock: FakeClock) -> Flask:
    """As the demo runs it: plain http on loopback."""
    return create_app(service=service, settings=WebSettings(), session_key=SESSION_KEY, clock=clock)


@pytest.fixture
def secure_app(service: RevocationService, clock: FakeClock) -> Flask:
    """As it runs behind an https proxy."""
    settings = WebSettings(public_url="https://intrekken.example")
    return create_app(service=service, settings=settings, session_key=SESSION_KEY, clock=clock)


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A visitor who reads English."""
    return Browser(app)


@pytest.fixture
def bare_browser(bare_app: Flask) -> Browser:
    """A visitor who reads English, of the application without a database."""
    return Browser(bare_app)


@pytest.fixture
def unreachable_service(tmp_path: Path, clock: FakeClock, verifier: CodeVerifier) -> RevocationService:
    """The service while its database does not answer."""
    lost = Database(f"sqlite:///{tmp_path}/gone/revocation.db")
    return RevocationService(database=lost, clock=clock, audit=AuditTrail(clock), verifier=verifier)


@pytest.fixture
def unreachable_app(unreachable_service: RevocationService, clock: FakeClock) -> Flask:
    """The application while its database does not answer."""
    return create_app(service=unreachable_service, settings=WebSettings(), session_key=SESSION_KEY, clock=clock)


@pytest.fixture
def bare_secure_app(unreachable_service: RevocationService, clock: FakeClock) -> Flask:
    """The application behind https for what it answers before it asks any database."""
    settings = WebSettings(public_url="https://intrekken.example")
    return create_app(service=unreachable_service, settings=settings, session_key=SESSION_KEY, clock=clock)


@pytest.fixture
def bare_app(unreachable_app: Flask) -> Flask:
    """The application for what it answers before it asks any database."""
    return unreachable_app


class BrokenClock(FakeClock):
    """A clock that fails in a way that nobody foresaw."""

    def now(self) -> datetime:
        """Fail."""
        raise RuntimeError("secret inside")


@pytest.fixture
def broken_app(database: Database, clock: FakeClock, verifier: CodeVerifier) -> Flask:
    """The application with a mistake in it."""
    broken = BrokenClock(clock.now())
    service = RevocationService(database=database, clock=broken, audit=AuditTrail(broken), verifier=verifier)
    return create_app(service=service, settings=WebSettings(), session_key=SESSION_KEY, clock=broken)
