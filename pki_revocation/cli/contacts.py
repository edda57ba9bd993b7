"""`pki-revocation contact`: where a certificate's subscriber reads mail; set, shown and erased."""

import json
import sys

import click

from pki_revocation.audit import AuditTrail
from pki_revocation.config.installation import Installation
from pki_revocation.errors import NotFound
from pki_revocation.model import serial_text
from pki_revocation.numbers import parse_number
from pki_revocation.runtime.clock_keeping import open_clock
from pki_revocation.subscribers import contacts
from pki_revocation.subscribers.contacts import Contact
from pki_revocation.subscribers.languages import LANGUAGES

from .options import installation_option, number_option
from .which_certificate import certificate_numbered


@click.group()
def contact() -> None:
    """The contact that is told by mail of revocations and of guessing."""


@contact.command(name="set")
@number_option
@click.option("--language", type=click.Choice(LANGUAGES), default="nl", show_default=True, help="Of its mails.")
@installation_option
def set_contact(installation: Installation, number: str, language: str) -> None:
    """Register a certificate's contact, whose address comes on standard input: no list of processes shows it."""
    found = Contact(email=sys.stdin.readline().strip(), language=language)
    with installation.checked_database() as database:
        clock = open_clock(database)
        with database.write() as connection:
            certificate = certificate_numbered(connection, number)
            contacts.store(connection, certificate.id, found)
            AuditTrail(clock).record(connection, "contact.set", {"serial": serial_text(certificate.serial)})
    click.echo("The contact is registered.")


@contact.command()
@number_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@installation_option
def show(installation: Installation, number: str, *, as_json: bool) -> None:
    """Show a certificate's contact."""
    with installation.checked_database() as database, database.read() as connection:
        found = contacts.of_number(connection, parse_number(number))
    if found is None:
        raise NotFound("There is no contact for this number.")
    document = {"email": found.email, "language": found.language}
    click.echo(json.dumps(document) if as_json else f"{found.email} ({found.language})")


@contact.command()
@number_option
@installation_option
def erase(installation: Installation, number: str) -> None:
    """Erase a certificate's contact: nothing is mailed to it any more, what waits included."""
    with installation.checked_database() as database:
        clock = open_clock(database)
        with database.write() as connection:
            certificate = certificate_numbered(connection, number)
            if not contacts.erase(connection, certificate.id):
                raise NotFound("There is no contact for this number.")
            AuditTrail(clock).record(connection, "contact.erased", {"serial": serial_text(certificate.serial)})
    click.echo("The contact is erased.")
