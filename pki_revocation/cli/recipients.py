"""`pki-revocation recipient`: the recipient of a certificate's letter; set, shown and erased."""

import json
import sys

import click

from pki_revocation.audit import AuditTrail
from pki_revocation.config.installation import Installation
from pki_revocation.errors import NotFound, PkiError
from pki_revocation.host.account import claimed_by
from pki_revocation.model import serial_text
from pki_revocation.register.certificates import rename_organisation
from pki_revocation.register.letter_recipients import erase_recipient, recipient_of, store_recipient
from pki_revocation.runtime.clock_keeping import open_clock
from pki_revocation.subscribers.languages import LANGUAGES
from pki_revocation.subscribers.recipients import Recipient, UnfitRecipient

from .options import by_option, installation_option, number_option
from .which_certificate import certificate_numbered

# What the subject of a certificate may have at most (RFC 5280 appendix A, ub-organization-name).
_LONGEST_ORGANISATION = 64


class UnfitOrganisation(PkiError):
    """A name that no letter can be addressed to."""


class NothingToChange(PkiError):
    """The command asks for what is registered already."""

    def __init__(self) -> None:
        super().__init__(
            "There is nothing to change: give the address on standard input, --language, or --organisation."
        )


@click.group()
def recipient() -> None:
    """The recipient of a certificate's letter: language, address, and the organisation above it."""


@recipient.command(name="set")
@number_option
@click.option("--language", type=click.Choice(LANGUAGES), help="The letter's language; the registered one without it.")
@click.option("--organisation", help="Where a row was imported without its certificate, which names it itself.")
@by_option
@installation_option
def set_recipient(
    installation: Installation, number: str, *, language: str | None, organisation: str | None, by: str | None
) -> None:
    """Correct the recipient of a letter; the lines of the address come on standard input.

    Without a line there, the address that is registered stays. A letter that was sent already is sent anew with
    'pki-revocation letter reissue', which kills the code of the first.
    """
    lines = sys.stdin.read().splitlines()
    with installation.checked_database() as database:
        clock = open_clock(database)
        with database.write() as connection:
            certificate = certificate_numbered(connection, number)
            before = recipient_of(connection, certificate.id) or Recipient()
            after = _corrected(before, language, lines)
            changed = [name for name in ("language", "address") if getattr(before, name) != getattr(after, name)]
            if changed:
                store_recipient(connection, certificate.id, after)
            name = certificate.organisation if organisation is None else _organisation(organisation)
            if name != certificate.organisation:
                rename_organisation(connection, certificate, name)
                changed.append("organisation")
            if not changed:
                raise NothingToChange
            detail = {"serial": serial_text(certificate.serial), "changed": changed}
            AuditTrail(clock).record(connection, "recipient.set", detail, personal=claimed_by(by, key="by"))
    click.echo("The recipient is registered.")


@recipient.command()
@number_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@installation_option
def show(installation: Installation, number: str, *, as_json: bool) -> None:
    """Show the recipient of a certificate's letter, as the address window does."""
    with installation.checked_database() as database, database.read() as connection:
        certificate = certificate_numbered(connection, number)
        found = recipient_of(connection, certificate.id) or Recipient()
    if as_json:
        document = {"organisation": certificate.organisation, "address": found.address, "language": found.language}
        click.echo(json.dumps(document))
        return
    for line in (certificate.organisation or certificate.subject, *found.address):
        click.echo(line)
    click.echo(f"({found.language or 'no language of its own'})")


@recipient.command()
@number_option
@by_option
@installation_option
def erase(installation: Installation, number: str, *, by: str | None) -> None:
    """Erase language and address of a certificate's letter."""
    with installation.checked_database() as database:
        clock = open_clock(database)
        with database.write() as connection:
            certificate = certificate_numbered(connection, number)
            if not erase_recipient(connection, certificate.id):
                raise NotFound("There is no language and no address for this number.")
            detail = {"serial": serial_text(certificate.serial)}
            AuditTrail(clock).record(connection, "recipient.erased", detail, personal=claimed_by(by, key="by"))
    click.echo("The recipient is erased.")


def _corrected(before: Recipient, language: str | None, lines: list[str]) -> Recipient:
    try:
        given = Recipient.of(language or "", lines) or Recipient()
    except UnfitRecipient as error:
        raise click.UsageError(str(error)) from None
    return Recipient(language=given.language or before.language, address=given.address or before.address)


def _organisation(text: str) -> str:
    name = " ".join(text.split())
    if not name or not name.isprintable() or len(name) > _LONGEST_ORGANISATION:
        raise UnfitOrganisation(
            f"The organisation is empty, has over {_LONGEST_ORGANISATION} characters, or some that cannot be printed."
        )
    return name
