"""The canonical record of one revocation: the small document that time stamps are made over, and that receipts carry.

JSON as RFC 8785 canonicalises it: UTF-8, members in order, no white space. So the same row of the journal gives the
same octets on each machine and in years, and any other tool can make them from what the receipt prints.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pki_revocation.clock import iso
from pki_revocation.encoding.cert_id import issuer_hashes
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.model import Issuer, JournalEntry, serial_text

FORMAT = "pki-revocation/revocation/1"
# Longer than any that is made: a serial takes 40 symbols.
LONGEST = 2048
_MEMBERS = {
    "format", "invalidity_date", "issuer_key_sha256", "issuer_name_sha256", "kind", "reason", "recorded_at",
    "reference", "revocation_date", "serial",
}  # fmt: skip


def canonical_record(issuer: Issuer, entry: JournalEntry) -> bytes:
    """The octets of a row's record: *issuer* by the SHA-256 of its name and of its key, as a CertID has them."""
    # Each of a CA's certificates has its name and its key (RFC 6960 section 4.1.1): a renewal changes nothing here.
    name, key = issuer_hashes(parts_of(issuer.certificate), "sha256")
    return _canonical(
        {
            "format": FORMAT,
            "invalidity_date": None if entry.invalidity_date is None else iso(entry.invalidity_date),
            "issuer_key_sha256": key.hex(),
            "issuer_name_sha256": name.hex(),
            "kind": entry.kind.value,
            "reason": entry.reason.token,
            "recorded_at": iso(entry.recorded_at),
            "reference": entry.reference,
            "revocation_date": iso(entry.revocation_date),
            "serial": serial_text(entry.serial),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRecord:
    """What a record that came from elsewhere says, as far as proofs are held against it."""

    issuer_name_sha256: str
    issuer_key_sha256: str
    serial: int
    reason: str
    revocation_date: datetime
    reference: str

    @classmethod
    def of(cls, octets: bytes) -> Self:
        """Read a record.

        Raises:
            ValueError: with half a sentence, for what is no canonical record.
        """
        try:
            members = json.loads(octets[: LONGEST + 1])
            if set(members) != _MEMBERS or members["format"] != FORMAT or _canonical(members) != octets:
                raise ValueError  # noqa: TRY301 - as what the parsers raise
            return cls(
                issuer_name_sha256=str(members["issuer_name_sha256"]),
                issuer_key_sha256=str(members["issuer_key_sha256"]),
                serial=int(members["serial"], 16),
                reason=str(members["reason"]),
                revocation_date=datetime.fromisoformat(members["revocation_date"]),
                reference=str(members["reference"]),
            )
        except (ValueError, TypeError, RecursionError):
            raise ValueError(f"it is no record of the form {FORMAT}") from None


def _canonical(members: dict[str, object]) -> bytes:
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
