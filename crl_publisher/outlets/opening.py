"""Makes outlets of what the configuration says of them."""

import ipaddress
import ssl
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from pki_revocation.config.installation import Installation
from pki_revocation.errors import ConfigurationError
from pki_revocation.host.extras import require_extra

from .credentials import OutletCredentials, load_credentials
from .directory import DirectoryOutlet
from .http_put import HttpPutOutlet
from .port import Outlet
from .settings import OutletKind, OutletSettings


def open_outlet(
    installation: Installation, name: str, settings: OutletSettings, *, max_age: Callable[[], timedelta]
) -> Outlet:
    """The outlet of [outlets.NAME]; nothing is asked of it yet.

    Raises:
        ConfigurationError: when its credentials or certificates cannot be read, or would be sent in the clear.
        ExtraMissing: when it is a bucket, and the store's client is not installed.
    """
    if settings.kind is OutletKind.DIRECTORY:
        return DirectoryOutlet(installation.path(settings.path or ""))
    file = None if settings.credentials is None else installation.path(settings.credentials)
    credentials = load_credentials(name, file)
    if settings.kind is OutletKind.S3:
        require_extra("s3", f"[outlets.{name}] in a bucket")
        from .s3 import S3Outlet  # noqa: PLC0415 - only who has a bucket loads the store's client

        return S3Outlet.configured(name, settings, credentials, max_age=max_age)
    _refuse_in_the_clear(name, settings.url or "", credentials)
    return HttpPutOutlet(
        settings.url or "",
        credentials=credentials,
        seconds=settings.timeout.total_seconds(),
        tls=_tls(installation, name, settings),
    )


def _refuse_in_the_clear(name: str, url: str, credentials: OutletCredentials) -> None:
    """Refuse to send credentials over http: a reader on the way could publish with them. S3 sends none, it signs.

    Raises:
        ConfigurationError: when they would go to another machine than this one.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" and credentials.authorization() is not None and not _is_loopback(parts.hostname or ""):
        raise ConfigurationError(f"[outlets.{name}] would send its credentials over plain http: give an https url.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(installation: Installation, name: str, settings: OutletSettings) -> ssl.SSLContext:
    """A TLS context that trusts the system's certificates, or those alone that the settings name.

    Raises:
        ConfigurationError: when the file that is named holds no certificates.
    """
    if settings.ca_certificates is None:
        return ssl.create_default_context()
    file = installation.path(settings.ca_certificates)
    try:
        return ssl.create_default_context(cafile=str(file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"[outlets.{name}] ca_certificates: {file} holds no certificates in PEM.") from error
