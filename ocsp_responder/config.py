"""[ocsp]: how the responder answers; bounds stand beside their settings, with the clause that they come from."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from pki_revocation.config import setting
from pki_revocation.settings import LOOPBACK

from .request import DEFAULT_MAX_CERT_IDS

_LAST_PORT = 65535
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspSettings:
    """The responder's address and answers.

    *public_url* is the address in the certificates' AIA: its path is the one that is listened on. *validity* is
    nextUpdate minus thisUpdate; *max_age* is how long HTTP caches may keep an answer that can be shared.
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
    max_age: timedelta = setting(
        timedelta(minutes=5),
        minimum=_SECOND,
        maximum=timedelta(minutes=5),
        clause="a cache may say 'good' for that long after a revocation; RFC 9919 section 7.2: before nextUpdate",
    )
    max_cert_ids: int = setting(
        DEFAULT_MAX_CERT_IDS, minimum=1, maximum=1000, clause="RFC 9919 section 8.4: one request must not cost many"
    )
