"""[receipts]: the roots that receipts are checked against here, and the key that signs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cryptography import x509

from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import setting
from pki_revocation.config.service_accounts import SecretFile
from pki_revocation.config.text_lists import TextList
from pki_revocation.errors import ConfigurationError

from .certificates import read_anchors

_FILE, _ENVIRONMENT, _CREDENTIAL = "file:", "env:", "credential:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSettings:
    """[receipts]: what signs receipts, and what the page that checks them trusts; relative paths as everywhere.

    *trust_anchors* are files with your root certificates: without any, the page checks nothing and says so. *key* is a
    file with the private key that signs receipts, in PEM, and *certificate* one with its certificate and those above
    it, below the root; without them receipts are not signed, and say so. *secret* says where the key's passphrase is:
    env:NAME, file:PATH or credential:NAME. This key is of no CA and of no responder.
    """

    section: ClassVar[str] = "receipts"
    trust_anchors: TextList = setting(TextList(), clause='["root.pem"]: files in PEM or DER')
    key: Path | None = setting(None)
    certificate: Path | None = setting(None)
    secret: str | None = setting(None)

    def __post_init__(self) -> None:
        """Refuse a key without its certificate, a certificate without its key, and a passphrase that stands here.

        Raises:
            ConfigurationError: naming the setting.
        """
        if (self.key is None) != (self.certificate is None):
            raise ConfigurationError("[receipts] key and certificate go together: give both, or neither.")
        if self.secret is not None and not self.secret.startswith((_FILE, _ENVIRONMENT, _CREDENTIAL)):
            raise ConfigurationError(
                "[receipts] secret: a passphrase does not stand in the configuration: say where it is, as env:NAME, "
                "file:PATH or credential:NAME."
            )

    def anchors(self, installation: Installation) -> tuple[x509.Certificate, ...]:
        """The roots of *trust_anchors*.

        Raises:
            ConfigurationError: for a file that cannot be read or holds none.
        """
        return read_anchors(map(installation.path, self.trust_anchors), "[receipts] trust_anchors")

    @classmethod
    def secrets(cls, installation: Installation) -> Iterator[SecretFile]:
        """The key that signs receipts and the file with its passphrase: the web service's alone.

        Raises:
            ConfigurationError: when [receipts] is wrong.
        """
        settings = installation.section(cls)
        if settings.key is not None:
            yield SecretFile(installation.path(settings.key), "the key that signs receipts", ("web",))
        if settings.secret is not None and settings.secret.startswith(_FILE):
            path = installation.path(settings.secret.removeprefix(_FILE))
            yield SecretFile(path, "the passphrase of the key that signs receipts", ("web",))
