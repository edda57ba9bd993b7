"""Holds a CRL's entries against the journal, and against the CRL that is public now.

Three steps, each only where the one before it left a question, because a list may have a million entries:

1. Where the public CRL passed this gate before, what changed since is enough: the rest is the same octets, which were
   right. The change must be what the journal and expiry account for, no more and no less.
2. Otherwise the whole list is held against the whole journal. To be as fast as reading, both sides are summed up and
   the sums compared.
3. Only when the sums differ does it matter which entry is to blame: each one is looked up, and told.

The entry store that the CRL was built from has no say in any of them: an error there must be found here.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from typing import BinaryIO

from sqlalchemy import Connection, LargeBinary, select, type_coerce

from crl_publisher.crl.differences import Differences, TooManyDifferences, differences, entries_of, serial_of
from crl_publisher.crl.frame import read_frame
from crl_publisher.crl.reading import ParsedCrl, ParsedEntry
from crl_publisher.errors import SupersededCrl, UnreadableCrl
from crl_publisher.plan import Plan
from crl_publisher.public_crl import PublicCrl
from pki_revocation.clock import iso
from pki_revocation.database.schema import certificates, crl_entries, journal
from pki_revocation.encoding.serials import text_of_stored
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason

from . import tolerance
from .expected_entries import JournalRow, expected_entries
from .findings import Findings
from .own_addresses import check_own_addresses

_LOOKUP_BATCH = 500
# More changes than this are found as fast by looking at everything.
_FEW = 20_000
_HEAD = 1 << 16


def compare_entries(connection: Connection, crl: ParsedCrl, plan: Plan, findings: Findings) -> list[bytes]:
    """Every revocation up to the covered sequence is in, once, as the journal has it; nothing else is, or is lost.

    The entries that the public CRL lacks are given back, where they were found out.

    Args:
        connection: reads one state.
        crl: was read strictly, and its signature is right.
        plan: says what is to be in.
        findings: gets what is not as it should be.
    """
    public = plan.public
    if public is not None and public.covers is not None and not plan.scope.is_delta:
        try:
            found = _changes(public, crl)
        except (TooManyDifferences, UnreadableCrl):
            pass
        else:
            if _accounted_for(connection, found, plan, public.covers):
                check_own_addresses(connection, plan, findings, after=public.covers)
                return found.added
    if not _adds_up(connection, crl, plan):
        _explain(connection, crl, plan, findings)
    check_own_addresses(connection, plan, findings, after=plan.after)
    _compare_with_public(connection, crl, plan, findings)
    return []


def _accounted_for(connection: Connection, found: Differences, plan: Plan, covered: int) -> bool:
    """Whether the journal's rows behind what the public CRL covers, and expiry, are all that the change comes from.

    The public CRL is known to be right, so that this very list is then right too.
    """
    # What must have come: an entry for each row of the journal behind what the public CRL covers. Counted, so that an
    # entry that stands there twice is one too many.
    new = {row.serial: octets for row, octets in expected_entries(connection, plan, after=covered)}
    if Counter(found.added) != Counter(new.values()):
        return False
    # What went: entries in whose place a raised reason came, and entries of certificates that expired.
    removed = set(map(serial_of, found.removed))
    # An entry with a raised reason takes the place of the one that was there: if it came and the old one did not go,
    # the list has both. So whatever came without something going must be new to the journal.
    if _recorded_before(connection, plan.issuer, new.keys() - removed, covered):
        return False
    gone = removed - new.keys()
    if not gone:
        return True
    # What went for good must have expired before the last CRL that listed it, by the register's word and not by the
    # store's; and that CRL must have covered everything that the public one does, or it never listed some of it.
    before = plan.expired_before
    return (
        before is not None
        and plan.listed_through >= covered
        and _expired(connection, plan.issuer, gone, before) == gone
    )


def _recorded_before(connection: Connection, issuer: Issuer, serials: Iterable[bytes], covered: int) -> bool:
    """Whether the journal has a row of any of them up to a sequence."""
    column = type_coerce(journal.c.serial, LargeBinary)
    remaining = iter(serials)
    while portion := list(islice(remaining, _LOOKUP_BATCH)):
        query = select(column).where(
            journal.c.issuer_id == issuer.id, column.in_(portion), journal.c.sequence <= covered
        )
        if connection.execute(query.limit(1)).first() is not None:
            return True
    return False


def _changes(public: PublicCrl, crl: ParsedCrl) -> Differences:
    """What changed since the very octets that are known to be right; others may have taken their place meanwhile."""
    with public.open() as stream:
        if stream is None:
            raise UnreadableCrl("The public CRL is gone.")
        place = read_frame(stream).listed
        stream.seek(0)
        old = _Digested(stream, stream.read(place.start))
        found = differences(old, place.stop - place.start, crl.data, crl.frame.listed, at_most=_FEW)
        # Only now: that these octets are the ones that were right is known when the last of them was read.
        if old.sha256() != public.sha256:
            raise UnreadableCrl("The public CRL was replaced.")
        return found


class _Digested:
    """A stream that is summed up as it is read; *before* are the octets in front of where it stands."""

    def __init__(self, stream: BinaryIO, before: bytes) -> None:
        self._stream = stream
        self._digest = hashlib.sha256(before)

    def read(self, size: int) -> bytes:
        """At most *size* octets more, which are hashed."""
        octets = self._stream.read(size)
        self._digest.update(octets)
        return octets

    def sha256(self) -> bytes:
        """Over everything, to the end."""
        while self.read(_HEAD):
            pass
        return self._digest.digest()


def _adds_up(connection: Connection, crl: ParsedCrl, plan: Plan) -> bool:
    """Whether both sides have the same entries, each as often, in any order.

    Python's hash of octets is SipHash under a key drawn for each process: sums of it over two different lists are equal
    once in 2^64.
    """
    expected = there = 0
    due = 0
    dropped = _dropped(connection, plan)
    for row, octets in expected_entries(connection, plan, after=plan.after):
        # An entry of an expired certificate goes only when a CRL issued beyond its validity has listed it.
        if row.serial not in dropped or row.sequence > plan.listed_through:
            expected += hash(octets)
            due += 1
    for octets in entries_of(crl.data, crl.frame.listed):
        there += hash(octets)
        due -= 1
    return due == 0 and expected == there


def _dropped(connection: Connection, plan: Plan) -> set[bytes]:
    """The serials that may be left out by now: the entry store says which to ask about, the register decides."""
    if plan.expired_before is None or plan.scope.is_delta:
        return set()
    query = select(type_coerce(crl_entries.c.serial, LargeBinary)).where(
        crl_entries.c.issuer_id == plan.issuer.id, crl_entries.c.not_after < plan.expired_before
    )
    return _expired(connection, plan.issuer, connection.scalars(query), plan.expired_before)


def _explain(connection: Connection, crl: ParsedCrl, plan: Plan, findings: Findings) -> None:
    """Say which entries are to blame, if any is; this keeps them all in memory."""
    awaited = {row.serial: (row, octets) for row, octets in expected_entries(connection, plan, after=plan.after)}
    seen: set[bytes] = set()
    for octets in entries_of(crl.data, crl.frame.listed):
        serial = serial_of(octets)
        if serial in seen:
            findings.error("crl.entry.duplicate", f"The entry {text_of_stored(serial)} stands there twice.")
        elif serial not in awaited:
            advice = tolerance.advice_on_unknown(plan)
            findings.error(
                "crl.entry.unknown",
                f"The journal has no revocation of {text_of_stored(serial)} that belongs here{advice}.",
            )
        elif octets != awaited[serial][1]:
            _explain_entry(crl, octets, awaited[serial][0], plan, findings)
        seen.add(serial)
    missing = [serial for serial in awaited if serial not in seen]
    listed_before = [serial for serial in missing if awaited[serial][0].sequence <= plan.listed_through]
    expired = set[bytes]()
    if plan.expired_before is not None and not plan.scope.is_delta:
        expired = _expired(connection, plan.issuer, listed_before, plan.expired_before)
    for serial in missing:
        if serial not in expired:
            findings.error(
                "crl.entry.missing", f"The journal has a revocation of {text_of_stored(serial)}, and the CRL does not."
            )


def _explain_entry(crl: ParsedCrl, octets: bytes, row: JournalRow, plan: Plan, findings: Findings) -> None:
    (entry,) = crl.parse_entries([octets])
    where = f"The entry {text_of_stored(entry.serial)}"
    before = len(findings.errors)
    if entry.irregular:
        findings.error("crl.entry.irregular", f"{where} has {entry.irregular}.")
    check_meaning(entry, row, plan, findings)
    if len(findings.errors) == before and not plan.is_foreign:
        findings.error(
            "crl.entry.encoding", f"{where} says what the journal says, in other octets: {octets.hex()[:160]}."
        )


def check_meaning(entry: ParsedEntry, row: JournalRow, plan: Plan, findings: Findings) -> None:
    """Hold what a relying party reads in an entry against the journal's row."""
    where = f"The entry {text_of_stored(entry.serial)}"
    revoked, reason = datetime.fromtimestamp(row.revoked, UTC), RevocationReason(row.reason)
    if entry.revocation_date != revoked:
        report = findings.warning if tolerance.is_date_near(entry.revocation_date, revoked, plan) else findings.error
        report("crl.entry.date", f"{where} is dated {iso(entry.revocation_date)}, and the journal says {iso(revoked)}.")
    if entry.reason is not reason:
        findings.error(
            "crl.entry.reason",
            f"{where} has the reason {entry.reason.token}, and the journal says {reason.token}.",
        )
    since = None if row.invalid_since is None else datetime.fromtimestamp(row.invalid_since, UTC)
    if entry.invalidity_date != since:
        findings.error("crl.entry.invalidity-date", f"{where} has another invalidity date than the journal.")


