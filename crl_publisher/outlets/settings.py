"""[outlets.NAME]: further places where everything becomes public that is published here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import setting
from pki_revocation.config.service_accounts import SecretFile
from pki_revocation.errors import ConfigurationError


class OutletKind(StrEnum):
    """What an outlet is made of."""

    DIRECTORY = "directory"
    S3 = "s3"
    HTTP_PUT = "http-put"


_ADDRESSES = {OutletKind.DIRECTORY: "path", OutletKind.S3: "bucket", OutletKind.HTTP_PUT: "url"}
_OF_KIND = {
    "path": {OutletKind.DIRECTORY},
    "bucket": {OutletKind.S3},
    "prefix": {OutletKind.S3},
    "region": {OutletKind.S3},
    "url": {OutletKind.S3, OutletKind.HTTP_PUT},
    "credentials": {OutletKind.S3, OutletKind.HTTP_PUT},
    "ca_certificates": {OutletKind.HTTP_PUT},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletSettings:
    """A place beside `published/` that follows it: a folder, a bucket, or a server that takes HTTP PUT.

    A folder has a *path*, a bucket its name, with the *url* of its server where that is not Amazon's, and a server a
    *url* that paths such as crl/issuing.crl go behind. *credentials* names a file with what is secret, and the
    environment wins over it. *timeout* is for one attempt, *check* how often each file is compared that needs nothing.
    """

    section: ClassVar[str] = "outlets"
    kind: OutletKind = setting(OutletKind.DIRECTORY)
    path: Path | None = setting(None)
    bucket: str | None = setting(None)
    prefix: str | None = setting(None)
    region: str | None = setting(None)
    url: str | None = setting(None)
    credentials: Path | None = setting(None)
    ca_certificates: Path | None = setting(None)
    timeout: timedelta = setting(timedelta(seconds=60), minimum=timedelta(seconds=1), maximum=timedelta(hours=1))
    check: timedelta = setting(timedelta(minutes=10), minimum=timedelta(seconds=1), maximum=timedelta(days=1))

    def __post_init__(self) -> None:
        """Refuse an outlet without its address, and settings of another kind.

        Raises:
            ConfigurationError: naming the setting.
        """
        if getattr(self, _ADDRESSES[self.kind]) is None:
            raise ConfigurationError(f"An outlet of kind {self.kind.value} lacks {_ADDRESSES[self.kind]}.")
        for name, kinds in _OF_KIND.items():
            if getattr(self, name) is not None and self.kind not in kinds:
                raise ConfigurationError(f"An outlet of kind {self.kind.value} has no setting {name!r}.")
        if self.url is not None:
            _refuse_url(self.url)

    @classmethod
    def secrets(cls, installation: Installation) -> Iterator[SecretFile]:
        """The files that hold outlets' credentials, one for each that has such a file: the publisher's alone.

        Raises:
            ConfigurationError: when an [outlets.NAME] is wrong.
        """
        for name, settings in installation.sections(cls).items():
            if settings.credentials is not None:
                yield SecretFile(
                    installation.path(settings.credentials), f"what outlet {name} asks for", ("publisher",)
                )


def _refuse_url(url: str) -> None:
    """Refuse an address with credentials, a query or no host; the message leaves it out: it may hold a password.

    Raises:
        ConfigurationError: saying what is wrong with it.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            "An outlet's url holds a name or password: it belongs into the environment or the file that 'credentials' "
            "names."
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError("An outlet's url must be http:// or https:// with a host, and without ? and #.")
