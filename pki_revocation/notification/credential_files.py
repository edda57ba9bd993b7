"""The file with the mail server's password: the notifier's alone."""

from collections.abc import Iterator

from pki_revocation.config.installation import Installation
from pki_revocation.config.service_accounts import SecretFile

from .settings import NotificationSettings


def secrets(installation: Installation) -> Iterator[SecretFile]:
    """The file, where there is one.

    Raises:
        ConfigurationError: when [notification] is wrong.
    """
    settings = installation.section(NotificationSettings)
    if settings.credentials is not None:
        yield SecretFile(installation.path(settings.credentials), "the mail server's password", ("notifier",))
