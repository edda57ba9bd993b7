"""A publisher of one issuer on the test's database and clock, and the folder that it publishes into."""

from pathlib import Path

import pytest

from crl_publisher.config import CrlSettings, PublisherSettings
from crl_publisher.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.standing import standing_crls
from crl_publisher.timing import SettingsTiming
from pki_revocation.audit import AuditTrail
from pki_revocation.database import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publishing import issuance_of
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority


@pytest.fixture
def settings() -> PublisherSettings:
    """The publisher's settings as they come."""
    return PublisherSettings()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of published files."""
    return tmp_path / "published"


@pytest.fixture
def outlet(root: Path) -> DirectoryOutlet:
    """The outlet on that folder."""
    return DirectoryOutlet(root)


@pytest.fixture
def public_file(root: Path, issuer: Issuer) -> Path:
    """Where the issuer's CRL becomes public."""
    return root / "crl" / f"{issuer.name}.crl"


@pytest.fixture
def one_key(authority: CertificateAuthority, clock: FakeClock) -> OneKey:
    """The authority's key."""
    return OneKey(authority.key, authority.certificate, clock)


@pytest.fixture
def population(database: Database, issuer: Issuer, clock: FakeClock) -> Population:
    """The issuer's certificates."""
    return Population(database, issuer, clock)


@pytest.fixture
def book(database: Database, clock: FakeClock, settings: PublisherSettings) -> ScheduleBook:
    """The schedules of every issuer, seeded by the settings."""
    return ScheduleBook(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        seed=settings.schedule,
        needs_second_person=settings.second_person,
        standing=standing_crls(CrlSettings()),
    )


@pytest.fixture
def issuance(
    database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet, settings: PublisherSettings
) -> CrlIssuance:
    """Publishes the issuer's CRLs."""
    return issuance_of(database, clock, one_key, outlet, timings=SettingsTiming(settings))
