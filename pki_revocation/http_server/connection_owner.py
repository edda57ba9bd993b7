"""What one connection asks of whatever has all of them."""

from typing import TYPE_CHECKING, Protocol

from .limits import Limits
from .messages import Exchange

if TYPE_CHECKING:
    from .connection import Connection


class ConnectionOwner(Protocol):
    """What has all connections: the server. *now* is the loop's time, to within a second."""

    limits: Limits
    now: float
    finishing: bool

    def connection_opened(self, connection: "Connection") -> None:
        """Count a connection from now on."""
        ...

    def connection_closed(self, connection: "Connection") -> None:
        """Forget a connection: its client is gone, or was sent away."""
        ...

    def arrived(self, exchange: Exchange) -> None:
        """A request is complete."""
        ...

    def buffers(self, connection: "Connection", octets: int) -> None:
        """So many octets are kept of what the client has sent and is no complete request yet."""
        ...
