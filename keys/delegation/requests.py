"""The rows by which responders ask the publisher for certificates, and by which they get them.

The database itself holds that one request of a responder waits at a time, and that no key is asked for twice; an
account of the responder's needs INSERT and SELECT here alone.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from keys.errors import UnusableKey
from pki_revocation.database.schema import delegate_requests as requests
from pki_revocation.database.schema import delegate_responders as responders
from pki_revocation.model import Issuer

_LONGEST_NAME = 64
_REFUSALS_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """A registered responder; *public_key* is its enrolment key's."""

    id: int
    name: str
    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateRequest:
    """A request in DER, its enrolment signature, and what came of it."""

    id: int
    responder: Responder
    request: bytes
    signature: bytes
    requested_at: datetime
    answered_at: datetime | None
    certificate: bytes | None
    refusal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestDelegate:
    """Until when the newest certificate of a responder is valid; None where none was issued."""

    responder: Responder
    registered_at: datetime
    issued_at: datetime | None
    not_after: datetime | None


def key_digest(request: x509.CertificateSigningRequest) -> bytes:
    """SHA-256 over the requested key's SubjectPublicKeyInfo, 32 octets: what requests are looked up by."""
    return hashlib.sha256(request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def register_responder(
    connection: Connection, issuer: Issuer, name: str, public_key: bytes, now: datetime, *, replace: bool = False
) -> None:
    """Let a responder ask for certificates of an issuer; with *replace* one of the same name loses its right to it.

    Raises:
        UnusableKey: when the name is none, or another key's, or this key is or was registered under another one.
    """
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise UnusableKey(f"A responder's name has 1 to {_LONGEST_NAME} characters that can be printed.")
    mine = (responders.c.issuer_id == issuer.id) & (responders.c.name == name)
    found = connection.execute(select(responders).where(mine)).one_or_none()
    if found is not None and found.ended_at is None and bytes(found.public_key) != public_key and not replace:
        raise UnusableKey(
            f"The responder {name!r} is registered with another enrolment key, and would get no more certificates: "
            "give this one a name of its own with --name, or say --replace when that one is gone."
        )
    values = {"public_key": public_key, "registered_at": now, "ended_at": None}
    try:
        with connection.begin_nested():
            if found is None:
                connection.execute(insert(responders).values(values | {"issuer_id": issuer.id, "name": name}))
            else:
                connection.execute(update(responders).where(mine).values(values))
    except IntegrityError:
        query = select(responders.c.name).where(
            responders.c.issuer_id == issuer.id, responders.c.public_key == public_key
        )
        other = connection.execute(query).scalar_one()
        raise UnusableKey(f"This enrolment key is known already, under the name {other!r}: register it so.") from None


def end_responder(connection: Connection, issuer: Issuer, name: str, now: datetime) -> None:
    """End a responder's registration: it gets no certificates from then on.

    Raises:
        UnusableKey: when there is none of this name.
    """
    mine = (responders.c.issuer_id == issuer.id) & (responders.c.name == name) & responders.c.ended_at.is_(None)
    if connection.execute(update(responders).where(mine).values(ended_at=now)).rowcount == 0:
        raise UnusableKey(f"No responder {name!r} is registered for {issuer.name}.")


def responder_with_key(connection: Connection, issuer: Issuer, public_key: bytes) -> Responder | None:
    """The registered responder with this enrolment key."""
    row = connection.execute(
        select(responders).where(
            responders.c.issuer_id == issuer.id,
            responders.c.public_key == public_key,
            responders.c.ended_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else Responder(id=row.id, name=row.name, public_key=row.public_key)


def submit(
    connection: Connection, responder: Responder, request: bytes, signature: bytes, *, digest: bytes, now: datetime
) -> None:
    """Write a responder's request for a certificate; the database refuses a second one while one waits.

    Raises:
        sqlalchemy.exc.IntegrityError: then, and for a key that was asked for before.
    """
    connection.execute(
        insert(requests).values(
            responder_id=responder.id, request=request, signature=signature, key_sha256=digest, requested_at=now
        )
    )


def record_given(  # noqa: PLR0913 - a whole row
    connection: Connection,
    responder: Responder,
    request: bytes,
    signature: bytes,
    *,
    digest: bytes,
    certificate: x509.Certificate,
    now: datetime,
) -> None:
    """Record what an operator gave a responder by hand, so that it is not issued another one for the same key."""
    values = {
        "certificate": certificate.public_bytes(Encoding.DER),
        "not_after": certificate.not_valid_after_utc,
        "refusal": None,
        "answered_at": now,
    }
    if connection.execute(update(requests).where(requests.c.key_sha256 == digest).values(values)).rowcount == 0:
        asked = {"request": request, "signature": signature, "key_sha256": digest, "requested_at": now}
        connection.execute(insert(requests).values(values | asked | {"responder_id": responder.id}))


def request_for(connection: Connection, digest: bytes) -> DelegateRequest | None:
    """The request for a key, with its answer where it has one; None where there is none for this key."""
    row = connection.execute(_joined().where(requests.c.key_sha256 == digest)).one_or_none()
    return None if row is None else _request(row)


def waiting(connection: Connection, issuer: Issuer) -> list[DelegateRequest]:
    """The unanswered requests of an issuer's registered responders, the oldest first."""
    asked = _joined().where(
        responders.c.issuer_id == issuer.id, responders.c.ended_at.is_(None), requests.c.answered_at.is_(None)
    )
    return [_request(row) for row in connection.execute(asked.order_by(requests.c.id))]


def grant(connection: Connection, request: DelegateRequest, certificate: x509.Certificate, now: datetime) -> None:
    """Answer a request with its certificate, in the connection's transaction."""
    connection.execute(
        update(requests)
        .where(requests.c.id == request.id)
        .values(
            certificate=certificate.public_bytes(Encoding.DER),
            not_after=certificate.not_valid_after_utc,
            answered_at=now,
        )
    )


def refuse(connection: Connection, request: DelegateRequest, why: str, now: datetime) -> None:
    """Answer a request with the reason why it gets no certificate; old refusals are deleted."""
    connection.execute(update(requests).where(requests.c.id == request.id).values(refusal=why, answered_at=now))
    old = requests.c.refusal.is_not(None) & (requests.c.answered_at < now - _REFUSALS_KEPT)
    connection.execute(delete(requests).where(requests.c.responder_id == request.responder.id, old))


def latest_delegates(connection: Connection, issuer: Issuer) -> list[LatestDelegate]:
    """Until when each registered responder's newest certificate is valid, by the responder's name."""
    query = (
        select(
            responders,
            func.max(requests.c.not_after).label("not_after"),
            func.max(requests.c.answered_at).label("issued_at"),
        )
        .outerjoin(requests, (requests.c.responder_id == responders.c.id) & requests.c.certificate.is_not(None))
        .where(responders.c.issuer_id == issuer.id, responders.c.ended_at.is_(None))
        .group_by(responders.c.id)
        .order_by(responders.c.name)
    )
    return [
        LatestDelegate(
            responder=Responder(id=row.id, name=row.name, public_key=row.public_key),
            registered_at=row.registered_at,
            issued_at=row.issued_at,
            not_after=row.not_after,
        )
        for row in connection.execute(query)
    ]


def _joined() -> Select[Any]:
    columns = (responders.c.name, responders.c.public_key)
    return select(requests, *columns).join(responders, responders.c.id == requests.c.responder_id)


def _request(row: Row[Any]) -> DelegateRequest:
    return DelegateRequest(
        id=row.id,
        responder=Responder(id=row.responder_id, name=row.name, public_key=row.public_key),
        request=row.request,
        signature=row.signature,
        requested_at=row.requested_at,
        answered_at=row.answered_at,
        certificate=row.certificate,
        refusal=row.refusal,
    )
