"""Segments of the stored entries, joined ahead of time: a CRL of a million entries is then read from a thousand rows.

A segment goes from its first serial to where the next one of the shard begins, so that all of them together are the
whole list. A change of an entry empties its segment in the same transaction, and before a CRL is made, empty ones are
filled anew. They are worth nothing by themselves: they follow from the entries, and the gate checks what came of them.
docs/walks.md draws them.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    and_,
    case,
    delete,
    insert,
    or_,
    select,
    type_coerce,
    update,
)

from crl_publisher.scope import Part
from pki_revocation.database.bulk import portions
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crl_entries, crl_shards, crl_stretches

from .progress import lock_progress
from .selection import Selection, listed_entries

_OCTETS = 1 << 16
# So many entries are joined in one transaction: subscribers wait for a fifth of a second at most.
_ENTRIES = 50_000
# So long altogether it waits for others' transactions before it leaves segments as they are.
_PATIENCE_SECONDS = 0.5
# More changes than this are all over the list: all stretches are emptied at once.
_MANY = 2000
_columns = crl_stretches.c
_serial = type_coerce(crl_entries.c.serial, LargeBinary)


class _Segment(NamedTuple):
    """Where a segment begins: its shard, and its first serial, empty for the first segment of the shard."""

    shard: int
    first: bytes


def may_use_segments(selection: Selection) -> bool:
    """Whether the selection can be read from segments: a complete CRL of everything or of a shard."""
    return selection.after is None and selection.scope.part in {Part.ALL, Part.SHARD}


def empty(connection: Connection, issuer_id: int, changed: Iterable[tuple[int, bytes]]) -> None:
    """Empty the segments in which entries change, in the connection's transaction.

    Args:
        connection: changes them.
        issuer_id: whose.
        changed: their shards and serials.
    """
    places = list(changed)
    if len(places) > _MANY:
        joined = and_(_columns.issuer_id == issuer_id, _columns.octets.is_not(None))
        connection.execute(update(crl_stretches).where(joined).values(octets=None))
        return
    for shard, serial in places:
        # Not max(): PostgreSQL has none for octets before 18.
        begins = select(_columns.first).where(*_of(issuer_id, shard), _columns.first <= serial)
        at = _columns.first == begins.order_by(_columns.first.desc()).limit(1).scalar_subquery()
        connection.execute(update(crl_stretches).where(*_of(issuer_id, shard), at).values(octets=None))


def forget(connection: Connection, issuer_id: int) -> None:
    """Delete all segments of an issuer, because all its entries are made anew."""
    connection.execute(delete(crl_stretches).where(_columns.issuer_id == issuer_id))


def fill_segments(database: Database, selection: Selection) -> None:
    """Join the segments that the selection is to be read from, as far as they are not joined for it already.

    An end at any point loses nothing, and so does another publisher that does the same. Where other writers keep the
    database busy, as an import does, it is left for a calmer hour: what is not joined is read entry by entry, in less
    time than waiting for each transaction would take.

    Raises:
        StoreError: when the database does not answer.
    """
    with database.read() as connection:
        waiting = deque(_waiting(connection, selection))
    waited = 0.0
    while waiting and waited < _PATIENCE_SECONDS:
        asked = time.monotonic()
        with database.write() as connection:
            if lock_progress(connection, selection.issuer_id) != selection.covers:
                return  # another publisher is further on
            waited += time.monotonic() - asked
            left = _ENTRIES
            while waiting and left > 0:
                read, rest = _fill(connection, selection, waiting.popleft(), left)
                left -= read + 1
                if rest is not None:
                    waiting.appendleft(rest)


def concatenated(connection: Connection, selection: Selection) -> Iterator[bytes]:
    """The list's octets, segment by segment; one that is not joined for this selection is read entry by entry.

    There must be no `unsegmented_shards`.
    """
    query = select(_columns.shard, _columns.first, _is_valid_for(selection), _columns.octets)
    open_at: _Segment | None = None
    for rows in portions(connection, query.where(*_ours(selection)).order_by(_columns.shard, _columns.first)):
        for shard, first, is_right, octets in rows:
            if open_at is not None:
                yield from _one_by_one(connection, selection, open_at, first if shard == open_at.shard else None)
            open_at = None if is_right else _Segment(shard, first)
            if is_right:
                yield octets
    if open_at is not None:
        yield from _one_by_one(connection, selection, open_at, None)


def _one_by_one(
    connection: Connection, selection: Selection, segment: _Segment, after: bytes | None
) -> Iterator[bytes]:
    query = listed_entries(selection, crl_entries.c.entry).where(*_within(segment, after))
    for rows in portions(connection, query.order_by(crl_entries.c.serial)):
        yield b"".join([entry for (entry,) in rows])


def unsegmented_shards(connection: Connection, selection: Selection) -> list[int]:
    """The selection's shards that have entries and no segments."""
    ours = crl_entries.c.issuer_id == selection.issuer_id
    if selection.scope.part is Part.SHARD:
        shards = [selection.scope.shard]
    else:
        added = select(crl_shards.c.shard).where(crl_shards.c.issuer_id == selection.issuer_id)
        shards = [0, *connection.scalars(added.order_by(crl_shards.c.shard))]
    parted = set(connection.scalars(select(_columns.shard).where(*_ours(selection)).distinct()))
    return [
        shard
        for shard in shards
        if shard not in parted
        and connection.execute(select(crl_entries.c.serial).where(ours, crl_entries.c.shard == shard).limit(1)).first()
    ]


