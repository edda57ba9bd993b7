"""Issuance with all its parts, of which a test names the ones that matter to it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crl_publisher.config import CrlSettings, LintProfile, PublisherSettings
from crl_publisher.crl.reading import ParsedCrl, parse_crl
from crl_publisher.gate.inspection import GateRules
from crl_publisher.issuing.issuance import CrlIssuance, CrlKeys
from crl_publisher.issuing.timing import SettingsTiming, Timings
from crl_publisher.offline.alarms import OfflineAlarms
from crl_publisher.outlets import Outlet
from crl_publisher.public_crl import PublicCrls
from crl_publisher.publishing.attendance import Attendance
from crl_publisher.publishing.observation import Observer
from crl_publisher.publishing.publisher import Publisher
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scope import FULL, Scope
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.database.schema import audit
from pki_revocation.model import Issuer
from pki_revocation.register.service_failures import FailureRecord

PUBLIC_URL = "http://crl.example.nl"
RULES = GateRules(profile=LintProfile.PKIX, size_limit=10_000_000, size_blocks=False)


def watch_of(database: Database, clock: Clock, issuance: CrlIssuance) -> OfflineAlarms:
    """A watch over CRLs that are signed elsewhere, with the notice as it comes."""
    return OfflineAlarms(database=database, clock=clock, issuance=issuance, notice=CrlSettings().elsewhere_notice)


def issuance_of(
    database: Database,
    clock: Clock,
    keys: CrlKeys,
    outlet: Outlet,
    *,
    timings: Timings | None = None,
    settings: CrlSettings | None = None,
    spool: Path | None = None,
    public_url: str = PUBLIC_URL,
) -> CrlIssuance:
    """An issuance with the settings as they come, and what is named."""
    return CrlIssuance(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        keys=keys,
        outlet=outlet,
        timings=timings or SettingsTiming(PublisherSettings()),
        settings=settings or CrlSettings(),
        public_url=public_url,
        spool=spool,
    )


def observer_of(
    database: Database, clock: Clock, book: ScheduleBook, outlet: Outlet, size_limit: int = RULES.size_limit
) -> Observer:
    """What looks at the record, the journal, the schedules and the outlet."""
    public = PublicCrls(outlet, database)
    return Observer(database=database, clock=clock, book=book, public=public, size_limit=size_limit)


class KeptLease(Lease):
    """A lease that was renewed just now at each look, as its keeper's thread does for a publisher that runs."""

    @property
    def is_held(self) -> bool:
        """Whether another one has it."""
        return self.hold()


def publisher_of(
    database: Database,
    clock: Clock,
    book: ScheduleBook,
    issuance: CrlIssuance,
    outlet: Outlet,
    *,
    settings: PublisherSettings | None = None,
    lease: Lease | None = None,
    signs: Callable[[Issuer], bool] = lambda _: True,
    monotonic: Callable[[], float] = time.monotonic,
) -> Publisher:
    """A publisher with the settings as they come, and what is named; it does not have the lease yet."""
    chosen = settings or PublisherSettings()
    return Publisher(
        database=database,
        lease=lease or Lease(name="crl-publisher", database=database, clock=clock, length=chosen.lease),
        attendance=Attendance(
            database=database,
            book=book,
            issuance=issuance,
            observer=observer_of(database, clock, book, outlet),
            monotonic=monotonic,
        ),
        signs=signs,
        offline_alarms=watch_of(database, clock, issuance),
        record=FailureRecord(database, clock, "publisher"),
    )


def with_deltas(**settings: Any) -> Timings:  # noqa: ANN401 - any of the settings
    """A schedule whose complete CRLs have deltas."""
    return SettingsTiming(PublisherSettings(**settings), has_deltas=True)


def crl_at(root: Path, issuer: Issuer, scope: Scope = FULL) -> ParsedCrl:
    """What is published of this scope."""
    return parse_crl((root / scope.path(issuer)).read_bytes())


def events(database: Database) -> list[str]:
    """What the audit trail says happened, in order; and it holds."""
    with database.read() as connection:
        verify_chain(connection)
        return list(connection.scalars(select(audit.c.event).order_by(audit.c.sequence)))


def serials(crl: ParsedCrl) -> set[int]:
    """What a CRL lists."""
    return {revoked.serial_number for revoked in crl.parsed}
