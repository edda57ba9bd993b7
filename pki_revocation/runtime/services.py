"""Every service of an installation, supervised on one machine."""

import signal
from pathlib import Path

from pki_revocation.config.installation import Installation

from .supervisor import Supervisor

# The publisher first: whoever looks at /readyz of the others may want a CRL to be there.
ALL = ("publisher", "distribution", "ocsp", "web", "console", "arrivals", "notifier")


def service_supervisor(
    installation: Installation, *, workers: int | None = None, log: Path | None = None
) -> Supervisor:
    """A supervisor of every service of an installation; *workers* for the web and OCSP services."""
    where = ["--directory", str(installation.directory), "--config", str(installation.config)]
    services = []
    for name in ALL:
        command = ["publisher"] if name == "publisher" else ["serve", name]
        if workers is not None and name in {"web", "ocsp"}:
            command += ["--workers", str(workers)]
        services.append((name, [*command, *where]))
    return Supervisor(services, log=log)


def run_supervised(supervisor: Supervisor) -> None:
    """Start, keep running, and end on SIGINT or SIGTERM.

    Raises:
        ServiceFailed: when a service does not stay up.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.request_stop())
    try:
        supervisor.start()
        supervisor.run()
    finally:
        supervisor.stop()
