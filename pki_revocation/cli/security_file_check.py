"""What `doctor` checks of security.txt: whether its day has passed, when readers throw it away (RFC 9116, 2.5.5)."""

from collections.abc import Iterator
from datetime import timedelta

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import SecuritySettings
from pki_revocation.database.engine import Database
from pki_revocation.runtime.clock_keeping import open_clock

from .check_result import CheckResult

_NAME = "security.txt"
# Long enough to find out who answers now, and to restart the service.
_NEAR = timedelta(days=14)
# RFC 9116 section 2.5.5 recommends less than a year.
_FAR = timedelta(days=366)


def check(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """One line: until when the contact counts, and what to do when that is near, past or far away.

    Raises:
        ConfigurationError: when [security] is wrong.
        StoreError: when the database does not answer.
    """
    settings = installation.section(SecuritySettings)
    if settings.expires is None:
        yield CheckResult(_NAME, well=True, says="there is none: [security] names no contact")
        return
    today = open_clock(database).now().date()
    left = settings.expires - today
    says = f"counts until {settings.expires}"
    if left < _NEAR:
        yield CheckResult(_NAME, well=False, says=f"{says}: is the contact still right? Then move [security] expires")
    elif left > _FAR:
        yield CheckResult(_NAME, well=False, says=f"{says}: put [security] expires less than a year ahead (RFC 9116)")
    else:
        yield CheckResult(_NAME, well=True, says=says)
