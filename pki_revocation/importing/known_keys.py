"""The keys of what an import brings: written down, and held against those that are known to be compromised.

A CA must not issue for such a key (BR 6.1.1.3). A certificate that it issued all the same is registered, because it
exists and must be revocable, and it is said at once and loudly: relying parties trust it until it is revoked, which is
to be done within 24 hours (BR 4.9.1.1). Revoking is left to the operator, who sees what else hangs on it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.clock import iso
from pki_revocation.model import Issuer, serial_text
from pki_revocation.register.certificate_keys import record_keys, record_new_keys
from pki_revocation.register.compromised_keys import compromised_among

from .candidates import Candidate, Remark


def note_keys(
    connection: Connection, issuer: Issuer, new: Sequence[Candidate], completed: Sequence[Candidate], moment: datetime
) -> list[Remark]:
    """Write the keys of certificates that were registered or completed; give a remark for each that is trusted wrongly.

    Args:
        connection: the transaction that registered them.
        issuer: whose they are.
        new: were not registered before.
        completed: were, without the certificate itself or with its precertificate.
        moment: of their registration.
    """
    record_new_keys(connection, issuer.id, {each.serial: each.key_hashes for each in new})
    record_keys(connection, issuer.id, {each.serial: each.key_hashes for each in completed})
    known = compromised_among(connection, [digest for each in (*new, *completed) for digest in each.key_hashes])
    if not known:
        return []
    remarks = []
    for each in (*new, *completed):
        found = next((known[digest] for digest in each.key_hashes if digest in known), None)
        if found is None or each.revocation is not None or each.not_after < moment:
            continue
        if journal.latest_entry(connection, issuer.id, each.serial) is not None:
            # A list had it revoked before its certificate came.
            continue
        serial = serial_text(each.serial)
        remarks.append(
            Remark(
                each.source,
                each.place,
                f"WRONG: serial {serial} has a key that is known to be compromised since {iso(found.since)} "
                f"({found.source.value}). It is registered, and trusted until it is revoked: run 'pki-revocation "
                f"revoke {serial} --issuer {issuer.name} --reason keyCompromise' within 24 hours (BR 4.9.1.1), and "
                "find out why it was issued (BR 6.1.1.3).",
            )
        )
    return remarks
