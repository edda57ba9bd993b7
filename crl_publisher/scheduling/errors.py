"""Why a schedule is refused."""

from pki_revocation.errors import PkiError


class ScheduleRefused(PkiError):
    """A schedule that breaks a bound, says something impossible, or would leave a gap: nothing was saved."""


class VersionRefused(PkiError):
    """A version of the schedule that does not exist, or with which this cannot be done any more."""
