"""Holds a CRL's entries against the journal, and against the CRL that is public now.

Both sides come in the order of their serials' octets, so that a million entries are compared in one walk. Missing is
what the journal has up to the covered sequence and the CRL does not; lost is what the public CRL lists and this one
does not. Either is right only when the certificate expired and a CRL issued beyond that has listed it (RFC 5280
section 3.3).
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection, LargeBinary, select, type_coerce

from pki_revocation.clock import iso
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.schema import certificates, journal

from .findings import Findings
from .plan import Plan
from .reading import ReadCrl, ReadEntry

_PORTION = 10_000
_LOOKED_UP_AT_ONCE = 500


class _Row(NamedTuple):
    """A journal row as far as a CRL shows it."""

    serial: bytes
    sequence: int
    revocation_date: datetime
    reason: RevocationReason
    invalidity_date: datetime | None


def compare_with_journal(connection: Connection, crl: ReadCrl, plan: Plan, findings: Findings) -> None:
    """Every revocation up to the covered sequence is in, once, with the journal's date and reason; nothing else is.

    Rows behind the covered sequence may be in or not: they were written while the CRL was made.
    """
    with closing(_revocations(connection, plan.issuer)) as revocations:
        absent = _walk(crl, revocations, plan, findings)
    _report_missing(connection, absent, plan, findings)


def compare_with_public(connection: Connection, crl: ReadCrl, plan: Plan, findings: Findings) -> None:
    """No serial of the public CRL is lost before its time."""
    if plan.public is None:
        return
    lost = set(plan.public.serials())
    lost.difference_update(crl.serials())
    for serial in sorted(lost - _expired(connection, plan.issuer, lost, plan.public.this_update)):
        findings.error("crl.entry.lost", f"The public CRL lists {serial.hex()}, and this one does not.")


def _walk(crl: ReadCrl, revocations: Iterator[list[_Row]], plan: Plan, findings: Findings) -> list[list[_Row]]:
    """Go along both at once; give the journal's rows of the serials that the CRL does not list."""
    absent: list[list[_Row]] = []
    awaited = next(revocations, None)
    last = b""
    for entry in crl.entries():
        where = f"The entry {entry.serial.hex()}"
        if entry.serial == last:
            findings.error("crl.entry.duplicate", f"{where} stands there twice.")
            continue
        if entry.serial < last:
            findings.error("crl.entries.order", f"{where} is not in the order of serials.")
            continue
        last = entry.serial
        while awaited is not None and awaited[0].serial < entry.serial:
            absent.append(awaited)
            awaited = next(revocations, None)
        if awaited is None or awaited[0].serial != entry.serial:
            findings.error("crl.entry.unknown", f"The journal has no revocation of {entry.serial.hex()}.")
            continue
        _compare(entry, awaited, plan, findings)
        awaited = next(revocations, None)
    if awaited is not None:
        absent.append(awaited)
    absent.extend(revocations)
    return absent


def _compare(entry: ReadEntry, rows: list[_Row], plan: Plan, findings: Findings) -> None:
    if entry.irregular:
        findings.error("crl.entry.irregular", f"The entry {entry.serial.hex()} has {entry.irregular}.")
    covered = [row for row in rows if row.sequence <= plan.covers_sequence]
    acceptable = covered[-1:] + rows[len(covered) :]
    if any(_shows(entry, row) for row in acceptable):
        return
    row = acceptable[0]
    where = f"The entry {entry.serial.hex()}"
    if entry.revocation_date != row.revocation_date:
        findings.error(
            "crl.entry.date",
            f"{where} is dated {iso(entry.revocation_date)}, and the journal says {iso(row.revocation_date)}.",
        )
    if entry.reason is not row.reason:
        findings.error(
            "crl.entry.reason",
            f"{where} has the reason {entry.reason.token}, and the journal says {row.reason.token}.",
        )
    if entry.invalidity_date != row.invalidity_date:
        findings.error("crl.entry.invalidity-date", f"{where} has another invalidity date than the journal.")


def _shows(entry: ReadEntry, row: _Row) -> bool:
    return (entry.revocation_date, entry.reason, entry.invalidity_date) == row[2:]


def _report_missing(connection: Connection, absent: list[list[_Row]], plan: Plan, findings: Findings) -> None:
    listed_before, missing = [], []
    for rows in absent:
        covered = [row.sequence for row in rows if row.sequence <= plan.covers_sequence]
        if not covered:
            continue
        if plan.expired_before is not None and covered[-1] <= plan.listed_upto:
            listed_before.append(rows[0].serial)
        else:
            missing.append(rows[0].serial)
    if plan.expired_before is not None:
        expired = _expired(connection, plan.issuer, listed_before, plan.expired_before)
        missing.extend(serial for serial in listed_before if serial not in expired)
    for serial in missing:
        findings.error("crl.entry.missing", f"The journal has a revocation of {serial.hex()}, and the CRL does not.")


def _revocations(connection: Connection, issuer: Issuer) -> Generator[list[_Row]]:
    """For each revoked serial, in the order of its octets, its rows in the order of the journal."""
    query = (
        select(
            type_coerce(journal.c.serial, LargeBinary),
            journal.c.sequence,
            journal.c.revocation_date,
            journal.c.reason,
            journal.c.invalidity_date,
        )
        .where(journal.c.issuer_id == issuer.id)
        .order_by(journal.c.serial, journal.c.sequence)
        .execution_options(yield_per=_PORTION)
    )
    with connection.execute(query) as result:
        rows = (
            _Row(serial, sequence, revoked, RevocationReason(reason), invalidity)
            for serial, sequence, revoked, reason, invalidity in result
        )
        for _, group in groupby(rows, key=attrgetter("serial")):
            yield list(group)


def _expired(connection: Connection, issuer: Issuer, serials: Iterable[bytes], before: datetime) -> set[bytes]:
    """Which of the serials belong to certificates that expired before then."""
    column = type_coerce(certificates.c.serial, LargeBinary)
    expired: set[bytes] = set()
    remaining = iter(serials)
    while portion := list(islice(remaining, _LOOKED_UP_AT_ONCE)):
        query = select(column).where(
            certificates.c.issuer_id == issuer.id, column.in_(portion), certificates.c.not_after < before
        )
        expired.update(connection.scalars(query))
    return expired
