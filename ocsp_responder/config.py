"""[ocsp]: how the responder answers; bounds stand beside their settings, with the clause that they come from."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from pki_revocation.config.sections import duration_text, setting
from pki_revocation.config.settings import LOOPBACK
from pki_revocation.errors import ConfigurationError

from .request.message import DEFAULT_MAX_CERT_IDS

_LAST_PORT = 65535
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspSettings:
    """The responder's address and answers.

    *public_url* is the address in the certificates' AIA: its path is the one that is listened on. *validity* is
    nextUpdate minus thisUpdate, and an answer that is kept is signed anew after *refresh*, or half of that time;
    *max_age* is how long HTTP caches may keep an answer that can be shared.

    *requestors* names a PEM file with certificates: with it only requests that are signed with one of them, or under
    a CA among them, are answered. *extended_revoke* answers never issued serials as revoked, on hold since 1970,
    instead of unknown. *retention* is how long after its end a certificate is answered for; always, where there is
    none. *revoked_issuer* answers all certificates of a revoked CA as revoked. *cache_mib* bounds what each worker
    keeps. Where the clock lies further than *clock_tolerance* behind the journal's last moment, or on PostgreSQL apart
    from the database's clock, the log says so.
    """

    section: ClassVar[str] = "ocsp"
    host: str = setting(LOOPBACK)
    port: int = setting(8462, minimum=1, maximum=_LAST_PORT)
    operations_port: int = setting(8472, minimum=1, maximum=_LAST_PORT)
    workers: int = setting(1, minimum=1, maximum=64)
    public_url: str = setting("http://127.0.0.1:8462/ocsp")
    # The Baseline Requirements count both ends, so that seven days are one second longer than their difference.
    validity: timedelta = setting(
        timedelta(hours=24),
        minimum=timedelta(hours=8),
        maximum=timedelta(days=7) - _SECOND,
        clause="BR 4.9.9: at least 8 hours; Microsoft 3.2.2: at most 7 days",
    )
    refresh: timedelta | None = setting(
        None,
        minimum=timedelta(minutes=1),
        maximum=timedelta(hours=84),
        clause="none is half of validity, and more than that is too late: BR 4.9.10; Microsoft 3.2.2",
    )
    max_age: timedelta = setting(
        timedelta(minutes=5),
        minimum=_SECOND,
        maximum=timedelta(minutes=5),
        clause="a cache may say 'good' for that long after a revocation; RFC 9919 section 7.2: before nextUpdate",
    )
    max_cert_ids: int = setting(
        DEFAULT_MAX_CERT_IDS, minimum=1, maximum=1000, clause="RFC 9919 section 8.4: one request must not cost many"
    )
    requestors: Path | None = setting(
        None, clause="a PEM file; without one signatures are passed over: RFC 6960 section 4.1.2"
    )
    extended_revoke: bool = setting(
        default=False, clause="true only outside the Baseline Requirements: RFC 6960 section 2.2; BR 4.9.13"
    )
    retention: timedelta | None = setting(
        None,
        minimum=timedelta(days=1),
        maximum=timedelta(days=36500),
        clause="none is for ever: EN 319 411-2 CSS-6.3.10-10; RFC 6960 section 4.4.4; BR 4.10.1: not before the end",
    )
    revoked_issuer: bool = setting(default=False, clause="RFC 6960 section 2.7")
    cache_mib: int = setting(24, minimum=1, maximum=4096)
    clock_tolerance: timedelta = setting(
        timedelta(minutes=1),
        minimum=_SECOND,
        maximum=timedelta(hours=1),
        clause="from where on the log tells of a wrong clock; RFC 6960 section 4.2.2.1",
    )

    def __post_init__(self) -> None:
        """Refuse settings that do not go together.

        Raises:
            ConfigurationError: when answers would be signed anew later than half-way.
        """
        if self.refresh is not None and 2 * self.refresh > self.validity:
            raise ConfigurationError(
                f"[ocsp] refresh is {duration_text(self.refresh)}, and may be at most half of validity, which is "
                f"{duration_text(self.validity)} (BR 4.9.10; Microsoft 3.2.2)."
            )
