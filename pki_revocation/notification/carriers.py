"""How a mail leaves: over SMTP, or into a folder. A carrier returns when the mail was taken, and raises when not."""

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from pki_revocation.config.installation import Installation
from pki_revocation.errors import ConfigurationError, PkiError
from pki_revocation.host import durable_files

from .credentials import SmtpCredentials, load_credentials
from .settings import Delivery, NotificationSettings, Tls

_PERMANENT = 500


class MailDeferred(PkiError):
    """The mail was not taken, or it is not known whether it was: it is tried again later."""


class MailRejected(PkiError):
    """The mail server will never take this mail."""


class Carrier(Protocol):
    """Takes one mail at a time."""

    def carry(self, mail: EmailMessage, sender: str, recipient: str) -> None:
        """Hand a mail over, and return once it was taken; *sender* is the address that bounces go to.

        Raises:
            MailDeferred: when it is worth trying again.
            MailRejected: when it is not.
        """
        ...

    def knock(self) -> None:
        """Do all that carrying a mail takes, but for the mail.

        Raises:
            MailDeferred: when none would be taken now.
        """
        ...


class FolderCarrier:
    """Writes each mail into a folder, by its Message-ID: a second copy is the same file."""

    def __init__(self, folder: Path) -> None:
        """*folder* is where mail is put, by the demo or for an operator who sends it by other means."""
        self._folder = folder

    def carry(self, mail: EmailMessage, sender: str, recipient: str) -> None:  # noqa: ARG002 - as a carrier
        """Write the mail into the folder, whole or not at all.

        Raises:
            MailDeferred: when the folder cannot be written to.
        """
        name = mail["Message-ID"].strip("<>").partition("@")[0] + ".eml"
        try:
            durable_files.make_folder(self._folder)
            durable_files.write(self._folder / name, mail.as_bytes())
        except OSError as error:
            raise MailDeferred(f"The folder {self._folder} cannot be written to: {error.strerror or error}.") from error

    def knock(self) -> None:
        """Write a file, and remove it.

        Raises:
            MailDeferred: when the folder cannot be written to.
        """
        try:
            durable_files.make_folder(self._folder)
            durable_files.refuse_unwritable(self._folder)
        except OSError as error:
            raise MailDeferred(f"The folder {self._folder} cannot be written to: {error.strerror or error}.") from error


class SmtpCarrier:
    """One connection for each mail: they are few, and a connection that was left open may be dead."""

    def __init__(self, settings: NotificationSettings, credentials: SmtpCredentials | None) -> None:
        """With certificates checked against the system's authorities, unless TLS is off."""
        self._settings = settings
        self._credentials = credentials
        self._tls = ssl.create_default_context()

    def carry(self, mail: EmailMessage, sender: str, recipient: str) -> None:
        """Hand it to the server: taken is what it said 250 to after the data.

        Only what it says of this recipient or this mail is final; a server that refuses us altogether may be mended.

        Raises:
            MailDeferred: for no answer, an answer that may change, or a connection that broke.
            MailRejected: for a 5xx to recipient or data (RFC 5321 section 4.2.1).
        """
        try:
            client = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise MailDeferred(f"The mail server cannot be used: {_reason(error)}.") from error
        try:
            client.send_message(mail, from_addr=sender, to_addrs=[recipient])
        except smtplib.SMTPRecipientsRefused as error:
            ((code, _),) = error.recipients.values()
            raise _refusal(code, "recipient") from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, "mail") from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailDeferred(f"The mail server did not take the mail: {_reason(error)}.") from error
        finally:
            # After its 250 the mail is the server's, whatever becomes of the connection.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.quit()
            client.close()

    def knock(self) -> None:
        """Connect, begin TLS and log in where that is set, and leave.

        Raises:
            MailDeferred: saying which of them failed.
        """
        try:
            client = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise MailDeferred(f"The mail server cannot be used: {_reason(error)}.") from error
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.quit()
        client.close()

    def _connect(self) -> smtplib.SMTP:
        settings, seconds = self._settings, self._settings.timeout.total_seconds()
        if settings.tls is Tls.IMPLICIT:
            client: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=seconds, context=self._tls)
        else:
            client = smtplib.SMTP(settings.host, settings.port, timeout=seconds)
        try:
            if settings.tls is Tls.STARTTLS:
                client.starttls(context=self._tls)
            if self._credentials is not None:
                client.login(self._credentials.username, self._credentials.password)
        except BaseException:
            client.close()
            raise
        return client


def _refusal(code: int, what: str) -> PkiError:
    # The server's own words are left out: they repeat addresses.
    if code >= _PERMANENT:
        return MailRejected(f"The mail server refuses the {what} with {code}.")
    return MailDeferred(f"The mail server does not take the {what} now ({code}).")


def _reason(error: Exception) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            said = f"it does not take our name and password ({error.smtp_code})"
        case smtplib.SMTPNotSupportedError():
            said = "it does not offer the TLS or the login that is set"
        case smtplib.SMTPResponseException():
            said = f"it answered {error.smtp_code}"
        case ssl.SSLCertVerificationError():
            said = f"its certificate is not trusted ({error.verify_message})"
        case smtplib.SMTPServerDisconnected():
            said = "the connection broke, or no answer came in time"
        case OSError():
            said = error.strerror or type(error).__name__
        case _:
            said = type(error).__name__
    return said


def carrier(installation: Installation, settings: NotificationSettings) -> Carrier | None:
    """The carrier that the settings name, or None where mail is off.

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
