"""`init`: an installation's folder and its database."""

from pathlib import Path

import click

from pki_revocation.config.secret_files import PEPPER, SESSION
from pki_revocation.runtime.new_installation import FIRST_CONFIG, config_with_database, set_up


@click.command()
@click.option(
    "--directory", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The folder to set up."
)
@click.option("--database", "url", help="Database address for a new configuration; SQLite in the folder without it.")
@click.option(
    "--replace",
    type=click.Choice([PEPPER, SESSION]),
    multiple=True,
    help="Make a new secret in place of one that is lost for good: codes die with their pepper.",
)
def init(directory: Path, url: str | None, replace: tuple[str, ...]) -> None:
    """Set up an installation, or bring its database to this program's revision.

    Makes the folder, config.toml, the secrets and the tables; what is there already stays as it is. For a database that
    was set up before, no second pepper and no second session key are made.
    """
    installation = set_up(directory, FIRST_CONFIG if url is None else config_with_database(url), replace=replace)
    click.echo(f"Ready: {installation.directory} with database {installation.database()}")
    click.echo("Back up the folder 'secrets' apart from the database: without the pepper every code is dead.")
