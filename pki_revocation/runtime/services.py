"""Every service of an installation, supervised on one machine.

The services are entry points of the group `pki_revocation.services`. Each is looked up and imported in its own process,
so that none holds another's code: the supervisor imports only what `preloading` names.
"""

import logging
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from pki_revocation.config.installation import Installation
from pki_revocation.errors import PkiError, StoreError
from pki_revocation.host.extras import ExtraMissing, extra_of
from pki_revocation.host.installed import PROGRAM, brought, program_version
from pki_revocation.host.process_title import show_command

from .child_process import ChildProcess
from .preloading import preload
from .supervisor import Supervisor

_log = logging.getLogger(__name__)
SERVICES_GROUP = "pki_revocation.services"
# The publisher first: the readiness of the others may ask for a CRL.
ALL = ("publisher", "distribution", "ocsp", "web", "console", "arrivals", "notifier")
# Those that `--workers` is about; of the others there is one process.
_WITH_WORKERS = frozenset({"web", "ocsp"})


class CannotServe(PkiError):
    """No service could work; the sentence says why."""


def run_service(name: str, installation: Installation, workers: int | None = None) -> None:
    """Run one service in this process, until SIGTERM or SIGINT.

    Raises:
        PkiError: when it cannot start.
    """
    (point,) = brought(SERVICES_GROUP).select(name=name)
    _log.info("%s starts: %s %s, configuration %s", name, PROGRAM, program_version(), installation.config)
    try:
        point.load()(installation, workers)
    except ModuleNotFoundError as error:
        extra = extra_of(error)
        if extra is None:
            raise
        raise ExtraMissing(extra, f"The service {name}") from error


def run_all(installation: Installation, *, workers: int | None = None) -> None:
    """Run all services, each in a process of its own, until SIGINT, SIGTERM or SIGHUP.

    Args:
        installation: what is wrong with it as a whole is refused here; what is wrong with a service's own section is
            that service's trouble alone.
        workers: processes of page and OCSP, where it is not the configuration that says how many.

    Raises:
        CannotServe: when the database cannot be used.
    """
    preload()
    _refuse_unusable_database(installation)
    directory, config = installation.directory, installation.config
    services = {
        name: partial(_serve, name, directory, config, workers if name in _WITH_WORKERS else None) for name in ALL
    }
    supervisor = Supervisor(services, directory=directory)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.request_stop())
    supervisor.run()


def _serve(name: str, directory: Path, config: Path, workers: int | None) -> None:
    """In the child: what the command `serve NAME` does."""
    command = ["publisher"] if name == "publisher" else ["serve", name]
    if workers is not None:
        command += ["--workers", str(workers)]
    _show(name, [*command, "--directory", str(directory), "--config", str(config)])
    try:
        # Read anew: an operator may have mended it since the last start.
        run_service(name, Installation.open(directory, config), workers)
    except SQLAlchemyError as error:
        first, *_ = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise StoreError(f"The database refused: {first}") from error


def _show(name: str, command: Sequence[str]) -> None:
    sys.argv = ["pki-revocation", *command]
    show_command(f"pki-{name}", [sys.executable, "-m", "pki_revocation", *command])


def _refuse_unusable_database(installation: Installation) -> None:
    """In a child, because what a connection leaves behind in a process must not be forked."""
    child = ChildProcess(partial(_check_database, installation), is_quiet=True)
    child.start()
    child.wait()
    status, words = child.end()
    if status:
        raise CannotServe(words)


def _check_database(installation: Installation) -> None:
    with installation.database() as database:
        database.check_revision()
