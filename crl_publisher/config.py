"""[publisher], [crl] and [distribution]: when CRLs are made, what they say, and where they are served."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from pki_revocation.config import duration_text, setting
from pki_revocation.errors import ConfigurationError
from pki_revocation.settings import LOOPBACK

from .lint_profile import LintProfile

_LAST_PORT = 65535
LONGEST_PERIOD = timedelta(hours=24)
LONGEST_VALIDITY = timedelta(days=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    """How CRLs are scheduled.

    A routine CRL comes every *period* and is good for *validity*; after a revocation one comes within
    *publish_within*, but no sooner than *minimum_interval* after the last. thisUpdate lies *backdate* before the
    moment of issuing, for relying parties whose clocks are slow. Of many publishers, the one that holds the *lease*
    publishes; when it is gone for that long, another takes over.
    """

    section: ClassVar[str] = "publisher"
    host: str = setting(LOOPBACK)
    operations_port: int = setting(8474, minimum=1, maximum=_LAST_PORT)
    period: timedelta = setting(
        timedelta(hours=1),
        minimum=timedelta(minutes=1),
        maximum=LONGEST_PERIOD,
        clause="ETSI EN 319 411-1 CSS-6.3.9-05: at least every 24 hours",
    )
    validity: timedelta = setting(
        timedelta(hours=48),
        minimum=timedelta(minutes=5),
        maximum=LONGEST_VALIDITY,
        clause="BR 7.2: nextUpdate at most 10 days after thisUpdate",
    )
    publish_within: timedelta = setting(
        timedelta(seconds=5),
        minimum=timedelta(seconds=1),
        maximum=LONGEST_PERIOD,
        clause="BR 4.9.7: within 24 hours of recording a revocation",
    )
    minimum_interval: timedelta = setting(timedelta(seconds=2), minimum=timedelta(0), maximum=timedelta(hours=1))
    backdate: timedelta = setting(timedelta(seconds=60), minimum=timedelta(0), maximum=timedelta(hours=1))
    lease: timedelta = setting(timedelta(seconds=30), minimum=timedelta(seconds=5), maximum=timedelta(minutes=10))

    def __post_init__(self) -> None:
        """Refuse settings that would leave a moment without a valid CRL, or break the promise of *publish_within*.

        Raises:
            ConfigurationError: naming the two settings that do not go together.
        """
        if self.validity <= self.period + self.backdate:
            raise ConfigurationError(
                f"[publisher] validity {duration_text(self.validity)} must be longer than period and backdate together "
                f"({duration_text(self.period + self.backdate)}), or CRLs lapse before the next one."
            )
        if self.period + self.backdate > LONGEST_PERIOD:
            raise ConfigurationError(
                f"[publisher] period and backdate together are {duration_text(self.period + self.backdate)}, and may "
                "be 24h: a CRL would be older than that (ETSI EN 319 411-1 CSS-6.3.9-05)."
            )
        if self.minimum_interval >= self.publish_within:
            raise ConfigurationError(
                f"[publisher] minimum_interval {duration_text(self.minimum_interval)} must be shorter than "
                f"publish_within {duration_text(self.publish_within)}: a second revocation would wait too long."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlSettings:
    """What CRLs are made beside the complete one of everything, and what they say.

    *ca* and *users* add CRLs of CA certificates alone and of all others. *keep_expired* leaves expired certificates
    listed and says so; *next_publish* adds Microsoft's extension. A CRL over *size_limit* octets raises an alarm, and
    stays unpublished where *size_blocks*. *lint* is what pkilint holds each CRL against.
    """

    section: ClassVar[str] = "crl"
    ca: bool = setting(default=False)
    users: bool = setting(default=False)
    keep_expired: bool = setting(default=False)
    next_publish: bool = setting(default=False)
    size_limit: int = setting(
        10_000_000, minimum=10_000, clause="Microsoft Trusted Root Program 3.2: CRLs of at most 10 MB"
    )
    size_blocks: bool = setting(default=False)
    lint: LintProfile = setting(LintProfile.PKIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionSettings:
    """Where CRLs and CA certificates are served: plain http, because https would need them first (RFC 5280 section 8).

    *public_url* is how relying parties reach it: certificates carry it in their CDP and AIA.
    """

    section: ClassVar[str] = "distribution"
    host: str = setting(LOOPBACK)
    port: int = setting(8463, minimum=1, maximum=_LAST_PORT)
    operations_port: int = setting(8473, minimum=1, maximum=_LAST_PORT)
    workers: int = setting(1, minimum=1, maximum=64)
    public_url: str = setting("http://127.0.0.1:8463")
