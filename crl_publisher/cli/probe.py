"""`crl probe`: look at the public addresses now; and what `doctor` says of the last look."""

import json
from collections.abc import Iterator

import click

from crl_publisher.probe.states import ProbeState, probe_states_by_path
from pki_revocation.cli.check_result import CheckResult
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database


@click.command()
@click.option("--issuer", "issuer_name", help="The issuer; all of them without it.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def probe(installation: Installation, *, issuer_name: str | None, as_json: bool) -> None:
    """Fetch every published CRL through its public address, and say what a relying party would refuse.

    Ends with status 1 when there is an error.
    """
    from crl_publisher import bootstrap  # noqa: PLC0415 - only this command looks

    with installation.database() as database:
        database.check_revision()
        states = bootstrap.probe(installation, database).probe(issuer_name)
    if as_json:
        click.echo(json.dumps([state.as_json() for state in states]))
    else:
        for state in states:
            _show(state)
        if not states:
            click.echo("No CRL has been published yet.")
    if any(state.errors for state in states):
        click.get_current_context().exit(1)


def check(installation: Installation, database: Database) -> Iterator[CheckResult]:  # noqa: ARG001 - every check takes it
    """One finding for each address that was looked at."""
    with database.read() as connection:
        states = probe_states_by_path(connection)
    for state in states.values():
        says = f"CRL {state.number}, looked at {iso(state.probed_at)}"
        if state.errors and state.wrong_since is not None:
            says = f"since {iso(state.wrong_since)}: {' '.join(finding.message for finding in state.errors)}"
        yield CheckResult(f"public address {state.url}", not state.errors, says)


def _show(state: ProbeState) -> None:
    click.echo(f"{'WRONG' if state.errors else 'ok   '}  {state.url}: CRL {state.number or 'unknown'}")
    for finding in state.findings:
        click.echo(f"       {finding.level.value} {finding.id}: {finding.message}")