def _compare_with_public(connection: Connection, crl: ParsedCrl, plan: Plan, findings: Findings) -> None:
    """No serial of the public CRL is lost before its time."""
    if plan.public is None or plan.scope.is_delta:
        return
    lost = _public_serials(plan.public, plan, findings)
    lost.difference_update(map(serial_of, entries_of(crl.data, crl.frame.listed)))
    for serial in sorted(lost - _expired(connection, plan.issuer, lost, plan.public.this_update)):
        findings.error("crl.entry.lost", f"The public CRL lists {text_of_stored(serial)}, and this one does not.")


def _public_serials(public: PublicCrl, plan: Plan, findings: Findings) -> set[bytes]:
    with public.open() as stream:
        data = b"" if stream is None else stream.read()
    if not findings.errors and hashlib.sha256(data).digest() != public.sha256 and public.is_before(data, plan.issuer):
        raise SupersededCrl("The public CRL was replaced while this one was made: another publisher is further on.")
    return set(map(serial_of, entries_of(data, read_frame(BytesIO(data)).listed))) if data else set()


def _expired(connection: Connection, issuer: Issuer, serials: Iterable[bytes], before: datetime) -> set[bytes]:
    """Those of the serials whose certificates expired before the given moment."""
    column = type_coerce(certificates.c.serial, LargeBinary)
    expired: set[bytes] = set()
    remaining = iter(serials)
    while portion := list(islice(remaining, _LOOKUP_BATCH)):
        query = select(column).where(
            certificates.c.issuer_id == issuer.id, column.in_(portion), certificates.c.not_after < before
        )
        expired.update(connection.scalars(query))
    return expired
