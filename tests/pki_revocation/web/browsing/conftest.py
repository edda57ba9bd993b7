"""Debian's Chromium, and the page really served.

What the pages do does not hang on the kind of database, which the tests beside this folder vary: here it is SQLite.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.service import RevocationService
from pki_revocation.web.app import create_app
from tests.chromium import chromium
from tests.crl_publisher.installations import free_ports
from tests.fakes import FakeClock
from tests.pki_revocation.web.browsing.visitor import served
from tests.pki_revocation.web.conftest import SESSION_KEY


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone: what people see does not depend on the database."""
    return sqlite_database


@pytest.fixture
def address(service: RevocationService, clock: FakeClock) -> Iterator[str]:
    """Where the page is really served, which its links know."""
    (port,) = free_ports(1)
    settings = WebSettings(public_url=f"http://127.0.0.1:{port}")
    with served(create_app(service=service, settings=settings, session_key=SESSION_KEY, clock=clock), port) as url:
        yield url


@pytest.fixture(scope="module", name="chromium")
def one_chromium() -> Iterator[Browser]:
    """One browser for a file's tests."""
    with chromium() as browser:
        yield browser
