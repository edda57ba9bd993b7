"""Issuance with all its parts, of which a test names the ones that matter to it."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from crl_publisher.config import CrlSettings, PublisherSettings
from crl_publisher.inspection import GateRules
from crl_publisher.issuance import CrlIssuance, CrlKeys
from crl_publisher.lint_profile import LintProfile
from crl_publisher.outlets import Outlet
from crl_publisher.scheduling.in_force import InForce
from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.timeline import Timeline, Version
from crl_publisher.timing import Timing, Timings
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database import Database
from pki_revocation.model import Issuer

PUBLIC_URL = "http://crl.example.nl"
RULES = GateRules(profile=LintProfile.PKIX, size_limit=10_000_000, size_blocks=False)


class SettingsTiming:
    """One schedule for all issuers, without a book; with deltas where the test says so."""

    def __init__(self, settings: PublisherSettings, *, has_deltas: bool = False) -> None:
        """As the settings say."""
        self._schedule: Schedule = settings.schedule
        if has_deltas and self._schedule.delta_period is None:
            self._schedule = replace(self._schedule, delta_period=self._schedule.period / 2)

    def in_force(self, connection: Connection, issuer: Issuer, moment: datetime) -> Timing:  # noqa: ARG002 - the port's
        """The same at any moment."""
        version = Version(number=1, effective_from=moment, schedule=self._schedule)
        return InForce(Timeline(issuer.name, (version,)), version)


def issuance_of(
    database: Database,
    clock: Clock,
    keys: CrlKeys,
    outlet: Outlet,
    *,
    timings: Timings | None = None,
    settings: CrlSettings | None = None,
    spool: Path | None = None,
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
        public_url=PUBLIC_URL,
        spool=spool,
    )
