"""Certificates that a public CRL lists as revoked, and a database that was put back does not: they go in as revoked.

A list or a certificate that comes in says nothing of what this CA revoked since, and relying parties have seen it.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.lost_revocations import LostRevocation, lost_among

from .candidates import Candidate, PastRevocation


def with_lost(connection: Connection, issuer: Issuer, batch: Sequence[Candidate]) -> Sequence[Candidate]:
    """The batch, with what the public CRL said of any of its certificates, where the journal lacks that."""
    lost = lost_among(connection, issuer.id, [each.serial for each in batch])
    if not lost:
        return batch
    return [
        each._replace(revocation=_joined(lost[each.serial], each.revocation)) if each.serial in lost else each
        for each in batch
    ]


def _joined(lost: LostRevocation, brought: PastRevocation | None) -> PastRevocation:
    """The earlier date, and the CRL's reason unless the list that comes in says keyCompromise."""
    known = PastRevocation(lost.revocation_date, lost.reason, lost.invalidity_date)
    if brought is None:
        return known
    worse = brought if brought.reason is RevocationReason.KEY_COMPROMISE is not lost.reason else known
    return worse._replace(at=min(lost.revocation_date, brought.at))
