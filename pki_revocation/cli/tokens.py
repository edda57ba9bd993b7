"""`token`: who may bring certificates to `POST /api/v1/certificates`."""

import json

import click

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.register import api_tokens
from pki_revocation.runtime.clock_keeping import open_clock

from .options import installation_option

_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")


@click.group()
def token() -> None:
    """Tokens of programs that bring certificates as they are issued."""


@token.command()
@click.argument("name")
@_json_option
@installation_option
def issue(installation: Installation, *, name: str, as_json: bool) -> None:
    """Issue a token under NAME, and show it: this once, since only a hash of it is kept."""
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        with database.write() as connection:
            issued, secret = api_tokens.issue(connection, name, clock)
            AuditTrail(clock).record(connection, "token.issued", {"name": issued.name, "id": issued.id})
    click.echo(json.dumps({"name": issued.name, "id": issued.id, "token": secret}) if as_json else secret)


@token.command()
@click.argument("name")
@installation_option
def withdraw(installation: Installation, *, name: str) -> None:
    """Withdraw the token NAME: from now on it opens nothing."""
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        with database.write() as connection:
            withdrawn = api_tokens.withdraw(connection, name, clock)
            AuditTrail(clock).record(connection, "token.withdrawn", {"name": withdrawn.name, "id": withdrawn.id})
    click.echo(f"The token {withdrawn.name} is withdrawn.")


@token.command(name="list")
@_json_option
@installation_option
def list_(installation: Installation, *, as_json: bool) -> None:
    """List the tokens that there are and were; never the tokens themselves."""
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            found = api_tokens.all_tokens(connection)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "name": each.name,
                        "id": each.id,
                        "issued_at": iso(each.issued_at),
                        "withdrawn_at": None if each.withdrawn_at is None else iso(each.withdrawn_at),
                    }
                    for each in found
                ]
            )
        )
        return
    for each in found:
        end = "live" if each.withdrawn_at is None else f"withdrawn {iso(each.withdrawn_at)}"
        click.echo(f"{each.name}  {each.id}  issued {iso(each.issued_at)}  {end}")
