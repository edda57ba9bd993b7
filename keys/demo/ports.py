"""The demo's ports: in a row from one base, and who holds one that is taken."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pki_revocation.config.settings import LOOPBACK
from pki_revocation.errors import PkiError

DEFAULT_BASE = 8460
_OPERATIONS = 10
SERVICES = ("web", "console", "ocsp", "distribution", "publisher", "arrivals", "notifier")
# The state of a listening socket in the kernel's table.
_LISTEN = "0A"
_WITHOUT_LISTENER = frozenset({"publisher", "arrivals", "notifier"})


class PortTaken(PkiError):
    """Another process listens on a port that the demo wants."""


@dataclass(frozen=True, slots=True)
class Ports:
    """web, console, ocsp and distribution at base + 0 to 3; operations ports ten higher, to + 15."""

    base: int

    def public(self, service: str) -> int:
        """Where the service itself listens; publisher, arrivals and notifier do not."""
        return self.base + SERVICES.index(service)

    def operations(self, service: str) -> int:
        """The port of a service's /healthz, /readyz and /metrics."""
        return self.base + _OPERATIONS + SERVICES.index(service)

    def all(self) -> dict[int, str]:
        """Every port with what it is for."""
        wanted = {self.public(name): name for name in SERVICES if name not in _WITHOUT_LISTENER}
        return wanted | {self.operations(name): f"operations of {name}" for name in SERVICES}

    def refuse_taken(self, advice: str) -> None:
        """Refuse when another process listens on any of them; called before anything is started.

        Raises:
            PortTaken: naming the port, who holds it, and what to do.
        """
        for port, use in self.all().items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((LOOPBACK, port))
                except OSError:
                    raise PortTaken(f"Port {port} ({use}) is taken by {holder(port)}: {advice}") from None


def holder(port: int) -> str:
    """The program that listens on a port, as far as this account may know; only Linux tells."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").glob("[0-9]*"):
        # The process may have ended meanwhile, or belong to another account.
        with contextlib.suppress(OSError):
            if any(str(held.readlink()) in sockets for held in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "another program"


def _listening(port: int) -> Iterator[str]:
    """The inodes of the sockets that listen on a port, as proc(5) lists them."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with contextlib.suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                _, local, _, state, *_, inode = line.split()[:10]
                if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                    yield inode
