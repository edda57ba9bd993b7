"""Puts the publisher and the distribution service together: the one place that names what they are made of."""

from keys.keyring import Keyring
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.database import Database
from pki_revocation.http_server.application import Application
from pki_revocation.installation import Installation

from .config import CrlSettings, DistributionSettings, PublisherSettings
from .distribution import create_app
from .elsewhere.installing import Installing
from .elsewhere.requesting import Requesting
from .elsewhere.watch import ElsewhereWatch
from .issuance import CrlIssuance
from .lease import Lease
from .outlets import DirectoryOutlet
from .published_files import PUBLISHED
from .schedule import PublicationSchedule
from .timing import SettingsTiming


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
        timings=SettingsTiming(installation.section(PublisherSettings)),
        settings=installation.section(CrlSettings),
        public_url=installation.section(DistributionSettings).public_url,
        spool=installation.directory,
    )


def requesting(installation: Installation, database: Database) -> Requesting:
    """Makes CRL signing requests.

    Raises:
        ConfigurationError: when a section is wrong.
    """
    clock = SystemClock()
    return Requesting(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        issuance=issuance(installation, database),
        settings=installation.section(CrlSettings),
    )


def installing(installation: Installation, database: Database) -> Installing:
    """Makes CRLs public that were signed elsewhere.

    Raises:
        ConfigurationError: when a section is wrong.
    """
    clock = SystemClock()
    return Installing(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        issuance=issuance(installation, database),
        settings=installation.section(CrlSettings),
    )


def lease(installation: Installation, database: Database) -> Lease:
    """The publishers' lease, as this process would hold it."""
    return Lease(database=database, clock=SystemClock(), length=installation.section(PublisherSettings).lease)


def schedule(installation: Installation, database: Database) -> PublicationSchedule:
    """The running publisher.

    Raises:
        ConfigurationError: when [publisher] or [keys] is wrong.
    """
    clock = SystemClock()
    issues = issuance(installation, database)
    return PublicationSchedule(
        database=database,
        clock=clock,
        issuance=issues,
        outlet=outlet(installation),
        lease=lease(installation, database),
        settings=installation.section(PublisherSettings),
        signs=Keyring.open(installation, clock).signs_crls_for,
        elsewhere=ElsewhereWatch(
            database=database,
            clock=clock,
            issuance=issues,
            notice=installation.section(CrlSettings).elsewhere_notice,
        ),
    )


def application(installation: Installation) -> Application:
    """The distribution service's application."""
    settings = installation.section(PublisherSettings)
    wsgi = create_app(installation.path(PUBLISHED), clock=SystemClock(), promise=settings.publish_within)
    return Application(wsgi=wsgi)
