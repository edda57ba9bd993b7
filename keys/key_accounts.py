"""Which service's account a key file belongs to: the CA's to the publisher's, the delegated ones to the responder's."""

from collections.abc import Iterator
from pathlib import Path

from keys.pkcs11.uri import is_token_uri
from pki_revocation.config.installation import Installation
from pki_revocation.config.service_accounts import SecretFile

from .config import KeySettings

_PUBLISHER, _OCSP = ("publisher",), ("ocsp",)
_FILE = "file:"


def secrets(installation: Installation) -> Iterator[SecretFile]:
    """The key files, passphrases and PINs that the configuration names.

    Raises:
        ConfigurationError: when a [keys.ISSUER] is wrong.
    """
    for issuer, settings in installation.sections(KeySettings).items():
        for key, secret, what, services in (
            (settings.crl_key, settings.crl_secret, "the CA key", _PUBLISHER),
            (settings.ocsp_key, settings.ocsp_secret, "the OCSP key", _OCSP),
        ):
            if key is not None and not is_token_uri(key):
                yield SecretFile(installation.path(key), f"{what} of {issuer}", services)
            if secret is not None and secret.startswith(_FILE):
                path = installation.path(secret.removeprefix(_FILE))
                yield SecretFile(path, f"what opens {what} of {issuer}", services)
        if settings.ocsp_delegates is not None:
            for path in _files(installation.path(settings.ocsp_delegates)):
                yield SecretFile(path, f"an OCSP key of {issuer}", _OCSP)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.key")) if folder.is_dir() else []
