"""Listening sockets that a process is started with: what bound them keeps them while the service is exchanged.

As systemd's `.socket` units do (sd_listen_fds(3)): LISTEN_PID names the process that they are for, and LISTEN_FDS says
how many there are, from descriptor 3. A connection that comes while no process serves waits in the socket's queue, and
is neither refused nor reset.
"""

import os
import socket

from pki_revocation.errors import ConfigurationError

_FIRST = 3


def handed_on(host: str, port: int, name: str) -> socket.socket | None:
    """The socket that was handed to this process for an address; None where none was handed to it at all.

    Raises:
        ConfigurationError: when all that were are for other addresses: clients would not find the service.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    others = []
    for descriptor in range(_FIRST, _FIRST + _count()):
        found = _listening(descriptor)
        if found is None:
            continue
        if found.getsockname()[:2] == (host, port):
            # Whatever this process starts gets it on purpose or not at all.
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's positional
            return found
        others.append(":".join(map(str, found.getsockname()[:2])))
        found.detach()
    if not others:
        return None
    raise ConfigurationError(
        f"{name} is to listen on {host}:{port}, and was started with a socket for {', '.join(others)}: let the .socket "
        "unit and config.toml name the same address."
    )


def _count() -> int:
    try:
        return int(os.environ.get("LISTEN_FDS", "0"))
    except ValueError:
        return 0


def _listening(descriptor: int) -> socket.socket | None:
    """The socket with this descriptor, if it is one of TCP that listens."""
    try:
        found = socket.socket(fileno=descriptor)
    except OSError:
        return None
    is_tcp = found.family in {socket.AF_INET, socket.AF_INET6} and found.type is socket.SOCK_STREAM
    if is_tcp and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return found
    found.detach()
    return None
