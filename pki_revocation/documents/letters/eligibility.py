"""Which certificates may get a revocation code: those with a number, live, and without a code that counts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from pki_revocation import journal
from pki_revocation.clock import iso
from pki_revocation.database.schema import certificates, revocation_codes
from pki_revocation.database.schema import journal as journal_table
from pki_revocation.errors import PkiError
from pki_revocation.model import IssuedCertificate
from pki_revocation.numbers import grouped
from pki_revocation.register.certificates import as_certificate, certificate_with_id, certificate_with_number
from pki_revocation.register.live_codes import live_verifier

from .report import RefusedLetter


class CodeRefused(PkiError):
    """This certificate gets no code; nothing was issued to any of those asked for with it."""


def why_no_code(
    connection: Connection, certificate: IssuedCertificate, now: datetime, *, again: bool = False
) -> str | None:
    """The sentence that refuses this certificate a code; None when it may have one.

    *again* is for a reissue, which is for certificates that have a code.
    """
    if certificate.number is None:
        return "The certificate has no number: it was revoked or expired when it came in, or is the CA's own."
    which = f"The certificate with number {grouped(certificate.number)}"
    entry = journal.latest_entry(connection, certificate.issuer_id, certificate.serial)
    if entry is not None:
        return f"{which} was revoked on {iso(entry.revocation_date)}: it needs no code any more."
    if now > certificate.not_after:
        return f"{which} expired on {iso(certificate.not_after)}: it needs no code any more."
    has_code = live_verifier(connection, certificate.id) is not None
    if has_code and not again:
        return f"{which} has a revocation code already: 'pki-revocation letter reissue' makes a new one."
    if again and not has_code:
        return f"{which} has no revocation code yet: 'pki-revocation letter make' makes one."
    return None


def chosen_by_number(
    connection: Connection, numbers: Iterable[str], now: datetime, *, again: bool = False
) -> tuple[list[IssuedCertificate], list[RefusedLetter]]:
    """The certificates with these numbers that may have a code, and the refusals of the others."""
    chosen, refused = [], []
    for number in dict.fromkeys(numbers):
        certificate = certificate_with_number(connection, number)
        if certificate is None:
            reason: str | None = f"There is no certificate with number {grouped(number)}."
        else:
            reason = why_no_code(connection, certificate, now, again=again)
            chosen += [certificate] if reason is None else []
        refused += [] if reason is None else [RefusedLetter(number=number, reason=reason)]
    return chosen, refused


def chosen_by_id(connection: Connection, certificate_ids: Iterable[int], now: datetime) -> list[IssuedCertificate]:
    """The certificates with these row ids, each once.

    Raises:
        CodeRefused: when one of them may have no code.
    """
    chosen = []
    for certificate_id in dict.fromkeys(certificate_ids):
        certificate = certificate_with_id(connection, certificate_id)
        if certificate is None:
            raise CodeRefused(f"There is no certificate with id {certificate_id}.")
        if reason := why_no_code(connection, certificate, now):
            raise CodeRefused(reason)
        chosen.append(certificate)
    return chosen


def eligible_ids(
    connection: Connection, certificate_ids: Sequence[int], now: datetime, *, again: bool = False
) -> set[int]:
    """Those of the certificates with these row ids, few enough to be named in one query, that may have a code."""
    query = select(certificates.c.id).where(certificates.c.id.in_(certificate_ids), _eligible(now, again=again))
    return set(connection.execute(query).scalars())


def without_code(connection: Connection, now: datetime, *, after: int, limit: int) -> Sequence[IssuedCertificate]:
    """The next *limit* certificates that may have a code and have none, by row id from behind *after*."""
    query = select(certificates).where(_eligible(now), certificates.c.id > after).order_by(certificates.c.id)
    return [as_certificate(row) for row in connection.execute(query.limit(limit))]


def count_without_code(connection: Connection, now: datetime) -> int:
    """How many certificates there are that may have a code and have none."""
    return connection.execute(select(func.count()).select_from(certificates).where(_eligible(now))).scalar_one()


def _eligible(now: datetime, *, again: bool = False) -> ColumnElement[bool]:
    has_code = exists().where(
        revocation_codes.c.certificate_id == certificates.c.id, revocation_codes.c.retired_at.is_(None)
    )
    is_revoked = exists().where(
        journal_table.c.issuer_id == certificates.c.issuer_id, journal_table.c.serial == certificates.c.serial
    )
    is_fit = has_code if again else ~has_code
    return and_(certificates.c.number.is_not(None), certificates.c.not_after >= now, is_fit, ~is_revoked)
