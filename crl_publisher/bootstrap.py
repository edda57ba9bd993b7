"""Puts the publisher together: the one place that names what it is made of."""

from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from crl_publisher.distribution.bootstrap import max_age
from crl_publisher.gate.lints import require_lints
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.shards import complete_scopes
from crl_publisher.offline.alarms import OfflineAlarms
from crl_publisher.offline.installing import CrlInstaller
from crl_publisher.offline.requesting import SigningRequests
from crl_publisher.outlets.published_files import PUBLISHED
from crl_publisher.publishing.attendance import Attendance
from crl_publisher.publishing.delegating import DelegateIssuanceWorker
from crl_publisher.publishing.observation import Observer
from crl_publisher.publishing.publisher import Publisher
from keys.delegation.issuing import DelegateIssuer
from keys.keyring import Keyring
from keys.signing_audit import SigningAudit
from pki_revocation.audit import AuditTrail
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.model import Issuer
from pki_revocation.register.service_failures import FailureRecord
from pki_revocation.runtime.clock_keeping import open_clock

from .config import CrlSettings, DistributionSettings, PublisherSettings
from .outlets import DirectoryOutlet, Outlet
from .outlets.mirrors import Mirrors
from .probe.probing import Probe
from .probe.settings import ProbeSettings
from .public_crl import PublicCrls
from .published import last_published
from .scheduling.book import ScheduleBook
from .scheduling.coverage import PublicValidity
from .scope import Scope

# What the publisher's failures are kept under.
PUBLISHER = "publisher"


def outlet(installation: Installation) -> DirectoryOutlet:
    """The installation's folder of published files."""
    return DirectoryOutlet(installation.path(PUBLISHED))


def mirrors(installation: Installation, database: Database) -> Mirrors:
    """The outlets that follow that folder.

    Raises:
        ConfigurationError: when an [outlets.NAME] is wrong.
    """
    return Mirrors.configured(installation, database, open_clock(database), max_age(installation, database).of_copies)


def probe(installation: Installation, database: Database) -> Probe:
    """The probe of the public addresses.

    Raises:
        ConfigurationError: when [probe], [crl], [publisher] or [distribution] is wrong.
    """
    clock = open_clock(database)
    publishing = issuance(installation, database)
    timings = book(installation, database)

    def scopes_of(connection: Connection, issuer: Issuer) -> Iterator[Scope]:
        has_deltas = timings.in_force(connection, issuer, clock.now()).has_deltas
        for scope in publishing.scopes(connection, issuer):
            yield scope
            if has_deltas:
                yield scope.delta

    return Probe(
        database=database,
        clock=clock,
        public_url=installation.section(DistributionSettings).public_url,
        scopes_of=scopes_of,
        settings=installation.section(ProbeSettings),
    )


def issuance(installation: Installation, database: Database, public: Outlet | None = None) -> CrlIssuance:
    """Publishes CRLs with the installation's keys; *public* is where, which without it is the folder alone.

    Raises:
        ConfigurationError: when [publisher] or [keys] is wrong.
    """
    clock = open_clock(database)
    return CrlIssuance(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        keys=Keyring.open(installation, clock),
        outlet=public or outlet(installation),
        timings=book(installation, database),
        settings=installation.section(CrlSettings),
        public_url=installation.section(DistributionSettings).public_url,
        spool=installation.directory,
    )


def requesting(installation: Installation, database: Database) -> SigningRequests:
    """Makes CRL signing requests.

    Raises:
        ConfigurationError: when a section is wrong.
    """
    clock = open_clock(database)
    return SigningRequests(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        issuance=issuance(installation, database),
        settings=installation.section(CrlSettings),
    )


def installing(installation: Installation, database: Database) -> CrlInstaller:
    """Makes CRLs public that were signed elsewhere.

    Raises:
        ConfigurationError: when a section is wrong.
    """
    clock = open_clock(database)
    return CrlInstaller(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        issuance=issuance(installation, database),
        settings=installation.section(CrlSettings),
    )


def lease(installation: Installation, database: Database) -> Lease:
    """The publishers' lease, as this process would hold it."""
    return Lease(
        name="crl-publisher",
        database=database,
        clock=open_clock(database),
        length=installation.section(PublisherSettings).lease,
    )


def book(installation: Installation, database: Database) -> ScheduleBook:
    """The schedules of every issuer.

    Raises:
        ConfigurationError: when [publisher] is wrong.
    """
    clock = open_clock(database)
    settings = installation.section(PublisherSettings)
    return ScheduleBook(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        seed=settings.schedule,
        needs_second_person=settings.second_person,
        public_validity=public_validity(installation.section(CrlSettings)),
    )


def publisher(
    installation: Installation, database: Database, held: Lease | None = None, public: Outlet | None = None
) -> Publisher:
    """The running publisher; others may know its lease, *held*, and its outlet, *public*.

    Raises:
        ConfigurationError: when [publisher] or [keys] is wrong.
        ExtraMissing: when the lints that [crl] asks for are not installed.
    """
    clock = open_clock(database)
    require_lints(installation.section(CrlSettings).lint)
    publishing = issuance(installation, database, public)
    return Publisher(
        database=database,
        lease=held or lease(installation, database),
        attendance=Attendance(
            database=database,
            book=book(installation, database),
            issuance=publishing,
            observer=observer(installation, database),
        ),
        signs=Keyring.open(installation, clock).signs_crls_for,
        offline_alarms=OfflineAlarms(
            database=database,
            clock=clock,
            issuance=publishing,
            notice=installation.section(CrlSettings).elsewhere_notice,
        ),
        record=FailureRecord(database, clock, PUBLISHER),
    )


def observer(installation: Installation, database: Database) -> Observer:
    """What is known of CRLs whose keys are here, as the publisher and `doctor` judge it.

    Raises:
        ConfigurationError: when [publisher] or [crl] is wrong.
    """
    return Observer(
        database=database,
        clock=open_clock(database),
        book=book(installation, database),
        public=PublicCrls(outlet(installation), database),
        size_limit=installation.section(CrlSettings).size_limit,
    )


def delegating(installation: Installation, database: Database) -> DelegateIssuanceWorker:
    """The worker that issues OCSP responders their certificates.

    Raises:
        ConfigurationError: when [keys] is wrong.
    """
    clock = open_clock(database)
    keyring = Keyring.open(installation, clock)
    signing_audit = SigningAudit(database=database, audit=AuditTrail(clock))
    issuing = DelegateIssuer(database=database, clock=clock, keyring=keyring, signing_audit=signing_audit)
    return DelegateIssuanceWorker(database=database, issuing=issuing, signs=keyring.signs_crls_for)


def public_validity(settings: CrlSettings) -> Callable[[Connection, Issuer], tuple[PublicValidity, ...]]:
    """A function that gives the last complete CRL of each of an issuer's scopes.

    One that is good for ever is left out: no schedule can harm it.
    """

    def public_validity(connection: Connection, issuer: Issuer) -> tuple[PublicValidity, ...]:
        found = (last_published(connection, issuer, scope) for scope in complete_scopes(connection, issuer, settings))
        return tuple(
            PublicValidity(published_at=crl.published_at, this_update=crl.this_update, next_update=crl.next_update)
            for crl in found
            if crl is not None and not crl.is_last
        )

    return public_validity
