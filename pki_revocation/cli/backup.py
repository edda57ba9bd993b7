"""`backup` and `restore`: the database in one file, and back again, or a trial of that."""

import json
from pathlib import Path

import click

from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.errors import PkiError
from pki_revocation.host.account import claimed_by
from pki_revocation.runtime.backup.restoring import drill, write_config
from pki_revocation.runtime.backup.restoring import restore as put_back
from pki_revocation.runtime.backup.taking import take
from pki_revocation.runtime.clock_keeping import open_clock

from .options import config_option, directory_option, installation_option
from .restoration import restorations

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")


@click.command()
@_file
@_json_option
@installation_option
def backup(installation: Installation, *, file: Path, as_json: bool) -> None:
    """Make a backup of the database and the configuration in FILE, while everything runs.

    Schedules, letters' codes as they are stored, journal and audit trail are in the database. Secrets and keys are not
    in it, and the answer names them: keep them apart, because with both a thief could try codes.
    """
    with installation.checked_database() as database:
        manifest = take(installation, database, file, open_clock(database), claimed_by(None))
    if as_json:
        click.echo(manifest.to_json().decode())
        return
    click.echo(f"{file}: {manifest.summary}; it was opened again, and is whole.")
    click.echo(f"Not in it, to be kept apart: {', '.join(manifest.elsewhere)}.")


@click.command()
@_file
@click.option(
    "--drill", "is_drill", is_flag=True, help="Only try it, in a temporary place, and remember that it was done."
)
@click.option(
    "--other-installation", is_flag=True, help="Also where it is of another one, or from before secrets were replaced."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json_option
@directory_option
@config_option
def restore(  # noqa: PLR0913 - one argument for each option
    directory: Path | None,
    config: Path | None,
    *,
    file: Path,
    is_drill: bool,
    other_installation: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Put the backup in FILE back, in the place of this installation's database.

    Stop every service first. The secrets that are here must be those of the installation that it is of. A SQLite file
    that is there is put aside, and a PostgreSQL database must be empty. Where the folder has no configuration, the
    backup's is taken. What the CRLs in the folder list and the backup lacks is taken back at once; where newer ones are
    elsewhere, run 'doctor --restore FILE...' before any service starts.
    """
    source = claimed_by(None)
    if not is_drill and config is None and directory is not None and write_config(directory, file):
        click.echo(f"{directory} had no configuration: the backup's was taken.", err=as_json)
    installation = Installation.open(directory, config)
    if is_drill:
        with installation.checked_database() as database:
            manifest = drill(installation, database, file, open_clock(database), source)
        click.echo(manifest.to_json().decode() if as_json else f"{file} can be restored: {manifest.summary}.")
        return
    if not yes:
        click.confirm(f"Put {file} in the place of {installation.database()}?", abort=True, err=as_json)
    done = put_back(installation, file, SystemClock(), source, of_another=other_installation)
    taken_back = _take_back(installation, source)
    if as_json:
        aside = None if done.put_aside is None else str(done.put_aside)
        manifest_json = json.loads(done.manifest.to_json())
        click.echo(json.dumps({"manifest": manifest_json, "put_aside": aside, "advice": [*taken_back, *done.advice]}))
        return
    click.echo(f"Restored: {done.manifest.summary}.")
    if done.put_aside is not None:
        click.echo(f"What was there is {done.put_aside}.")
    for sentence in (*taken_back, *done.advice):
        click.echo(sentence)


def _take_back(installation: Installation, source: dict[str, str]) -> list[str]:
    """Write what the CRLs in this folder list, before any service starts: a sentence for each issuer, or why not.

    A subscriber who revokes once more on a database that lacks the row would get a later moment than the one that
    relying parties have seen, and a row of the journal never changes.
    """
    try:
        with installation.checked_database() as database:
            found = list(restorations(installation, database, ()))
            done = [each.carry_out(source) for each in found if each.changes]
            return [*done, *(sentence for each in found for sentence in each.stays)]
    except PkiError as error:
        return [f"Nothing more was taken back from the public CRLs: {error}"]
