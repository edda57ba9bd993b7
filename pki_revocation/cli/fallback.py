"""`fallback export`: the page that the web server in front shows when everything else is down."""

from pathlib import Path

import click

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import ContactSettings
from pki_revocation.web.fallback_files import export_fallback

from .options import installation_option


@click.group()
def fallback() -> None:
    """What subscribers see when the page cannot be used."""


@fallback.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@installation_option
def export(installation: Installation, folder: Path) -> None:
    """Write the fall-back page and the form into FOLDER, for the web server in front; see deploy/nginx.

    Do it again after each upgrade, and when [contact] has changed. It needs no database.
    """
    for name in export_fallback(folder, installation.section(ContactSettings)):
        click.echo(f"Written: {folder / name}")
