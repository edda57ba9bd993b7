"""What an import brings of certificates that are registered already: what was lacking, and what agrees.

Status comes from lists and everything else from certificates, in whichever order they come. So a certificate completes
the row that a list or a CRL made of it, and a list that says "revoked" of a registered certificate revokes it. What
moves an entry to another CRL, such as the shard that the certificate itself names, empties what was joined of both, and
asks for CRLs now: until then relying parties find the revocation in the one that they do not fetch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.clock import Clock
from pki_revocation.database.schema import (
    certificates,
    contacts,
    crl_entries,
    crl_projections,
    crl_stretches,
    journal,
    letter_recipients,
    publication_requests,
)
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.model import UNKNOWN_END, Issuer, serial_text
from pki_revocation.reasons import RevocationReason

from .candidates import Candidate, PastRevocation, Refusal, RefusalKind, Remark
from .merging import GIVEN_TWICE, differences, the_one_of
from .past_reasons import has_place

# How many serials one look-up names: SQLite binds at most 32,766 values, PostgreSQL 65,535.
_LOOKUP_BATCH = 5000


@dataclass(slots=True)
class Registered:
    """What candidates bring whose serials are registered.

    *completed* had no certificate, or a precertificate; *revoked* were not revoked here. Of all others nothing was to
    be done, or they were refused. *lacking* are those completed that are live, and have no number.
    """

    completed: list[Candidate] = field(default_factory=list)
    revoked: list[Candidate] = field(default_factory=list)
    lacking: list[int] = field(default_factory=list)
    agreed: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    numbers: dict[int, str] = field(default_factory=dict)


def compare(connection: Connection, issuer: Issuer, candidates: Sequence[Candidate], clock: Clock) -> Registered:
    """Hold candidates against the register, and write nothing yet.

    Args:
        connection: holds the issuer's journal head.
        issuer: whose certificates.
        candidates: each with another serial.
        clock: says which of them are live.
    """
    found, now = Registered(), clock.now()
    for start in range(0, len(candidates), _LOOKUP_BATCH):
        portion = {each.serial: each for each in candidates[start : start + _LOOKUP_BATCH]}
        revoked = _revocations(connection, issuer, list(portion))
        for row in _rows(connection, issuer, list(portion)):
            each, stands = portion[row.serial], revoked.get(row.serial)
            is_live = stands is None and each.revocation is None and each.not_after >= now
            _compare(found, each, row, stands, lacks_number=row.number is None and is_live and each.for_subscriber)
            if row.number is not None:
                found.numbers[row.serial] = row.number
    return found


def complete(
    connection: Connection, issuer: Issuer, found: Registered, numbers: Mapping[int, str], clock: Clock
) -> None:
    """Write what completes certificates, and the *numbers* of those that lack one; the entries of CRLs follow."""
    if not found.completed:
        return
    # First of all, or entries that a publisher is applying at this moment would be made of the rows as they were.
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert_new(crl_projections).values(issuer_id=issuer.id, sequence=0).on_conflict_do_nothing())
    connection.execute(
        select(crl_projections.c.sequence).where(crl_projections.c.issuer_id == issuer.id).with_for_update()
    )
    _write(connection, issuer, found.completed, numbers)
    _follow(connection, issuer, found.completed, clock)


def _rows(connection: Connection, issuer: Issuer, serials: Sequence[int]) -> list[Row[Any]]:
    columns = certificates.c
    query = (
        select(
            columns.serial,
            columns.subject,
            columns.not_after,
            columns.number,
            columns.der,
            letter_recipients.c.language,
            letter_recipients.c.address,
            columns.shard,
            columns.is_ca,
            contacts.c.email,
        )
        .outerjoin(letter_recipients, letter_recipients.c.certificate_id == columns.id)
        .outerjoin(contacts, contacts.c.certificate_id == columns.id)
        .where(columns.issuer_id == issuer.id, columns.serial.in_(serials))
    )
    rows: list[Row[Any]] = list(connection.execute(query))
    return rows


def _revocations(connection: Connection, issuer: Issuer, serials: Sequence[int]) -> dict[int, PastRevocation]:
    """What the journal says of each serial now: the last row of each."""
    query = (
        select(journal.c.serial, journal.c.revocation_date, journal.c.reason)
        .where(journal.c.issuer_id == issuer.id, journal.c.serial.in_(serials))
        .order_by(journal.c.sequence)
    )
    return {
        row.serial: PastRevocation(row.revocation_date, RevocationReason(row.reason))
        for row in connection.execute(query)
    }


def _compare(
    found: Registered, candidate: Candidate, row: Row[Any], revoked: PastRevocation | None, *, lacks_number: bool
) -> None:
    serial = serial_text(candidate.serial)
    brings = False
    if candidate.der is not None and row.der is not None:
        kept = the_one_of(row.der, candidate.der)
        if kept is None:
            reason = f"Serial {serial} is registered already, {GIVEN_TWICE}"
            found.refusals.append(candidate.refused(RefusalKind.SERIAL, reason))
            return
        # What stands in another place than the certificate itself says is put right.
        brings = kept is not row.der or (row.shard, row.is_ca) != (candidate.shard, candidate.is_ca)
    elif row.der is None:
        is_bare = row.subject == "" and row.not_after == UNKNOWN_END
        brings = candidate.der is not None or (
            is_bare and (candidate.subject, candidate.not_after) != ("", UNKNOWN_END)
        )
    if brings:
        # A list does not say to which CRL a certificate belongs; another CRL may have.
        kept_place = {} if candidate.der else {"shard": candidate.shard or row.shard, "is_ca": row.is_ca}
        found.completed.append(candidate._replace(**kept_place))
        found.lacking += [candidate.serial] * lacks_number
    if candidate.revocation is not None:
        if revoked is None:
            found.revoked.append(_as_registered(candidate, row))
            brings = True
        elif difference := differences(revoked, _with_place(candidate)):
            found.remarks.append(
                Remark(
                    candidate.source,
                    candidate.place,
                    f"Serial {serial} is revoked here already; this gives {difference}. Nothing was changed: "
                    "'pki-revocation revoke' raises a reason to keyCompromise.",
                )
            )
    if _has_other_recipient(candidate, row):
        found.remarks.append(
            Remark(
                candidate.source,
                candidate.place,
                f"Serial {serial} is registered already, with another recipient or contact, and nothing was changed: "
                "use 'pki-revocation recipient set' and 'contact set'.",
            )
        )
    found.agreed += not brings


def _as_registered(candidate: Candidate, row: Row[Any]) -> Candidate:
    """A row of a list with what the registered certificate itself says of whom it is for."""
    if candidate.der is not None or row.der is None:
        return candidate
    own = parts_of(row.der)
    return candidate._replace(for_subscriber=own.is_for_subscriber, is_ca=own.is_ca)


def _with_place(candidate: Candidate) -> PastRevocation:
    """The revocation that a candidate brings, with the reason that a CRL may give of it."""
    said = candidate.revocation
    if said is None:
        raise ValueError(candidate.serial)
    keeps = has_place(said.reason, for_subscriber=candidate.for_subscriber)
    return said if keeps else said._replace(reason=RevocationReason.UNSPECIFIED)


def _has_other_recipient(candidate: Candidate, row: Row[Any]) -> bool:
    recipient, contact = candidate.recipient, candidate.contact
    if recipient is not None and (recipient.language, "\n".join(recipient.address)) != (row.language, row.address):
        return True
    return contact is not None and contact.email != row.email


def _write(connection: Connection, issuer: Issuer, completed: Sequence[Candidate], numbers: Mapping[int, str]) -> None:
    statement = (
        update(certificates)
        .where(certificates.c.issuer_id == issuer.id, certificates.c.serial == bindparam("of_serial"))
        .values(
            subject=bindparam("now_subject"),
            organisation=bindparam("now_organisation"),
            not_before=bindparam("now_not_before"),
            not_after=bindparam("now_not_after"),
            der=bindparam("now_der"),
            is_ca=bindparam("now_is_ca"),
            shard=bindparam("now_shard"),
            number=func.coalesce(certificates.c.number, bindparam("now_number")),
        )
    )
    rows = [
        {
            "of_serial": each.serial,
            "now_subject": each.subject,
            "now_organisation": each.organisation,
            "now_not_before": each.not_before,
            "now_not_after": each.not_after,
            "now_der": each.der,
            "now_is_ca": each.is_ca,
            "now_shard": each.shard,
            "now_number": numbers.get(each.serial),
        }
        for each in completed
    ]
    connection.execute(statement, rows)


def _follow(connection: Connection, issuer: Issuer, completed: Sequence[Candidate], clock: Clock) -> None:
    """Have the entries that were made already follow their certificates, to another CRL where they name one."""
    by_serial = {each.serial: each for each in completed}
    serials = list(by_serial)
    columns = crl_entries.c
    changed, shards, moves = [], set[int](), False
    for start in range(0, len(serials), _LOOKUP_BATCH):
        query = select(columns.serial, columns.shard, columns.is_ca, columns.not_after).where(
            columns.issuer_id == issuer.id, columns.serial.in_(serials[start : start + _LOOKUP_BATCH])
        )
        for row in connection.execute(query):
            each = by_serial[row.serial]
            if (row.shard, row.is_ca, row.not_after) == (each.shard, each.is_ca, each.not_after):
                continue
            moves |= (row.shard, row.is_ca) != (each.shard, each.is_ca)
            shards |= {row.shard, each.shard}
            changed.append(
                {
                    "of_serial": each.serial,
                    "of_shard": row.shard,
                    "now_shard": each.shard,
                    "now_is_ca": each.is_ca,
                    "now_not_after": each.not_after,
                }
            )
    if not changed:
        return
    connection.execute(
        update(crl_entries)
        .where(
            columns.issuer_id == issuer.id,
            columns.shard == bindparam("of_shard"),
            columns.serial == bindparam("of_serial"),
        )
        .values(shard=bindparam("now_shard"), is_ca=bindparam("now_is_ca"), not_after=bindparam("now_not_after")),
        changed,
    )
    connection.execute(
        update(crl_stretches)
        .where(crl_stretches.c.issuer_id == issuer.id, crl_stretches.c.shard.in_(shards))
        .values(octets=None)
    )
    if moves:
        _ask_for_crls(connection, issuer, clock)


def _ask_for_crls(connection: Connection, issuer: Issuer, clock: Clock) -> None:
    """No row of the journal says that an entry moved, so that the publisher is asked, once."""
    rows = publication_requests.c
    waits = exists().where(rows.issuer_id == issuer.id, rows.scope.is_(None), rows.answer.is_(None))
    if not connection.scalar(select(waits)):
        connection.execute(insert(publication_requests).values(issuer_id=issuer.id, requested_at=clock.now()))
