"""What another CA program's last CRL lists that the register does not, and the other way round, before the switch.

Relying parties have that CRL: whatever it lists must be on the first one that is published here, or a revoked
certificate is taken for good. An entry of a certificate that had expired before it was issued may be gone from it (RFC
5280 section 3.3), and is no difference.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, Connection, LargeBinary, and_, exists, or_, select, type_coerce

from crl_publisher.crl.reading import ParsedCrl, ParsedEntry
from crl_publisher.scope import Part, Scope
from pki_revocation.clock import iso
from pki_revocation.database.schema import barred_serials, certificates, journal
from pki_revocation.encoding.serials import stored, text_of_stored
from pki_revocation.importing.past_reasons import has_place
from pki_revocation.model import EntryKind, Issuer
from pki_revocation.reasons import RevocationReason

_LOOKUP_BATCH = 500
_NO_REASON = "no reason"
# What an absent reason says (RFC 5280 section 5.3.1); no CRL of ours may spell it out, and other programs do.
_SAYS_UNSPECIFIED = "the reason unspecified"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a CRL or the journal says of a revocation; *reason* may be one that is none here, such as a hold."""

    revoked_at: datetime
    reason: str

    def __str__(self) -> str:
        """Date and reason, as a line shows them."""
        return f"{iso(self.revoked_at)}  {self.reason}"

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {"revoked_at": iso(self.revoked_at), "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One serial as the database keeps it; *old* and *here* are None where it is not listed, *known* is what it is."""

    serial: bytes
    old: Stated | None
    here: Stated | None
    known: str = ""

    def as_json(self) -> dict[str, object]:
        """The difference's fields as commands print them with --json."""
        return {
            "serial": text_of_stored(self.serial),
            "old_crl": None if self.old is None else self.old.as_json(),
            "register": None if self.here is None else self.here.as_json(),
            **({"known": self.known} if self.known else {}),
        }

    def __str__(self) -> str:
        """The difference in a line for operators."""
        serial = text_of_stored(self.serial)
        if self.old is not None and self.here is not None:
            return f"{serial}  {self.old}  and here  {self.here}"
        stated = self.old or self.here
        return f"{serial}  {stated}" + (f"  ({self.known})" if self.known else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """*lacking* are on the old CRL alone, *beyond* in the register alone, and *other* differ in date or reason.

    *left_out* have the old CRL's date here and no reason, because a CRL may not give a subscriber's certificate that
    one (BR 7.2.2). *accepted* differ too, and were looked into. *expired* are in the register, and may have gone from
    the old CRL when their certificates expired. *is_partial* says that the old CRL covers a part of the certificates
    that is not known here: what is beyond it cannot be told.
    """

    lacking: tuple[Difference, ...]
    beyond: tuple[Difference, ...]
    other: tuple[Difference, ...]
    left_out: tuple[Difference, ...]
    accepted: tuple[Difference, ...]
    same: int
    expired: int
    is_partial: bool = False

    @property
    def differs(self) -> bool:
        """Whether anything is to be looked into before the switch."""
        return bool(self.lacking or self.beyond or self.other)


def compare_with_old(
    connection: Connection, issuer: Issuer, crl: ParsedCrl, scope: Scope | None, accepted: Collection[int] = ()
) -> Comparison:
    """Hold a CRL against the register.

    Args:
        connection: reads one state.
        issuer: who signed it.
        crl: complete, and its signature is the issuer's.
        scope: what it covers; None for a part that is not known here.
        accepted: serials whose difference was looked into, and stands on purpose.

    Raises:
        UnreadableCrl: when one of its entries is broken.
    """
    purposely = {stored(serial) for serial in accepted}
    lacking: list[Difference] = []
    other: list[Difference] = []
    left_out: list[Difference] = []
    listed: set[bytes] = set()
    same = 0
    entries = crl.entries()
    while portion := list(islice(entries, _LOOKUP_BATCH)):
        serials = [entry.serial for entry in portion]
        here, known = _recorded(connection, issuer, serials), _known(connection, issuer, serials, crl.this_update)
        authorities = _authorities(connection, issuer, [each.serial for each in portion if _has_no_place(each)])
        for entry in portion:
            listed.add(entry.serial)
            old, recorded = _stated(entry), here.get(entry.serial)
            if recorded is None:
                what = known.get(entry.serial, "the certificate is not registered")
                lacking.append(Difference(serial=entry.serial, old=old, here=None, known=what))
            elif _is_left_out(entry, recorded, is_authority=entry.serial in authorities):
                left_out.append(Difference(serial=entry.serial, old=old, here=recorded))
            elif recorded != old:
                other.append(Difference(serial=entry.serial, old=old, here=recorded))
            else:
                same += 1
    beyond, expired = ([], 0) if scope is None else _beyond(connection, issuer, scope, listed, crl.this_update)
    return Comparison(
        lacking=_without(purposely, lacking),
        beyond=_without(purposely, beyond),
        other=_without(purposely, other),
        left_out=tuple(left_out),
        accepted=tuple(each for each in (*lacking, *beyond, *other) if each.serial in purposely),
        same=same,
        expired=expired,
        is_partial=scope is None,
    )


def _without(purposely: Collection[bytes], differences: Sequence[Difference]) -> tuple[Difference, ...]:
    return tuple(each for each in differences if each.serial not in purposely)


def _has_no_place(entry: ParsedEntry) -> bool:
    return not entry.irregular and not has_place(entry.reason, for_subscriber=True)


def _is_left_out(entry: ParsedEntry, here: Stated, *, is_authority: bool) -> bool:
    """Whether an import took the revocation and left the reason out, as it must for a subscriber's certificate."""
    return _has_no_place(entry) and not is_authority and here == Stated(entry.revocation_date, _NO_REASON)


def _authorities(connection: Connection, issuer: Issuer, serials: Sequence[bytes]) -> set[bytes]:
    """Those of the serials that are CA certificates."""
    if not serials:
        return set()
    column = type_coerce(certificates.c.serial, LargeBinary)
    query = select(column).where(certificates.c.issuer_id == issuer.id, certificates.c.is_ca, column.in_(serials))
    return {bytes(octets) for octets in connection.scalars(query)}


def _stated(entry: ParsedEntry) -> Stated:
    reason = entry.reason.token if entry.reason else _NO_REASON
    irregular = "" if entry.irregular == _SAYS_UNSPECIFIED else entry.irregular
    return Stated(entry.revocation_date, irregular or reason)


def _recorded(connection: Connection, issuer: Issuer, serials: Sequence[bytes]) -> dict[bytes, Stated]:
    """What the journal says of each: the last row's reason, and the date that relying parties are shown."""
    column = type_coerce(journal.c.serial, LargeBinary)
    query = (
        select(column.label("octets"), journal.c.revocation_date, journal.c.reason)
        .where(journal.c.issuer_id == issuer.id, column.in_(serials))
        .order_by(journal.c.sequence)
    )
    return {bytes(row.octets): _row_stated(row.revocation_date, row.reason) for row in connection.execute(query)}


def _row_stated(revoked_at: datetime, reason: int) -> Stated:
    found = RevocationReason(reason)
    return Stated(revoked_at, found.token if found else _NO_REASON)


def _known(connection: Connection, issuer: Issuer, serials: Sequence[bytes], at: datetime) -> dict[bytes, str]:
    """What certificates that are not revoked here are."""
    column, barred = type_coerce(certificates.c.serial, LargeBinary), type_coerce(barred_serials.c.serial, LargeBinary)
    query = select(column.label("octets"), certificates.c.not_after).where(
        certificates.c.issuer_id == issuer.id, column.in_(serials)
    )
    found = {
        bytes(row.octets): "registered as expired" if row.not_after < at else "registered as good"
        for row in connection.execute(query)
    }
    bars = select(barred).where(barred_serials.c.issuer_id == issuer.id, barred.in_(serials))
    for octets in connection.scalars(bars):
        found[bytes(octets)] = f"{found[bytes(octets)]}, and barred" if bytes(octets) in found else "barred"
    return found


def _beyond(
    connection: Connection, issuer: Issuer, scope: Scope, listed: set[bytes], at: datetime
) -> tuple[list[Difference], int]:
    """What the journal has of this scope and the CRL does not list; and how many of that had expired by then."""
    rows, columns = journal.c, certificates.c
    octets = type_coerce(rows.serial, LargeBinary)
    query = (
        select(octets.label("octets"), rows.revocation_date, rows.reason, columns.not_after)
        .join(certificates, and_(columns.issuer_id == rows.issuer_id, columns.serial == rows.serial))
        .where(rows.issuer_id == issuer.id, _is_last(issuer))
    )
    match scope.part:
        case Part.SHARD:
            query = query.where(columns.shard == scope.shard)
        case Part.CA:
            query = query.where(columns.is_ca)
        case Part.USERS:
            query = query.where(~columns.is_ca)
    beyond, expired = [], 0
    with connection.execute(query.order_by(rows.sequence).execution_options(yield_per=1000)) as found:
        for row in found:
            if bytes(row.octets) in listed:
                continue
            if row.not_after < at:
                expired += 1
            else:
                here = _row_stated(row.revocation_date, row.reason)
                beyond.append(Difference(serial=bytes(row.octets), old=None, here=here))
    return beyond, expired


def _is_last(issuer: Issuer) -> ColumnElement[bool]:
    """Whether a row of the journal says what is shown: a raise, or a revocation that none followed."""
    raised = journal.alias()
    is_raised = exists().where(
        raised.c.issuer_id == issuer.id,
        raised.c.serial == journal.c.serial,
        raised.c.kind == EntryKind.RAISE.value,
    )
    return or_(journal.c.kind == EntryKind.RAISE.value, ~is_raised)
