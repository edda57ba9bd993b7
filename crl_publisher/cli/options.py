"""The options that the publisher's commands share."""

import click

from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.register import issuers

issuer_option = click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
json_option = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")


def issuer_named(database: Database, name: str | None) -> Issuer:
    """The issuer that --issuer names, or the default one.

    Raises:
        NotFound: when there is none.
        StoreError: when the database does not answer.
    """
    with database.read() as connection:
        return issuers.issuer_named(connection, name)
