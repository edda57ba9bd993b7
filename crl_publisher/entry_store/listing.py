"""The entries of a CRL in the order in which it lists them, thousands in each portion."""

from collections.abc import Iterator

from sqlalchemy import Connection

from crl_publisher.errors import SupersededCrl
from pki_revocation.database.bulk import portions
from pki_revocation.database.schema import crl_entries

from .progress import applied_sequence
from .segments import concatenated, may_use_segments, unsegmented_shards
from .selection import Selection, listed_entries


def selected_entries(connection: Connection, selection: Selection) -> Iterator[bytes]:
    """The entries one after the other, by shards and serials.

    Raises:
        SupersededCrl: when the store does not hold what the selection covers: another publisher works on it.
    """
    held = applied_sequence(connection, selection.issuer_id)
    if held != selection.covers:
        raise SupersededCrl(
            f"This CRL covers the journal up to {selection.covers}, and the entries are those up to {held}: another "
            "publisher is further on, and this one begins again."
        )
    if may_use_segments(selection) and not unsegmented_shards(connection, selection):
        yield from concatenated(connection, selection)
        return
    query = listed_entries(selection, crl_entries.c.entry).order_by(crl_entries.c.shard, crl_entries.c.serial)
    for rows in portions(connection, query):
        yield b"".join([entry for (entry,) in rows])