def _waiting(connection: Connection, selection: Selection) -> list[_Segment]:
    """The segments that are not joined for this selection, and one for the whole of each shard that has none."""
    query = select(_columns.shard, _columns.first).where(*_ours(selection), _is_valid_for(selection) == 0)
    new = [_Segment(shard, b"") for shard in unsegmented_shards(connection, selection)]
    return new + [_Segment(shard, first) for shard, first in connection.execute(query)]


def _fill(connection: Connection, selection: Selection, segment: _Segment, most: int) -> tuple[int, _Segment | None]:
    """Join a segment anew from at most *most* entries, into several segments where it has become long.

    Given back are how many entries were read, and the segment that was left because there were more, or None.
    """
    of = _of(selection.issuer_id, segment.shard)
    following = select(_columns.first).where(*of, _columns.first > segment.first).order_by(_columns.first).limit(1)
    after = connection.execute(following).scalar_one_or_none()
    query = listed_entries(selection, _serial, crl_entries.c.entry, type_coerce(crl_entries.c.not_after, Integer))
    query = query.where(*_within(segment, after)).order_by(crl_entries.c.serial).limit(most + 1)
    rows = [row for portion in portions(connection, query) for row in portion]
    rest = _Segment(segment.shard, rows[most][0]) if len(rows) > most else None
    connection.execute(delete(crl_stretches).where(*of, _columns.first == segment.first))
    connection.execute(insert(crl_stretches), _filled(selection, segment, rows[:most], rest))
    return len(rows), rest


def _filled(
    selection: Selection, segment: _Segment, rows: Iterable[Any], rest: _Segment | None
) -> list[dict[str, object]]:
    """The rows of the table: segments of some length, and an empty one for the entries that are left."""
    parts: list[tuple[bytes, list[bytes], list[int]]] = [(segment.first, [], [])]
    size = 0
    for serial, entry, not_after in rows:
        if size >= _OCTETS:
            parts.append((serial, [], []))
            size = 0
        parts[-1][1].append(entry)
        parts[-1][2].append(not_after)
        size += len(entry)
    before = selection.expired_before
    limit = None if before is None else int(before.timestamp())
    made: list[dict[str, object]] = []
    for first, entries, ends in parts:
        earliest = min(ends, default=None)
        # An expired certificate that no CRL has listed yet is listed once: such a segment is wrong for every later CRL,
        # and stays empty. So all that is in a filled one ends at `limit` or later, which `_is_valid_for` builds upon.
        is_lasting = limit is None or earliest is None or earliest >= limit
        made.append(
            {
                "first": first,
                "octets": b"".join(entries) if is_lasting else None,
                "earliest_end": None if earliest is None else datetime.fromtimestamp(earliest, UTC),
            }
        )
    if rest is not None:
        made.append({"first": rest.first, "octets": None, "earliest_end": None})
    common = {
        "issuer_id": selection.issuer_id,
        "shard": segment.shard,
        "left_out_before": before,
        "left_out_upto": selection.listed_through,
    }
    return [common | row for row in made]


def _is_valid_for(selection: Selection) -> ColumnElement[Any]:
    """Whether a segment has exactly what the selection lists of it: 1 or 0.

    A segment was filled for an earlier CRL, and time went on. A CRL leaves an entry out when its certificate expired
    before `expired_before` *and* its journal row is not behind `listed_through`: a CRL issued beyond its validity has
    listed it then (RFC 5280 section 3.3). So a filled segment may be wrong for this CRL in two ways only, and a change
    of an entry is not one of them, because `empty` took the octets away in the change's own transaction.
    """
    before = selection.expired_before
    # Its octets are there: no entry of it changed since, and none is to be listed this once and then never again.
    is_filled = _columns.octets.is_not(None)
    # First way: something was left out then that is to be listed now. Where the segment was filled for a CRL that left
    # nothing out, that cannot be.
    left_nothing_out = _columns.left_out_before.is_(None)
    if before is None:
        # This CRL lists everything, so that nothing may have been left out. And nothing is in it too many.
        return case((and_(is_filled, left_nothing_out), 1), else_=0)
    # What was left out expired before `left_out_before` and was recorded up to `left_out_upto`. If this CRL's two
    # bounds lie no lower, it leaves all of that out as well. They can lie lower: after an older CRL was put back.
    leaves_as_much_out = and_(_columns.left_out_before <= before, _columns.left_out_upto <= selection.listed_through)
    # Second way: something is in it that is to be left out now. Nothing is while even the first of its certificates to
    # expire is good at `expired_before`; an empty segment has none.
    has_none_too_many = or_(_columns.earliest_end.is_(None), _columns.earliest_end >= before)
    right = and_(is_filled, or_(left_nothing_out, leaves_as_much_out), has_none_too_many)
    return case((right, 1), else_=0)


def _ours(selection: Selection) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_columns.issuer_id == selection.issuer_id]
    if selection.scope.part is Part.SHARD:
        found.append(_columns.shard == selection.scope.shard)
    return found


def _of(issuer_id: int, shard: int) -> tuple[ColumnElement[bool], ...]:
    return _columns.issuer_id == issuer_id, _columns.shard == shard


def _within(segment: _Segment, after: bytes | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [crl_entries.c.shard == segment.shard, _serial >= segment.first]
    if after is not None:
        found.append(_serial < after)
    return found
