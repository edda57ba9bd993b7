"""`audit verify`: follow the chain from its beginning."""

import click

from pki_revocation.audit import head_digest, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.config.installation import Installation

from .options import installation_option


@click.group()
def audit() -> None:
    """The audit trail: an append-only, hash-chained record of every act."""


@audit.command()
@installation_option
def verify(installation: Installation) -> None:
    """Check that no record was changed, dropped or put in, and that the journal is what the records vouch for.

    An account that can write the whole database can also write a whole new chain: keep the digest that this prints
    elsewhere, and compare it with the same record's later.
    """
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            count = verify_chain(connection)
            rows = verify_journal(connection)
            head = head_digest(connection)
    click.echo(f"The audit chain is whole: {count} records, which vouch for {rows} journal rows.")
    click.echo(f"Record {count} has digest {head}")
