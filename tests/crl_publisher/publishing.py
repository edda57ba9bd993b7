"""Issuance with all its parts, of which a test names the ones that matter to it."""

from pathlib import Path

from crl_publisher.config import CrlSettings, PublisherSettings
from crl_publisher.inspection import GateRules
from crl_publisher.issuance import CrlIssuance, CrlKeys
from crl_publisher.lint_profile import LintProfile
from crl_publisher.outlets import Outlet
from crl_publisher.timing import SettingsTiming, Timings
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database import Database

PUBLIC_URL = "http://crl.example.nl"
RULES = GateRules(profile=LintProfile.PKIX, size_limit=10_000_000, size_blocks=False)


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
