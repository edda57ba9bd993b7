"""`clock`: what each machine's clock says, and an operator's word that this machine's is right."""

import json

import click

from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.host.account import claimed_by
from pki_revocation.register.clock_look import ClockLook, clock_troubles
from pki_revocation.runtime.clock_keeping import open_clock, process_trouble

from .options import installation_option


@click.group()
def clock() -> None:
    """Hold the clocks of machines against their boot clocks, and accept this machine's where they disagree."""


@clock.command()
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def show(installation: Installation, *, as_json: bool) -> None:
    """Say what is dated now, and for each machine how far its clock is from its mark and from the database's server."""
    with installation.database() as database:
        database.check_revision()
        here = open_clock(database)
        with database.read() as connection:
            machines = clock_troubles(connection, here.now())
    known = here.judgement()
    own = process_trouble(here.machine)
    if as_json:
        answer = {
            "dated": iso(known.moment),
            "agreed": known.agreed,
            "trouble": own or here.witnesses().trouble,
            "machines": [
                {
                    "host": mark.host,
                    "mark": iso(mark.wall),
                    "made_by": mark.made_by.value,
                    "proven": mark.is_proven,
                    "offset_seconds": mark.observed_offset,
                    "server_offset_seconds": mark.server_offset,
                    "observed_at": iso(mark.observed_at),
                    "trouble": trouble or None,
                }
                for mark, trouble in machines
            ],
        }
        click.echo(json.dumps(answer))
        return
    click.echo(f"What is dated now gets {iso(known.moment)}; {'two clocks agree' if known.agreed else 'in doubt'}.")
    if own is not None:
        click.echo(f"Here, {own}.")
    for mark, trouble in machines:
        says = trouble or f"{mark.observed_offset:+d} s against its boot clock"
        click.echo(f"{mark.host}: {says} (mark of {iso(mark.wall)}, {mark.made_by}; seen at {iso(mark.observed_at)})")


@clock.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@installation_option
def accept(installation: Installation, *, yes: bool) -> None:
    """Say that this machine's clock is right now: a new mark is made, and what lies in the future is taken back.

    Look at another clock first. Revocations keep the times that they were recorded with; what is dated from now on gets
    this clock's time. The audit trail records it, with the operator's name.
    """
    with installation.database() as database:
        database.check_revision()
        here = open_clock(database)
        now = here.machine.now()
        if not yes:
            click.confirm(f"This machine says {iso(now)}. Is that right?", abort=True)
        mark, taken_back = ClockLook.of(database, here.machine, here.kernel).accept(claimed_by(None))
    click.echo(f"The mark of {mark.host} is {iso(mark.wall)} from now on.")
    for issuer, last_at in taken_back:
        click.echo(
            f"The journal of {issuer.name} had reached {iso(last_at)}, and is taken back to the present. "
            f"Replace its CRL now: pki-revocation crl publish --issuer '{issuer.name}'"
        )
