"""What the lines of a request's head say of the body behind it (RFC 9112 section 6), and of what comes before that."""

from http import HTTPStatus

from .refusals import RequestRefused

_FRAMES = frozenset({b"content-length", b"transfer-encoding"})
_WHITESPACE = b" \t"
# llhttp counts in 64 bits: no length that it lets through has more digits, but for zeros in front, of which any number
# may stand there and Python reads no more than 4,300.
_LONGEST_LENGTH = 20
# Parsed in place of a head that wished for another protocol, with what it said of its connection and its body.
_PLAIN_HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: %s\r\n%s\r\n\r\n"


def announces_body(name: bytes, value: bytes, most: int, *, is_old: bool) -> bool:
    """Whether a body follows, as Content-Length or Transfer-Encoding says.

    Args:
        name: which of the two, in small letters.
        value: of the line.
        most: octets that a body may have.
        is_old: whether the request is one in HTTP/1.0.

    Raises:
        RequestRefused: where none may follow, or a longer one than that.
    """
    if name == b"content-length":
        if len(value) > _LONGEST_LENGTH:
            value = value.strip(_WHITESPACE).lstrip(b"0") or b"0"
        length = int(value)
        if length > most:
            raise RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return length > 0
    # RFC 9112 section 6.1: from HTTP/1.0 its framing cannot be trusted.
    if is_old or value.strip(_WHITESPACE).lower() != b"chunked":
        raise RequestRefused(HTTPStatus.BAD_REQUEST)
    return True


def expects_continue(value: bytes, *, is_old: bool) -> bool:
    """Whether Expect's value asks for leave to send the body; HTTP/1.0 knew no expectations (RFC 9110 section 10.1.1).

    Raises:
        RequestRefused: for any other expectation.
    """
    if not is_old and value.strip(_WHITESPACE).lower() != b"100-continue":
        raise RequestRefused(HTTPStatus.EXPECTATION_FAILED)
    return not is_old


def plain_head(headers: list[tuple[bytes, bytes]], *, keep_alive: bool) -> bytes:
    """A head that announces the same body and wishes for no other protocol."""
    framing = next(line for line in headers if line[0] in _FRAMES)
    return _PLAIN_HEAD % (b"keep-alive" if keep_alive else b"close", b": ".join(framing))
