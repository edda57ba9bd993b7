"""Puts the publisher and the distribution service together: the one place that names what they are made of."""

from keys.keyring import Keyring
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.database import Database
from pki_revocation.http_server.application import Application
from pki_revocation.installation import Installation

from .config import CrlSettings, DistributionSettings, PublisherSettings
from .distribution import create_app
from .issuance import CrlIssuance
from .lease import Lease
from .outlets import DirectoryOutlet
from .published_files import PUBLISHED
from .publisher import Publisher
from .scheduling.book import ScheduleBook
from .standing import standing_crls


def outlet(installation: Installation) -> DirectoryOutlet:
    """The installation's folder of published files."""
    return DirectoryOutlet(installation.path(PUBLISHED))


def issuance(installation: Installation, database: Database) -> CrlIssuance:
    """Publishes CRLs with the installation's keys.

    Raises:
        ConfigurationError: when [publisher] or [keys] is wrong.
    """
    clock = SystemClock()
    return CrlIssuance(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        keys=Keyring.open(installation, clock),
        outlet=outlet(installation),
        timings=book(installation, database),
        settings=installation.section(CrlSettings),
        public_url=installation.section(DistributionSettings).public_url,
        spool=installation.directory,
    )


def lease(installation: Installation, database: Database) -> Lease:
    """The publishers' lease, as this process would hold it."""
    return Lease(database=database, clock=SystemClock(), length=installation.section(PublisherSettings).lease)


def book(installation: Installation, database: Database) -> ScheduleBook:
    """The schedules of every issuer.

    Raises:
        ConfigurationError: when [publisher] is wrong.
    """
    clock = SystemClock()
    settings = installation.section(PublisherSettings)
    return ScheduleBook(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        seed=settings.schedule,
        needs_second_person=settings.second_person,
        standing=standing_crls(installation.section(CrlSettings)),
    )


def publisher(installation: Installation, database: Database) -> Publisher:
    """The running publisher.

    Raises:
        ConfigurationError: when [publisher] or [keys] is wrong.
    """
    clock = SystemClock()
    return Publisher(
        database=database,
        clock=clock,
        book=book(installation, database),
        issuance=issuance(installation, database),
        outlet=outlet(installation),
        lease=lease(installation, database),
        settings=installation.section(PublisherSettings),
        signs=Keyring.open(installation, clock).signs_crls_for,
    )


def application(installation: Installation) -> Application:
    """The distribution service's application."""
    settings = installation.section(PublisherSettings)
    wsgi = create_app(installation.path(PUBLISHED), clock=SystemClock(), promise=settings.publish_within)
    return Application(wsgi=wsgi)
