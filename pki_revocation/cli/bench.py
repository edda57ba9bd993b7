"""`pki-revocation bench`: how fast an installation is on the machine it runs on.

Each service brings its own by the entry-point group `pki_revocation.benchmarks`.
"""

import click

from .entry_point_group import EntryPointGroup


@click.group(cls=EntryPointGroup, commands_from="pki_revocation.benchmarks")
def bench() -> None:
    """Measure how fast this installation answers, on this machine."""
