"""`pki-revocation serve all` on a fresh installation, and which of its processes belong to which service.

A service is told by its operations port, whatever its processes are called and whichever process started them.
"""

import contextlib
import http.client
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.processes import LOAD_CORE, SERVER_CORE, NotHere, family, pinned
from keys.demo.ports import SERVICES, Ports
from tests.integration.running_demo import RunningDemo, free_port_base

_START_SECONDS = 120
_PAUSE_SECONDS = 0.1
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """All services of an installation, each ready."""

    supervisor: psutil.Process
    ports: Ports
    seconds_to_ready: dict[str, float]

    def by_service(self) -> dict[str, list[psutil.Process]]:
        """The processes of each service, those that watch over a service's own workers included."""
        everyone = family(self.supervisor)
        owners = {service: self._owner(service, everyone) for service in SERVICES}
        return {
            service: family(_top(owner, self.supervisor, set(owners.values()))) for service, owner in owners.items()
        }

    def _owner(self, service: str, everyone: list[psutil.Process]) -> psutil.Process:
        port = self.ports.operations(service)
        return next(each for each in everyone if port in _listening(each))


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Serving]:
    """Make root, issuer and register as the demo does, start every service anew, and end them after the block.

    Raises:
        NotHere: when a service does not come up; with the last line of the log.
    """
    shutil.rmtree(folder, ignore_errors=True)
    ports = Ports(free_port_base())
    RunningDemo(directory=folder, arguments=["--port-base", str(ports.base)]).start().stop()
    program = Path(sys.executable).with_name("pki-revocation")
    with tempfile.NamedTemporaryFile() as output:
        log = Path(output.name)
        begun = time.monotonic()
        with pinned([program, "serve", "all", "--directory", folder], SERVER_CORE, LOAD_CORE, log=log) as supervisor:
            seconds = _wait_until_ready(ports, begun, log)
            yield Serving(supervisor=supervisor, ports=ports, seconds_to_ready=seconds)


def _wait_until_ready(ports: Ports, begun: float, log: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    while len(found) < len(SERVICES):
        for service in SERVICES:
            if service not in found and _is_ready(ports.operations(service)):
                found[service] = time.monotonic() - begun
        if time.monotonic() - begun > _START_SECONDS:
            said = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise NotHere(f"{', '.join(set(SERVICES) - found.keys())} did not come up: {said}")
        time.sleep(_PAUSE_SECONDS)
    return found


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listening(process: psutil.Process) -> set[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return {each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    return set()


def _top(owner: psutil.Process, supervisor: psutil.Process, owners: set[psutil.Process]) -> psutil.Process:
    """The highest process above an operations port's owner that is nothing to another service."""
    top = owner
    while (above := top.parent()) not in {None, supervisor} and owners & set(family(above)) == {owner}:
        top = above
    return top
