"""A certificate's registered contact: an address of mail and the language that is read there. Personal data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from pki_revocation.database.schema import certificates, contacts
from pki_revocation.errors import PkiError

from .languages import LANGUAGES

_LONGEST = 254
# What every mail server takes: an ASCII local part without quotes, and a domain of letters, digits and hyphens.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}"
)


class UnfitContact(PkiError):
    """An address or a language that no mail can be sent with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The address that mail goes to, and the language of that mail."""

    email: str
    language: str = "nl"

    def __post_init__(self) -> None:
        """Refuse what could not be sent, or would become another header or recipient (RFC 5321 section 4.5.3.1.3).

        Raises:
            UnfitContact: saying what is wrong, without the address.
        """
        if len(self.email) > _LONGEST or not _ADDRESS.fullmatch(self.email):
            raise UnfitContact("The contact's e-mail address cannot be used: write one such as beheer@example.nl.")
        if self.language not in LANGUAGES:
            raise UnfitContact(f"The contact's language is none of {', '.join(LANGUAGES)}.")

    @classmethod
    def of(cls, email: str, language: str) -> "Contact":
        """From what was typed, where the language may be empty: then it is Dutch.

        Raises:
            UnfitContact: as for the class.
        """
        chosen = language.strip().lower()
        return cls(email=email.strip(), language=chosen) if chosen else cls(email=email.strip())


def store(connection: Connection, certificate_id: int, contact: Contact) -> None:
    """Register the contact of a certificate, in the place of the one that it had."""
    erase(connection, certificate_id)
    add(connection, [(certificate_id, contact)])


def add(connection: Connection, added: Sequence[tuple[int, Contact]]) -> None:
    """Register contacts by certificate, where none is registered yet."""
    rows = [
        {"certificate_id": certificate_id, "email": each.email, "language": each.language}
        for certificate_id, each in added
    ]
    if rows:
        connection.execute(insert(contacts), rows)


def erase(connection: Connection, certificate_id: int) -> bool:
    """Erase a certificate's contact; True when there was one. No mail is sent from then on, nor those that wait."""
    return connection.execute(delete(contacts).where(contacts.c.certificate_id == certificate_id)).rowcount > 0


def of_number(connection: Connection, number: str) -> Contact | None:
    """The contact of the certificate with this number, if there are such a certificate and such a contact."""
    return _one(connection, certificates.c.number == number)


def of_certificate(connection: Connection, certificate_id: int) -> Contact | None:
    """The contact of the certificate with this row id, if there is one."""
    return _one(connection, certificates.c.id == certificate_id)


def _one(connection: Connection, which: ColumnElement[bool]) -> Contact | None:
    row = connection.execute(
        select(contacts.c.email, contacts.c.language)
        .join(certificates, certificates.c.id == contacts.c.certificate_id)
        .where(which)
    ).one_or_none()
    return None if row is None else Contact(email=row.email, language=row.language)
