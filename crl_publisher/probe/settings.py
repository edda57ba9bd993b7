"""[probe]: how the public addresses are watched."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from pki_revocation.config.sections import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """How the publisher looks at the public addresses of its CRLs, below `[distribution] public_url`.

    It looks *grace* after each publication, by when caches have the new CRL too, and otherwise every *every*. A CRL
    that is good for less than *margin* is an alarm; none is a quarter of the time that it was made for.
    """

    section: ClassVar[str] = "probe"
    every: timedelta = setting(timedelta(minutes=5), minimum=timedelta(seconds=1), maximum=timedelta(days=1))
    grace: timedelta = setting(timedelta(seconds=30), minimum=timedelta(0), maximum=timedelta(hours=1))
    timeout: timedelta = setting(
        timedelta(seconds=10),
        minimum=timedelta(seconds=1),
        maximum=timedelta(minutes=10),
        clause="BR 4.10.2: an answer within ten seconds",
    )
    margin: timedelta | None = setting(None, minimum=timedelta(minutes=1), maximum=timedelta(days=365))
    largest_mib: int = setting(100, minimum=1, maximum=1024)
