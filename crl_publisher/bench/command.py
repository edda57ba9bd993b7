"""`pki-revocation bench crl`: what CRLs of many entries cost on this machine."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from pki_revocation.cli.options import installation_option
from pki_revocation.clock import SystemClock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.errors import PkiError
from pki_revocation.host.machine import this_machine

from .register import make_register
from .trial import Cost, Costs

_STEPS = 1000
# A register on disk with its write-ahead log and two CRLs.
_OCTETS_FOR_EACH = 1500


@click.command()
@click.option(
    "--entries",
    type=click.IntRange(1, 20_000_000),
    default=100_000,
    show_default=True,
    help="How many revoked certificates.",
)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@installation_option
def bench(installation: Installation, *, entries: int, as_json: bool) -> None:
    """Make a register of its own with so many revoked certificates, and publish CRLs of them.

    It lies in a new folder beside the installation's files, on the same disk, and is gone in the end. Nothing of the
    installation is touched.
    """
    _refuse_without_room(installation.directory, entries)
    with tempfile.TemporaryDirectory(prefix="bench-crl-", dir=installation.directory) as folder:
        label = f"{entries:,} revoked certificates"
        with click.progressbar(length=_STEPS, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            make_register(Path(folder), entries, lambda share: bar.update(int(min(share, 1) * _STEPS) - bar.pos))
        costs = run_trial(Path(folder))
    machine = this_machine()
    if as_json:
        now = iso(SystemClock().now())
        click.echo(json.dumps({"measured_at": now, "machine": machine.as_dict()} | asdict(costs)))
        return
    click.echo(f"{costs.entries:,} entries, {costs.size:,} octets")
    click.echo(f"{machine}")
    click.echo(f"{'':34}{'CPU s':>10}{'seconds':>10}")
    for name, cost in (
        ("make the entries, once", costs.apply),
        ("stored entries to a signed CRL", costs.build),
        ("first CRL, gate and publication", costs.first),
        ("next CRL, gate and publication", costs.next),
    ):
        click.echo(f"{name:34}{cost.cpu:10.2f}{cost.wall:10.2f}")
    click.echo(f"Peak memory {costs.peak_mib:.0f} MiB over the {costs.base_mib:.0f} MiB of the process before.")


def run_trial(folder: Path) -> Costs:
    """Publish a register's CRLs in a process of its own.

    Raises:
        PkiError: when it fails, with its last words.
    """
    command = [sys.executable, "-m", "crl_publisher.bench.trial", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this very program
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise PkiError(f"The CRLs could not be made: {said[-1] if said else 'no reason given'}")
    found = json.loads(done.stdout)
    for name in ("apply", "build", "first", "next"):
        found[name] = Cost(**found[name])
    return Costs(**found)


def _refuse_without_room(folder: Path, entries: int) -> None:
    needed, free = entries * _OCTETS_FOR_EACH, shutil.disk_usage(folder).free
    if free < needed:
        raise PkiError(
            f"{entries:,} entries need {needed / 2**30:.1f} GiB in {folder}, and {free / 2**30:.1f} GiB are free."
        )
