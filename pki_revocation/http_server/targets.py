"""What a request may ask for (RFC 9112 section 3.2): a path, a whole address, and for the server itself `*`.

The form with a host and port alone is CONNECT's; a server that is no proxy says that to whoever sends it.
"""

import re
from http import HTTPStatus

from .refusals import RequestRefused

# RFC 3986 section 3.2: a name or an address, and a port; no user, no path. A name is one of DNS (section 3.2.2), with
# labels of 63 octets at most (RFC 1035 section 2.3.4): Werkzeug makes no address of any other.
_LABEL = rb"[A-Za-z0-9_~!$&'()*+,;=%-]{1,63}"
AUTHORITY = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:%b(?:\.%b)*\.?)?)(?::[0-9]*)?" % (_LABEL, _LABEL))
_SCHEMES = frozenset({b"http", b"https"})


def path_and_host(method: str, target: bytes) -> tuple[bytes, bytes | None]:
    """The path with its query; and the host of a whole address, which goes before Host (RFC 9112 section 3.2.2).

    Raises:
        RequestRefused: for a target of no form that this method may have.
    """
    if target.startswith(b"/"):
        return target, None
    if (target == b"*" and method == "OPTIONS") or method == "CONNECT":
        return target, None
    scheme, found, rest = target.partition(b"://")
    end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    host, path = rest[:end], rest[end:]
    # RFC 9110 sections 4.2.1 and 4.2.4: no host is an error, and a user in front of it hides which host it is.
    if not found or scheme.lower() not in _SCHEMES or not host or not AUTHORITY.fullmatch(host):
        raise RequestRefused(HTTPStatus.BAD_REQUEST)
    return path if path.startswith(b"/") else b"/" + path, host
