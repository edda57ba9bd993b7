"""`crl outlets`: what each outlet holds; and what `doctor` says of it."""

import json
from collections.abc import Iterator

import click

from crl_publisher.outlets.published_files import PUBLISHED, PublishedFiles
from crl_publisher.outlets.settings import OutletSettings
from crl_publisher.outlets.states import OutletState, all_outlet_states
from pki_revocation.cli.check_result import CheckResult
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.register.issuers import all_issuers


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def outlets(installation: Installation, *, as_json: bool) -> None:
    """What each [outlets.NAME] holds of each file, since when, and why not the newest.

    Ends with status 1 when one of them does not hold the newest.
    """
    with installation.database() as database:
        database.check_revision()
        states = _states(installation, database)
    if as_json:
        click.echo(json.dumps([state.as_json() for state in states]))
    else:
        for state in states:
            click.echo(f"{'WRONG' if state.failures else 'ok   '}  {state.outlet}  {state.path}: {_says(state)}")
        if not states:
            click.echo("No outlet is configured beside published/, or none was written to yet.")
    if any(state.failures for state in states):
        click.get_current_context().exit(1)


def check(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """What lies in published/ that nothing of ours wrote; and one finding for each outlet."""
    with database.read() as connection:
        issuers = [issuer.name for issuer in all_issuers(connection)]
    for sentence in PublishedFiles(installation.path(PUBLISHED)).strangers(issuers):
        yield CheckResult("published", well=False, says=f"{sentence} Take it away, or find out who put it there.")
    by_outlet: dict[str, list[OutletState]] = {}
    for state in _states(installation, database):
        by_outlet.setdefault(state.outlet, []).append(state)
    for name in installation.sections(OutletSettings):
        states = by_outlet.get(name, [])
        wrong = [state for state in states if state.failures]
        says = f"{len(states)} files, all up to date" if states else "nothing was written to it yet"
        if wrong:
            says = " ".join(f"{state.path}: {_says(state)}" for state in wrong)
        yield CheckResult(f"outlet {name}", not wrong, says)


def _states(installation: Installation, database: Database) -> tuple[OutletState, ...]:
    """The recorded states of the outlets that are still configured."""
    configured = installation.sections(OutletSettings)
    with database.read() as connection:
        return tuple(state for state in all_outlet_states(connection) if state.outlet in configured)


def _says(state: OutletState) -> str:
    held = "it holds nothing yet"
    if state.held_since is not None:
        what = "the file" if state.number is None else f"CRL {state.number}"
        held = f"it holds {what} since {iso(state.held_since)}"
    if not state.failures or state.next_attempt_at is None:
        return f"{held}."
    return f"{held}; next attempt {iso(state.next_attempt_at)}, after {state.failures} that failed: {state.failure}"
