"""Debian's Chromium, and the page really served, with everything that can be set.

What the pages do does not hang on the kind of database, which the tests beside this folder vary: here it is SQLite.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.proof.addresses import ServiceAddress
from pki_revocation.proof.gathering import EvidenceCollector
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from tests.chromium import chromium
from tests.crl_publisher.installations import free_ports
from tests.fakes import FakeClock
from tests.pki_revocation.web.browsing.visitor import served
from tests.pki_revocation.web.conftest import SESSION_KEY

NOWHERE = ServiceAddress(public="http://127.0.0.1:9", here="http://127.0.0.1:9")
CONTACT = ContactSettings(
    organisation="CIBG",
    post="CIBG ZOVAR\nPostbus 16114\n2500 BC Den Haag",
    email="servicedesk@register.example.nl",
    phone="070 340 60 20",
    hours="Op werkdagen van 8 tot 18 uur",
    hours_en="On working days from 8 to 18",
    emergency_phone="070 340 60 21",
    cps_url="https://register.example/cps",
    privacy_url="https://register.example/privacy",
    accessibility_url="https://register.example/toegankelijkheid",
    new_certificate_url="https://register.example/aanvragen",
)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone: what people see does not depend on the database."""
    return sqlite_database


@pytest.fixture
def address(service: RevocationService, database: Database, clock: FakeClock) -> Iterator[str]:
    """Where the page is really served, which its links know."""
    (port,) = free_ports(1)
    settings = WebSettings(public_url=f"http://127.0.0.1:{port}")
    services = PageServices(
        contact=CONTACT, collector=EvidenceCollector(database=database, ocsp=NOWHERE, distribution=NOWHERE)
    )
    app = create_app(service=service, settings=settings, session_key=SESSION_KEY, clock=clock, services=services)
    with served(app, port) as url:
        yield url


@pytest.fixture(scope="module", name="chromium")
def one_chromium() -> Iterator[Browser]:
    """One browser for a file's tests."""
    with chromium() as browser:
        yield browser
