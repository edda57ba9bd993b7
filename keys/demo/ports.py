"""The demo's ports: in a row from one base, and who holds one that is taken."""

import socket
from dataclasses import dataclass

import psutil

from pki_revocation.config.settings import LOOPBACK
from pki_revocation.errors import PkiError

DEFAULT_BASE = 8460
_OPERATIONS = 10
SERVICES = ("web", "console", "ocsp", "distribution", "publisher", "arrivals", "notifier")
_WITHOUT_LISTENER = frozenset({"publisher", "arrivals", "notifier"})


class PortTaken(PkiError):
    """Somebody else listens where the demo wants to."""


@dataclass(frozen=True, slots=True)
class Ports:
    """web, console, ocsp and distribution at base + 0 to 3; operations ports ten higher, to + 15."""

    base: int

    def public(self, service: str) -> int:
        """Where the service itself listens; publisher, arrivals and notifier do not."""
        return self.base + SERVICES.index(service)

    def operations(self, service: str) -> int:
        """Where its /healthz, /readyz and /metrics are."""
        return self.base + _OPERATIONS + SERVICES.index(service)

    def all(self) -> dict[int, str]:
        """Every port with what it is for."""
        wanted = {self.public(name): name for name in SERVICES if name not in _WITHOUT_LISTENER}
        return wanted | {self.operations(name): f"operations of {name}" for name in SERVICES}

    def refuse_taken(self, advice: str) -> None:
        """Look at each before anything is started.

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
    """The program that listens on a port, as far as this account may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program"
