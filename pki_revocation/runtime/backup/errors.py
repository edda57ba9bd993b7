"""Why a backup could not be made, or put back."""

from pki_revocation.errors import PkiError


class BackupFailed(PkiError):
    """No backup was made, and the file that was to hold it is as it was."""


class BackupUnfit(PkiError):
    """A file is no backup, is not whole, or does not say what it should; nothing was changed."""


class RestoreRefused(PkiError):
    """The place is not one that a backup may be put back to now; nothing was changed."""
