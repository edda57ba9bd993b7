"""The files that hold outlets' credentials: the publisher's alone."""

from collections.abc import Iterator

from pki_revocation.config.installation import Installation
from pki_revocation.config.service_accounts import SecretFile

from .settings import OutletSettings


def secrets(installation: Installation) -> Iterator[SecretFile]:
    """One for each outlet that has such a file.

    Raises:
        ConfigurationError: when an [outlets.NAME] is wrong.
    """
    for name, settings in installation.sections(OutletSettings).items():
        if settings.credentials is not None:
            yield SecretFile(installation.path(settings.credentials), f"what outlet {name} asks for", ("publisher",))
