"""The publisher as a process: the one that uses the CA's key, and nothing else does."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from keys.keyring import Keyring
from pki_revocation.clock import Clock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.host.disk_space import full_disks
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers
from pki_revocation.runtime.clock_keeping import kept_clock
from pki_revocation.runtime.polling_service import Job, PollingService

from . import bootstrap
from .config import PublisherSettings
from .errors import NotPublished
from .health import CrlFacts, Promise, alarms
from .outlets.mirrors import NotifyingOutlet
from .outlets.published_files import PUBLISHED
from .public_crl import PublicCrls
from .published import last_published
from .scope import FULL

_POLL_SECONDS = 0.5


def serve(installation: Installation, workers: int | None = None) -> None:  # noqa: ARG001 - every service takes it
    """Publish until SIGTERM or SIGINT, and end cleanly.

    Of *workers* there is always one: a second publisher would only wait for the lease.

    Raises:
        ConfigurationError: when the configuration is wrong or the operations port is taken.
        ScheduleRefused: when the configuration's schedule would leave a gap.
        StoreError: when the database is not this program's.
    """
    settings = installation.section(PublisherSettings)
    with installation.database() as database:
        database.check_revision()
        clock = kept_clock(database)
        signs = Keyring.open(installation, clock).signs_crls_for
        with database.read() as connection:
            issuers = tuple(issuer for issuer in all_issuers(connection) if signs(issuer))
        bootstrap.book(installation, database).check_seed(issuers)
        lease = bootstrap.lease(installation, database)
        mirrors, probe = bootstrap.mirrors(installation, database), bootstrap.probe(installation, database)
        delegating = bootstrap.delegating(installation, database)
        public = NotifyingOutlet(bootstrap.outlet(installation), (mirrors.wake, probe.wake))
        publisher = bootstrap.publisher(installation, database, lease, public)
        jobs = [
            # Without the lease it looks all the same, and begins anew when it has it.
            Job("publishing", publisher.poll, every=_POLL_SECONDS, items=publisher.failures),
            # No CRL waits for these.
            Job("OCSP certificates", delegating.poll, needs_lease=True, apart=True, items=delegating.failures),
            Job("probe", probe.probe_if_due, needs_lease=True, apart=True),
        ]
        PollingService(
            "publisher",
            jobs,
            host=settings.host,
            port=settings.operations_port,
            ready=readiness(
                database,
                clock,
                PublicCrls(bootstrap.outlet(installation), database),
                signs,
                standing=publisher.standing,
                folders=(installation.directory, installation.path(PUBLISHED)),
            ),
            lease=lease,
            companions=[mirrors],
        ).run()


def readiness(
    database: Database,
    clock: Clock,
    public: PublicCrls,
    signs: Callable[[Issuer], bool],
    *,
    standing: Callable[[], Mapping[str, str]] = dict,
    folders: Sequence[Path] = (),
) -> Callable[[], None]:
    """What /readyz asks: raises NotPublished while an issuer has no valid CRL that is public, or the next cannot come.

    *standing* is what fails now, *folders* where there must be room.
    """

    def ready() -> None:
        for sentence in full_disks(folders):
            raise NotPublished(sentence)
        for item, sentence in standing().items():
            raise NotPublished(f"{item}: {sentence}")
        with database.read() as connection:
            last_crls = [(issuer, last_published(connection, issuer)) for issuer in all_issuers(connection)]
        now = clock.now()
        for issuer, last in last_crls:
            if not signs(issuer):
                continue
            known = CrlFacts(
                now=now,
                name=f"the CRL of {issuer.name}",
                place=FULL.path(issuer),
                recorded=last,
                is_there=public.exists(issuer, FULL),
            )
            found = next(iter(alarms(known, Promise(needed_since=issuer.active_since))), None)
            if found is not None:
                raise NotPublished(f"{issuer.name}: {found.says}.")

    return ready
