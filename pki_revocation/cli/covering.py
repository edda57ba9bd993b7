"""`letter cover`: the covering lists of a run of letters, made from its manifest."""

from pathlib import Path

import click

from pki_revocation.config.installation import Installation
from pki_revocation.host.extras import require_extra
from pki_revocation.runtime.clock_keeping import open_clock

from .options import installation_option


@click.command()
@click.argument("manifests", nargs=-1, required=True, metavar="MANIFEST...", type=click.Path(path_type=Path))
@installation_option
def cover(installation: Installation, *, manifests: tuple[Path, ...]) -> None:
    """Make the covering lists of runs: a sheet for each subscriber who gets several letters in one of them.

    A list has host name, number and place of each letter, and no code. They lie in one PDF beside the manifest. With
    covering_lists in [letters], each run makes its own.
    """
    require_extra("documents", "Making covering lists")
    from pki_revocation.documents.letters.bootstrap import covering_lists  # noqa: PLC0415 - behind the extra's sentence

    with installation.database() as database:
        database.check_revision()
        lists = covering_lists(installation, database, open_clock(database))
        for manifest in manifests:
            made = lists.make(manifest)
            click.echo(f"Covering lists: {made}" if made else f"{manifest}: no subscriber gets two letters.")
