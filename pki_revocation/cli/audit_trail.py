"""`audit verify`: follow the chain from its beginning."""

import click

from pki_revocation.audit import verify_chain
from pki_revocation.installation import Installation

from .options import installation_option


@click.group()
def audit() -> None:
    """The audit trail: an append-only, hash-chained record of every act."""


@audit.command()
@installation_option
def verify(installation: Installation) -> None:
    """Check that no record was changed, dropped or put in."""
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            count = verify_chain(connection)
    click.echo(f"The audit chain is whole: {count} records.")
