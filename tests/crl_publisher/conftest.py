"""A publisher of one issuer on the test's database and clock, where it publishes, and a small CRL for the gate."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crl_publisher.bootstrap import public_validity
from crl_publisher.config import CrlSettings, PublisherSettings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.timing import SettingsTiming
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.plan import Plan
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scope import FULL
from keys.identity import SigningIdentity
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import extension, generalized_time, object_identifier
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.crafted import Parts, entry, parts_of, reason_code
from tests.crl_publisher.plans import plan_of
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import issuance_of
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

SERIALS = (0x11, 0x22, 0x33)
HOUR = timedelta(hours=1)
INVALIDITY_DATE = object_identifier("2.5.29.24")


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
        public_validity=public_validity(CrlSettings()),
    )


@pytest.fixture
def issuance(
    database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet, settings: PublisherSettings
) -> CrlIssuance:
    """Publishes the issuer's CRLs."""
    return issuance_of(database, clock, one_key, outlet, timings=SettingsTiming(settings))


@pytest.fixture
def identity(one_key: OneKey, issuer: Issuer) -> SigningIdentity:
    """The CA's."""
    return one_key.crl_identity(issuer)


@pytest.fixture
def revoked_at(population: Population, clock: FakeClock) -> datetime:
    """Three certificates are revoked: without a reason, for keyCompromise with a date, and superseded."""
    population.issue(serials=SERIALS)
    now = clock.now()
    population.revoke(0x11)
    population.revoke(0x22, reason=RevocationReason.KEY_COMPROMISE, invalidity_date=now - HOUR)
    population.revoke(0x33, reason=RevocationReason.SUPERSEDED)
    return now


@pytest.fixture
def entries(revoked_at: datetime) -> list[bytes]:
    """Their entries as they should be."""
    invalidity = extension(INVALIDITY_DATE, generalized_time(revoked_at - HOUR))
    return [
        entry(0x11, revoked_at),
        entry(0x22, revoked_at, reason_code(1), invalidity),
        entry(0x33, revoked_at, reason_code(4)),
    ]


@pytest.fixture
def plan(population: Population, revoked_at: datetime) -> Plan:
    """A first CRL that covers the three."""
    return plan_of(population, FULL, covers=3)


@pytest.fixture
def parts(identity: SigningIdentity, plan: Plan, entries: list[bytes]) -> Parts:
    """The parts of a CRL that the gate lets through."""
    return parts_of(identity, plan.parameters, entries)
