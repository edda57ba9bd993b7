"""[notification]: whether and how subscribers are told by mail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import setting
from pki_revocation.config.service_accounts import SecretFile
from pki_revocation.errors import ConfigurationError
from pki_revocation.subscribers.contacts import Contact, UnfitContact

_LAST_PORT = 65535
_DOMAIN = re.compile(r"([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")


class Delivery(StrEnum):
    """How mail is delivered: not at all, as files in a folder, or by SMTP."""

    NONE = "none"
    FOLDER = "folder"
    SMTP = "smtp"


class Tls(StrEnum):
    """How the way to the mail server is protected."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings:
    """[notification]: mail to the registered contact when a certificate was revoked, or codes are being guessed.

    *delivery* `folder` writes each mail into *folder* instead of sending it. User name and password stand in the file
    *credentials* (TOML, its owner's alone), or in PKI_REVOCATION_SMTP_USERNAME and PKI_REVOCATION_SMTP_PASSWORD.
    Bounces go to *return_path*, or to *sender* without it.
    """

    section: ClassVar[str] = "notification"
    delivery: Delivery = setting(Delivery.NONE)
    folder: Path = setting(Path("mails"))
    host: str = setting("127.0.0.1")
    port: int = setting(587, minimum=1, maximum=_LAST_PORT, clause="587 for STARTTLS, 465 for implicit TLS, RFC 8314")
    tls: Tls = setting(Tls.STARTTLS)
    credentials: Path | None = setting(None)
    sender: str = setting("noreply@localhost")
    return_path: str = setting("")
    message_id_domain: str = setting("pki-revocation.invalid")
    timeout: timedelta = setting(
        timedelta(seconds=60),
        minimum=timedelta(seconds=1),
        maximum=timedelta(minutes=10),
        clause="RFC 5321 section 4.5.3.2: 10 minutes for the end of the data",
    )
    first_retry: timedelta = setting(timedelta(minutes=1), minimum=timedelta(seconds=1), maximum=timedelta(hours=1))
    longest_retry: timedelta = setting(timedelta(hours=1), minimum=timedelta(minutes=1), maximum=timedelta(hours=24))
    give_up_after: timedelta = setting(
        timedelta(days=5),
        minimum=timedelta(hours=1),
        maximum=timedelta(days=30),
        clause="RFC 5321 section 4.5.4.1: at least 4 to 5 days",
    )
    keep: timedelta = setting(timedelta(days=30), minimum=timedelta(days=1), maximum=timedelta(days=365))
    lease: timedelta = setting(timedelta(minutes=2), minimum=timedelta(seconds=10), maximum=timedelta(minutes=15))
    operations_port: int = setting(8476, minimum=1, maximum=_LAST_PORT)

    def __post_init__(self) -> None:
        """Refuse what no mail could be sent with.

        Raises:
            ConfigurationError: naming the setting.
        """
        for name, address in (("sender", self.sender), ("return_path", self.return_path or self.sender)):
            try:
                Contact(email=address)
            except UnfitContact:
                raise ConfigurationError(
                    f"[notification] {name} is no e-mail address: write one such as noreply@example.nl."
                ) from None
        if not _DOMAIN.fullmatch(self.message_id_domain):
            raise ConfigurationError("[notification] message_id_domain is no domain name: write one of your own.")

    @classmethod
    def secrets(cls, installation: Installation) -> Iterator[SecretFile]:
        """The file with the mail server's password: the notifier's alone.

        Raises:
            ConfigurationError: when [notification] is wrong.
        """
        settings = installation.section(cls)
        if settings.credentials is not None:
            yield SecretFile(installation.path(settings.credentials), "the mail server's password", ("notifier",))
