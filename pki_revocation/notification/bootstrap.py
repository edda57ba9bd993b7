"""Makes the carrier that the configuration names."""

from ipaddress import ip_address

from pki_revocation.config.installation import Installation
from pki_revocation.errors import ConfigurationError

from .carriers import Carrier, FolderCarrier, SmtpCarrier
from .credentials import load_credentials
from .settings import Delivery, NotificationSettings, Tls


def carrier(installation: Installation, settings: NotificationSettings) -> Carrier | None:
    """The carrier, or None where mail is off.

    Raises:
        ConfigurationError: for credentials that cannot be used, or would be sent in the clear.
    """
    match settings.delivery:
        case Delivery.NONE:
            return None
        case Delivery.FOLDER:
            return FolderCarrier(installation.path(settings.folder))
        case Delivery.SMTP:
            file = None if settings.credentials is None else installation.path(settings.credentials)
            credentials = load_credentials(file)
            if credentials is not None and settings.tls is Tls.NONE and not _is_loopback(settings.host):
                raise ConfigurationError(
                    '[notification] tls is "none": a password would go in the clear; use "starttls" or "implicit".'
                )
            return SmtpCarrier(settings, credentials)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
