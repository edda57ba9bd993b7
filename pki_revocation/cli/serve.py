"""`pki-revocation serve web|console|ocsp|distribution|all`: one trust zone per process, or all on one machine."""

import click

from pki_revocation.config.installation import Installation
from pki_revocation.runtime.services import run_all, run_service

from .options import installation_option


@click.group()
def serve() -> None:
    """Run a service in the foreground, until SIGTERM or Ctrl-C."""


def _service_command(name: str, about: str) -> click.Command:
    @click.command(name=name, help=about)
    @click.option("--workers", type=click.IntRange(1, 64), help="Worker processes; the configuration's without it.")
    @installation_option
    def run(installation: Installation, workers: int | None) -> None:
        run_service(name, installation, workers)

    return run


serve.add_command(_service_command("web", "The subscriber's page and endpoint."))
serve.add_command(_service_command("console", "What operators look at; on loopback."))
serve.add_command(_service_command("ocsp", "The OCSP responder."))
serve.add_command(_service_command("arrivals", "The watched folder, and letters of what arrived."))
serve.add_command(_service_command("notifier", "Mail to subscribers, from the outbox."))
serve.add_command(_service_command("distribution", "CRLs and CA certificates over http."))


@serve.command(name="all")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes of page and OCSP.")
@installation_option
def serve_all(installation: Installation, workers: int | None) -> None:
    """All services and the publisher, each in a process of its own, started again when it ends."""
    run_all(installation, workers=workers)
