"""What is asked during a measurement: certificates of the register, in the three ways that relying parties ask."""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection, select

from ocsp_responder.client.query import Question
from ocsp_responder.http.transport import REQUEST_TYPE
from pki_revocation.database.schema import certificates
from pki_revocation.model import Issuer

MOST_CERTIFICATES = 1000
# RFC 9654 section 2.1: clients use at least 32 octets.
_NONCE_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One way to ask. *request* makes the HTTP request for a question's DER."""

    name: str
    with_nonce: bool
    request: Callable[[str, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the HTTP request that carries it."""

    question: Question
    request: bytes


def serials(connection: Connection, issuer: Issuer, most: int = MOST_CERTIFICATES) -> tuple[int, ...]:
    """Serials of the issuer's certificates, revoked ones too; at most so many."""
    query = select(certificates.c.serial).where(certificates.c.issuer_id == issuer.id).limit(most)
    return tuple(connection.execute(query).scalars())


def get(url: str, der: bytes) -> bytes:
    """RFC 9919 section 5: what caches may keep."""
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{quote(base64.b64encode(der).decode(), safe='')}"
    return f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()


def post(url: str, der: bytes) -> bytes:
    """RFC 6960 appendix A.1."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Content-Type: {REQUEST_TYPE}\r\nContent-Length: {len(der)}\r\n\r\n"
    )
    return head.encode() + der


CACHED_GET = Asking(name="cached GET", with_nonce=False, request=get)
CACHED_POST = Asking(name="cached POST", with_nonce=False, request=post)
NONCE = Asking(name="nonce, signed live", with_nonce=True, request=post)
ASKINGS = (CACHED_GET, CACHED_POST, NONCE)


class Questions:
    """An endless row of requests about the same certificates, one after the other."""

    def __init__(self, issuer: Issuer, about: tuple[int, ...], asking: Asking, url: str) -> None:
        """What does not change between two rounds is made here, so that making it is not measured.

        Raises:
            ValueError: when there is nothing to ask about.
        """
        if not about:
            raise ValueError("no serials")
        nonce = bytes(_NONCE_OCTETS) if asking.with_nonce else None
        questions = [Question(issuer=issuer, serial=serial, nonce=nonce) for serial in about]
        self._asked = [Asked(each, asking.request(url, each.der)) for each in questions]
        self._with_nonce = asking.with_nonce
        self._next = 0

    def __len__(self) -> int:
        """How many certificates are asked about."""
        return len(self._asked)

    def next(self) -> Asked:
        """The next one; with a nonce that was never used, which is the end of the DER and so of the request."""
        asked = self._asked[self._next]
        self._next = (self._next + 1) % len(self._asked)
        if not self._with_nonce:
            return asked
        nonce = os.urandom(_NONCE_OCTETS)
        question = Question(issuer=asked.question.issuer, serial=asked.question.serial, nonce=nonce)
        return Asked(question, asked.request[:-_NONCE_OCTETS] + nonce)
