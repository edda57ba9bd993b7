"""The listening socket of a service, bound once, before anything is started."""

import socket

from pki_revocation.errors import ConfigurationError

_BACKLOG = 1024


def bind(host: str, port: int, name: str) -> socket.socket:
    """The listening socket of a service.

    It is bound without SO_REUSEPORT, so that no second service can take the same port in silence.

    Raises:
        ConfigurationError: naming the service and the address, when it cannot be had.
    """
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
