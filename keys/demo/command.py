"""The command `demo`: make or take up the folder, start every service, say what there is to try, end cleanly."""

import json
import logging
import shutil
import signal
import threading
from pathlib import Path
from types import FrameType

import click

from keys.files.file_key import KEY_TYPES
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import write_private
from pki_revocation.host.extras import require_extra
from pki_revocation.register.issuers import issuer_named

from .folder import DemoFolder, DemoRefused, DemoState
from .making import ISSUING, SUBSCRIBERS, DemoAddresses, DemoPlan, make_demo, renew_delegate
from .ports import DEFAULT_BASE, SERVICES, Ports
from .readiness import wait_until_ready
from .screen import Progress, show_addresses
from .services import DemoServices

READY = "demo.json"
_DEFAULT_CERTIFICATES = 20
_DEFAULT_KEY_TYPE = "p256"
_LAST_BASE = 65500
_POLL_SECONDS = 1.0


class _Stopped(Exception):
    """SIGINT or SIGTERM came before the services were up."""


@click.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="The demo's folder.",
)
@click.option("--certificates", type=click.IntRange(1, 100_000), help="Server certificates to issue; 20 without it.")
@click.option("--key-type", type=click.Choice(list(KEY_TYPES)), help="Of root, issuing CA and OCSP; p256 without it.")
@click.option("--database", "database_url", help="An empty database's address; SQLite in the folder without it.")
@click.option(
    "--port-base", type=click.IntRange(1024, _LAST_BASE), help=f"First port of the demo; {DEFAULT_BASE} without it."
)
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes of page and OCSP.")
def demo(
    *,
    directory: Path,
    certificates: int | None,
    key_type: str | None,
    database_url: str | None,
    port_base: int | None,
    workers: int | None,
) -> None:
    """Make a PKI to try the product on, and run every service until Ctrl-C.

    A second start on the same folder continues where the first was. Everything is plain http on this machine only.
    """
    for extra in ("documents", "lint"):
        require_extra(extra, "The demo")
    # The demo's own keys are on disk without a passphrase, as its configuration says: that needs no warning here.
    logging.getLogger("keys.files.file_key").setLevel(logging.ERROR)
    folder = DemoFolder(directory)
    directory = directory.resolve()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        (directory / READY).unlink(missing_ok=True)
        state = folder.state
        base = port_base or (state.port_base if state else DEFAULT_BASE)
        _refuse_changes(state, certificates, key_type, port_base)
        ports = Ports(base)
        other = f"end it, or take another folder and other ports: --directory {directory}-2 --port-base {base + 100}."
        ports.refuse_taken(other)
        if state is None:
            state = _make(folder, directory, ports, certificates, key_type, database_url)
        _run(directory, ports, workers, state.key_type)
    except _Stopped:
        click.echo("Stopped.", err=True)
    finally:
        (directory / READY).unlink(missing_ok=True)
        folder.close()


def _make(
    folder: DemoFolder,
    directory: Path,
    ports: Ports,
    certificates: int | None,
    key_type: str | None,
    database_url: str | None,
) -> DemoState:
    """Make the demo; when it is stopped or fails, nothing of it is left behind."""
    plan = DemoPlan(
        directory=directory,
        certificates=certificates or _DEFAULT_CERTIFICATES,
        key_type=key_type or _DEFAULT_KEY_TYPE,
        database_url=database_url,
        addresses=DemoAddresses(ports=ports),
    )
    state = DemoState(finished=False, certificates=plan.certificates, key_type=plan.key_type, port_base=ports.base)
    folder.write(state)
    try:
        make_demo(plan, SystemClock(), Progress())
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    finished = DemoState(finished=True, certificates=state.certificates, key_type=state.key_type, port_base=ports.base)
    folder.write(finished)
    return finished


def _run(directory: Path, ports: Ports, workers: int | None, key_type: str) -> None:
    installation = Installation.open(directory)
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            issuer = issuer_named(connection, ISSUING)
    renew_delegate(installation, issuer, SystemClock())
    subscribers = json.loads((directory / SUBSCRIBERS).read_text("utf-8"))
    services = DemoServices(directory, workers=workers, log=directory / "services.log")
    try:
        services.start()
        wait_until_ready(ports, directory, directory / subscribers[0]["certificate"], services.check)
        write_private(directory / READY, json.dumps(_contract(ports, subscribers), indent=2) + "\n")
        show_addresses(directory, DemoAddresses(ports=ports), subscribers, key_type=key_type)
        _until_stopped(services)
    finally:
        (directory / READY).unlink(missing_ok=True)
        services.stop()


def _until_stopped(services: DemoServices) -> None:
    """From here on a signal ends the services in order instead of interrupting whatever runs."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(_POLL_SECONDS):
        services.check()
    services.stop()
    click.echo("Stopped: everything has ended, and the data stays for the next start.", err=True)


def _contract(ports: Ports, subscribers: list[dict[str, str]]) -> dict[str, object]:
    addresses = DemoAddresses(ports=ports)
    return {
        "ready": True,
        "revocation_url": addresses.of("web", "/revoke"),
        "api_url": addresses.of("web", "/api/v1/revocations"),
        "console_url": addresses.of("console", "/"),
        "ocsp_url": addresses.of("ocsp", "/ocsp"),
        "crl_url": addresses.of("distribution", f"/crl/{ISSUING}.crl"),
        "delta_crl_url": None,
        "metrics_urls": {name: f"http://127.0.0.1:{ports.operations(name)}/metrics" for name in SERVICES},
        "issuer": "issuer.pem",
        "chain": "chain.pem",
        "certificates": subscribers,
    }


def _refuse_changes(
    state: DemoState | None, certificates: int | None, key_type: str | None, port_base: int | None
) -> None:
    """The demo's certificates name its ports and were signed with its keys: neither can be changed afterwards."""
    if state is None:
        return
    asked: dict[str, tuple[object, object]] = {
        "--certificates": (certificates, state.certificates),
        "--key-type": (key_type, state.key_type),
        "--port-base": (port_base, state.port_base),
    }
    for option, (wanted, made) in asked.items():
        if wanted is not None and wanted != made:
            raise DemoRefused(
                f"This demo was made with {option} {made}: leave the option out, or name another folder for {wanted}."
            )


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped
