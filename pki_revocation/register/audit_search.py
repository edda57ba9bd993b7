"""Reads the audit trail for people: its records, newest first, of one certificate, one reference or one kind of act."""

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select

from pki_revocation import journal
from pki_revocation.database.schema import audit, personal_details
from pki_revocation.errors import MistypedNumber, NotFound
from pki_revocation.model import serial_text
from pki_revocation.numbers import parse_number

from .certificates import certificate_with_number
from .issuers import issuer_with_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One record. *personal* names operator, account or network; None where there was nothing of it, or was erased."""

    sequence: int
    at: datetime
    event: str
    detail: Mapping[str, object]
    personal: Mapping[str, str] | None
    is_erased: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What records are looked for by: any of *names*, or the serial where the record is of one of *issuers* or none."""

    names: frozenset[str]
    serial: str = ""
    issuers: frozenset[str] = frozenset()

    @property
    def needles(self) -> frozenset[str]:
        """What the text of such a record must have one of."""
        return self.names | ({self.serial} if self.serial else frozenset())

    def is_in(self, detail: Mapping[str, object]) -> bool:
        """Whether a record is about it."""
        said = frozenset(_texts(detail))
        if said & self.names:
            return True
        return bool(self.serial) and self.serial in said and detail.get("issuer") in {None, *self.issuers}


def subject_named(connection: Connection, what: str) -> Subject:
    """The certificate with this number, and all that was done for it, or the act that was given this reference.

    Raises:
        NotFound: when there is no such certificate, and no such reference.
    """
    try:
        number = parse_number(what)
    except MistypedNumber:
        reference = what.strip().upper()
        if journal.entry_with_reference(connection, reference) is None:
            raise NotFound(f"{what!r} is no number and no reference that the journal knows.") from None
        return Subject(names=frozenset({reference}))
    certificate = certificate_with_number(connection, number)
    if certificate is None:
        raise NotFound(f"There is no certificate with number {what}.")
    issuer = issuer_with_id(connection, certificate.issuer_id)
    return Subject(
        names=frozenset({number}),
        serial=serial_text(certificate.serial),
        issuers=frozenset() if issuer is None else frozenset(issuer.names),
    )


def records(
    connection: Connection, *, about: Subject | None = None, event: str | None = None, since: datetime | None = None
) -> Generator[AuditRecord, None, None]:
    """The records, newest first, read in portions; *event* is a name, or the part of it before the dot."""
    query = (
        select(audit, personal_details.c.detail.label("personal"))
        .outerjoin(personal_details, personal_details.c.audit_sequence == audit.c.sequence)
        .where(*_conditions(about, event, since))
        .order_by(audit.c.sequence.desc())
        .execution_options(yield_per=500)
    )
    with connection.execute(query) as rows:
        for row in rows:
            detail = json.loads(row.detail)
            if about is not None and not about.is_in(detail):
                continue
            yield AuditRecord(
                sequence=row.sequence,
                at=row.at,
                event=row.event,
                detail=detail,
                personal=None if row.personal is None else json.loads(row.personal),
                is_erased=row.personal is None and row.personal_digest is not None,
            )


def _conditions(about: Subject | None, event: str | None, since: datetime | None) -> Iterator[ColumnElement[bool]]:
    if about is not None:
        # A sieve: whether the record is about it is decided by what it says, not by what stands somewhere in it.
        yield or_(*(audit.c.detail.contains(each, autoescape=True) for each in sorted(about.needles)))
    if event is not None:
        yield or_(audit.c.event == event, audit.c.event.startswith(f"{event}.", autoescape=True))
    if since is not None:
        yield audit.c.at >= since


def _texts(value: object) -> Iterator[str]:
    """Every text in a record's detail, however deep."""
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
        case _:
            pass
