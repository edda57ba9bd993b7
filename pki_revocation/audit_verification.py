"""Holds the journal against the audit trail: each row is vouched for by the record that was written with it.

A record of a revocation, an import or a restoration carries SHA-256 over the journal rows that it is about. Recomputed
from the rows as they stand, and covering every sequence from the first to the head, they show a journal row that was
changed, added or lost by other means than this product.
"""

import json
from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, select

from pki_revocation.database.schema import audit

from . import journal
from .audit import AuditBroken
from .register.issuers import all_issuers

_WRITES = ("revocation.made", "revocation.raised", "certificates.imported", "journal.restored")


def verify_journal(connection: Connection) -> int:
    """Compare every journal row with what the audit trail says was written; give the number of rows.

    Raises:
        AuditBroken: naming the issuer and the sequences that do not fit.
    """
    ids = {issuer.name: issuer.id for issuer in all_issuers(connection)}
    covered: dict[str, int] = defaultdict(int)
    for name, first, last, digest in _vouched(connection):
        rows = list(journal.entries_after(connection, ids[name], first - 1, through=last)) if name in ids else []
        if first != covered[name] + 1 or len(rows) != last - first + 1 or journal.digest_of(rows) != digest:
            raise AuditBroken(
                f"The journal of {name} does not fit the audit trail at sequence {first} to {last}: "
                "restore a backup and compare."
            )
        covered[name] = last
    for name, issuer_id in ids.items():
        head = journal.read_head(connection, issuer_id).sequence
        if head != covered[name]:
            raise AuditBroken(
                f"The journal of {name} goes to sequence {head}, and the audit trail vouches for {covered[name]}: "
                "restore a backup and compare."
            )
    return sum(covered.values())


def _vouched(connection: Connection) -> Iterator[tuple[str, int, int, str]]:
    """For each record of written rows: the issuer's name, the first and last sequence, and the digest."""
    query = select(audit.c.detail).where(audit.c.event.in_(_WRITES)).order_by(audit.c.sequence)
    for (text,) in connection.execute(query).all():
        detail = json.loads(text)
        if "journal_sha256" in detail:
            first = detail.get("first_sequence", detail.get("sequence"))
            last = detail.get("last_sequence", detail.get("sequence"))
            yield detail["issuer"], first, last, detail["journal_sha256"]
