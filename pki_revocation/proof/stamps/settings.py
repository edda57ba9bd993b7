"""[timestamps]: the time-stamp authorities, and the roots that they are trusted by."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from cryptography import x509

from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import setting
from pki_revocation.config.text_lists import TextList
from pki_revocation.errors import ConfigurationError
from pki_revocation.proof.certificates import read_anchors


class StampHash(StrEnum):
    """What the record is hashed with for the authority."""

    SHA256 = "sha256"
    SHA512 = "sha512"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampSettings:
    """[timestamps]: who stamps each revocation with the time (RFC 3161); nobody unless *authorities* names some.

    They are asked in their order until one answers; the answer must lead to a root in one of the files *trust*. User
    name and password of a service that asks for them do not stand here: use one that knows your address.
    """

    section: ClassVar[str] = "timestamps"
    authorities: TextList = setting(TextList(), clause='["http://tsa.example/tsr", …], in the order they are asked')
    trust: TextList = setting(TextList(), clause='["tsa-root.pem"]: files in PEM or DER')
    hash: StampHash = setting(StampHash.SHA256)
    timeout: timedelta = setting(
        timedelta(seconds=10), minimum=timedelta(seconds=1), maximum=timedelta(seconds=60), clause="for each authority"
    )

    def __post_init__(self) -> None:
        """Refuse addresses that cannot be asked, and authorities that nothing is trusted of.

        Raises:
            ConfigurationError: naming the setting.
        """
        for address in self.authorities:
            parts = urlsplit(address)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
                raise ConfigurationError(
                    "[timestamps] authorities holds what is no address: write http://HOST/PATH or https://HOST/PATH, "
                    "without a user name."
                )
        if self.authorities and not self.trust:
            raise ConfigurationError("[timestamps] trust is empty: name the file with the authorities' root.")

    @property
    def is_on(self) -> bool:
        """Whether revocations get time stamps."""
        return len(self.authorities) > 0

    def anchors(self, installation: Installation) -> tuple[x509.Certificate, ...]:
        """The roots of *trust*.

        Raises:
            ConfigurationError: for a file that cannot be read or holds none.
        """
        return read_anchors(map(installation.path, self.trust), "[timestamps] trust")
