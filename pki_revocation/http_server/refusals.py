"""What the server itself answers to what no application should see: one line, which no cache may keep."""

from email.utils import formatdate
from http import HTTPStatus


class RequestRefused(Exception):
    """A request that goes no further; *status* is its answer, after which the connection ends."""

    def __init__(self, status: HTTPStatus) -> None:
        self.status = status
        super().__init__(status.phrase)


def refusal(status: HTTPStatus, *more: str) -> tuple[bytes, bytes]:
    """Head and body of an answer with one line of text; *more* are whole header lines."""
    body = f"{status.phrase}.\n".encode()
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        # Also in front of pages: nothing of it is to be run or framed (OWASP ASVS 5.0, 3.4).
        "X-Content-Type-Options: nosniff",
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
        f"Date: {formatdate(usegmt=True)}",
        *more,
    )
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1"), body
