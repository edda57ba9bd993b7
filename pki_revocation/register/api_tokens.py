"""Tokens of programs that bring certificates: shown once, kept as a hash, withdrawn by the operator.

A token is `prt_`, a public part by which its row is found, and 256 bits from the operating system's generator. Against
so much chance no slow hash is needed: NIST SP 800-63B asks for one below 112 bits.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from pki_revocation.clock import Clock
from pki_revocation.database.schema import api_tokens
from pki_revocation.errors import NotFound, PkiError

_PUBLIC_OCTETS = 6
_SECRET_OCTETS = 32
_TOKEN = re.compile(rf"prt_([0-9a-f]{{{2 * _PUBLIC_OCTETS}}})_([0-9a-f]{{{2 * _SECRET_OCTETS}}})")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
# What a token of an unknown row is compared with, so that it takes as long as any other.
_NO_SECRET = bytes(hashlib.sha256().digest_size)


class TokenRefused(PkiError):
    """A name that a token cannot have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What is known of a token: never the token itself."""

    id: str
    name: str
    issued_at: datetime
    withdrawn_at: datetime | None


def issue(connection: Connection, name: str, clock: Clock) -> tuple[ApiToken, str]:
    """A new token, to be handed over now: it cannot be shown again.

    Raises:
        TokenRefused: when the name will not do, or another live token has it.
    """
    if not _NAME.fullmatch(name):
        raise TokenRefused(
            f"The name {name[:64]!r} will not do: use letters, digits, full stops, hyphens and underscores, 64 at most."
        )
    if any(each.name == name and each.withdrawn_at is None for each in all_tokens(connection)):
        raise TokenRefused(f"There is a token {name!r} already: withdraw it, or choose another name.")
    public, secret = secrets.token_hex(_PUBLIC_OCTETS), secrets.token_hex(_SECRET_OCTETS)
    now = clock.now()
    connection.execute(insert(api_tokens).values(id=public, name=name, digest=_digest(secret), issued_at=now))
    return ApiToken(id=public, name=name, issued_at=now, withdrawn_at=None), f"prt_{public}_{secret}"


def withdraw(connection: Connection, name: str, clock: Clock) -> ApiToken:
    """From the end of this transaction on, the live token of that name opens nothing.

    Raises:
        NotFound: when there is no live token of that name.
    """
    for each in all_tokens(connection):
        if each.name == name and each.withdrawn_at is None:
            now = clock.now()
            connection.execute(update(api_tokens).where(api_tokens.c.id == each.id).values(withdrawn_at=now))
            return ApiToken(id=each.id, name=each.name, issued_at=each.issued_at, withdrawn_at=now)
    raise NotFound(f"There is no live token {name[:64]!r}: see 'pki-revocation token list'.")


def all_tokens(connection: Connection) -> Sequence[ApiToken]:
    """Every token there ever was, in the order in which they were issued."""
    rows = connection.execute(select(api_tokens).order_by(api_tokens.c.issued_at, api_tokens.c.id))
    return [ApiToken(id=row.id, name=row.name, issued_at=row.issued_at, withdrawn_at=row.withdrawn_at) for row in rows]


def bearer_of(connection: Connection, token: str) -> ApiToken | None:
    """Whose live token this is, or None; compared in constant time."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    row = connection.execute(select(api_tokens).where(api_tokens.c.id == found[1])).one_or_none()
    fits = hmac.compare_digest(_NO_SECRET if row is None else row.digest, _digest(found[2]))
    if row is None or not fits or row.withdrawn_at is not None:
        return None
    return ApiToken(id=row.id, name=row.name, issued_at=row.issued_at, withdrawn_at=None)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
