"""Which service's account a key file belongs to: the CA's to the publisher's, the delegated one to the responder's."""

from collections.abc import Iterator

from pki_revocation.accounts import Secret
from pki_revocation.installation import Installation

from .config import KeySettings


def secrets(installation: Installation) -> Iterator[Secret]:
    """The key files that the configuration names.

    Raises:
        ConfigurationError: when a [keys.ISSUER] is wrong.
    """
    for issuer, settings in installation.sections(KeySettings).items():
        if settings.crl_key is not None:
            yield Secret(installation.path(settings.crl_key), f"the CA key of {issuer}", ("publisher",))
        if settings.ocsp_key is not None:
            yield Secret(installation.path(settings.ocsp_key), f"the OCSP key of {issuer}", ("ocsp",))
