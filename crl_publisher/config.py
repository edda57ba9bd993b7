"""[publisher], [crl] and [distribution]: when CRLs are made, what they say, and where they are served."""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from pki_revocation.config.sections import setting
from pki_revocation.config.settings import LOOPBACK
from pki_revocation.errors import ConfigurationError

from .scheduling.errors import ScheduleRefused
from .scheduling.schedule import Schedule

_LAST_PORT = 65535


class LintProfile(StrEnum):
    """Which rules pkilint holds a CRL against; here, because reading a setting must not load pkilint.

    `none` is for a PKI that has good reasons to differ from RFC 5280's profile.
    """

    NONE = "none"
    PKIX = "pkix"
    BR = "br"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings(Schedule):
    """[publisher]: The first schedule of every issuer, and how the publisher runs.

    The times seed each issuer's first version in the database; from then on the database says, and `schedule set` and
    `schedule rotate` change it. With *second_person*, a change counts once another operator has approved it. Of many
    publishers, the one that holds the *lease* publishes; when it is gone for that long, another takes over.
    """

    section: ClassVar[str] = "publisher"
    host: str = setting(LOOPBACK)
    operations_port: int = setting(8474, minimum=1, maximum=_LAST_PORT)
    lease: timedelta = setting(timedelta(seconds=30), minimum=timedelta(seconds=5), maximum=timedelta(minutes=10))
    second_person: bool = setting(default=False, clause="true: schedules need `schedule approve` by another person")

    def __post_init__(self) -> None:
        """Refuse a schedule that breaks a rule.

        Raises:
            ConfigurationError: naming the settings, and the clause that bounds them.
        """
        try:
            # Not super(): a class with slots is made anew, and its methods know the old one.
            Schedule.__post_init__(self)
        except ScheduleRefused as error:
            raise ConfigurationError(f"[publisher] {error}") from None

    @property
    def schedule(self) -> Schedule:
        """The times alone: the first version."""
        return Schedule(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Schedule)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlSettings:
    """What CRLs are made beside the complete one of everything, and what they say.

    *ca* and *users* add CRLs of CA certificates alone and of all others. *keep_expired* leaves expired certificates
    listed and says so; *next_publish* adds Microsoft's extension. A CRL over *size_limit* octets raises an alarm, and
    stays unpublished where *size_blocks*. *lint* is what pkilint holds each CRL against. *elsewhere_notice* before the
    end of a CRL that was signed elsewhere, or when a third of its validity is left if that is later, an alarm says so.
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
    elsewhere_notice: timedelta = setting(
        timedelta(days=14),
        minimum=timedelta(hours=1),
        maximum=timedelta(days=180),
        clause="time enough for a key ceremony",
    )


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
