"""`pki-revocation serve web|console|ocsp|distribution|all`: one trust zone per process, or all on one machine.

The services are entry points of the group `pki_revocation.services`; only the one that is asked for is imported.
"""

from importlib.metadata import entry_points

import click

from pki_revocation.config.installation import Installation
from pki_revocation.runtime.services import run_supervised, service_supervisor

from .options import installation_option

SERVICES_GROUP = "pki_revocation.services"


@click.group()
def serve() -> None:
    """Run a service in the foreground, until SIGTERM or Ctrl-C."""


def _service_command(name: str, about: str) -> click.Command:
    @click.command(name=name, help=about)
    @click.option("--workers", type=click.IntRange(1, 64), help="Worker processes; the configuration's without it.")
    @installation_option
    def run(installation: Installation, workers: int | None) -> None:
        (point,) = entry_points(group=SERVICES_GROUP, name=name)
        point.load()(installation, workers)

    return run


serve.add_command(_service_command("web", "The subscriber's page and endpoint."))
serve.add_command(_service_command("console", "What operators look at; on loopback."))
serve.add_command(_service_command("ocsp", "The OCSP responder."))
serve.add_command(_service_command("arrivals", "The watched folder, and letters of what arrived."))
serve.add_command(_service_command("notifier", "Mail to subscribers, from the outbox."))
serve.add_command(_service_command("distribution", "CRLs and CA certificates over http."))


@serve.command(name="all")
@installation_option
def serve_all(installation: Installation) -> None:
    """All services and the publisher, each in a process of its own, restarted when it ends."""
    installation.database().check_revision()
    run_supervised(service_supervisor(installation))
