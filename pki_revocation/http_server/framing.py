"""What a complete head says of what follows it, and what makes it one that nothing may follow."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from .limits import Limits
from .refusals import Refused

OLD, USUAL = "1.0", "1.1"
_OF_INTEREST = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})


class Framing(NamedTuple):
    """Whether a body follows, and whether the client waits to be told to send it."""

    has_body: bool
    expects: bool


def framing(headers: Iterable[tuple[bytes, bytes]], version: str, limits: Limits) -> Framing:
    """Read it out of the header lines, whose names are in lower case.

    Raises:
        Refused: 505 for a version other than 1.0 and 1.1; 400 unless there is one Host (RFC 9112 section 3.2), or for
            chunks in HTTP/1.0 (section 6.1); 413, 417 and 501 for a body, an expectation and a coding not taken here.
    """
    if version not in {USUAL, OLD}:
        raise Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    hosts = 0
    has_body = expects = False
    for name, value in headers:
        if name not in _OF_INTEREST:
            continue
        if name == b"host":
            hosts += 1
        elif name == b"expect":
            # HTTP/1.0 knew no expectations (RFC 9110 section 10.1.1).
            expects = version == USUAL and _continue_expected(value)
        else:
            has_body = True
            _check_body(name, value, version, limits)
    if hosts > 1 or (hosts == 0 and version == USUAL):
        raise Refused(HTTPStatus.BAD_REQUEST)
    return Framing(has_body, expects)


def _continue_expected(value: bytes) -> bool:
    if value.lower() != b"100-continue":
        raise Refused(HTTPStatus.EXPECTATION_FAILED)
    return True


def _check_body(name: bytes, value: bytes, version: str, limits: Limits) -> None:
    if name == b"content-length":
        if int(value) > limits.body:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    elif version == OLD:
        raise Refused(HTTPStatus.BAD_REQUEST)
    elif value.lower() != b"chunked":
        raise Refused(HTTPStatus.NOT_IMPLEMENTED)
