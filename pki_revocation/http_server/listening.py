"""The listening socket of a service, bound once, before anything is started, or handed to it by what bound it."""

import socket

from pki_revocation.errors import ConfigurationError

from .handed_on import handed_on

_BACKLOG = 1024


def bind(host: str, port: int, name: str) -> socket.socket:
    """The listening socket of a service: the one that this process was started with for it, or a new one.

    A new one is bound without SO_REUSEPORT, so that no second service can take the same port in silence.

    Raises:
        ConfigurationError: naming the service and the address, when it cannot be had.
    """
    handed = handed_on(host, port, name)
    if handed is not None:
        return handed
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Only what lingers of an earlier life may be passed over: Linux refuses a second listener all the same.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ConfigurationError(f"{name} cannot listen on {host}:{port}: {error.strerror or error}.") from error
    return listening
