"""Reads CRLs back by other means than they were written with: `cryptography` for the entries, `frame` for the rest."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import BytesIO
from typing import NamedTuple

from cryptography import x509

from crl_publisher.errors import UnreadableCrl
from pki_revocation.encoding import serials
from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason

from .frame import Frame, read_frame

_REASON_CODES = {
    x509.ReasonFlags.key_compromise: RevocationReason.KEY_COMPROMISE,
    x509.ReasonFlags.ca_compromise: RevocationReason.CA_COMPROMISE,
    x509.ReasonFlags.affiliation_changed: RevocationReason.AFFILIATION_CHANGED,
    x509.ReasonFlags.superseded: RevocationReason.SUPERSEDED,
    x509.ReasonFlags.cessation_of_operation: RevocationReason.CESSATION_OF_OPERATION,
    x509.ReasonFlags.privilege_withdrawn: RevocationReason.PRIVILEGE_WITHDRAWN,
    x509.ReasonFlags.aa_compromise: RevocationReason.AA_COMPROMISE,
}


class ParsedEntry(NamedTuple):
    """One entry as a relying party sees it; *irregular* says what no entry of ours may have, or is empty.

    *serial* is the number's octets as the database keeps and orders it.
    """

    serial: bytes
    revocation_date: datetime
    reason: RevocationReason
    invalidity_date: datetime | None
    irregular: str


@dataclass(frozen=True)
class ParsedCrl:
    """A CRL that was read; nothing is said about whether it is right."""

    data: bytes = field(repr=False)
    parsed: x509.CertificateRevocationList = field(repr=False)

    @cached_property
    def frame(self) -> Frame:
        """What stands around the list, and where the list lies.

        Raises:
            UnreadableCrl: when that is not strict DER.
        """
        return read_frame(BytesIO(self.data))

    @property
    def number(self) -> int | None:
        """The CRLNumber, or None where there is none."""
        try:
            return self.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        except x509.ExtensionNotFound:
            return None

    @property
    def base_number(self) -> int | None:
        """A delta's BaseCRLNumber, or None for a complete CRL."""
        try:
            return self.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
        except x509.ExtensionNotFound:
            return None

    @property
    def this_update(self) -> datetime:
        """When it was issued, by its own word."""
        return self.parsed.last_update_utc

    @property
    def next_update(self) -> datetime | None:
        """By when the next one comes, or None where that is not said."""
        return self.parsed.next_update_utc

    @cached_property
    def extensions(self) -> x509.Extensions:
        """The CRL's own extensions.

        Raises:
            UnreadableCrl: when they are broken or stand there twice.
        """
        with _reading("The extensions of the CRL are broken"):
            return self.parsed.extensions

    @cached_property
    def sha256(self) -> bytes:
        """SHA-256 over all octets of the CRL."""
        return hashlib.sha256(self.data).digest()

    def __len__(self) -> int:
        """The number of entries."""
        return len(self.parsed)

    def entries(self) -> Iterator[ParsedEntry]:
        """The entries in their order.

        Raises:
            UnreadableCrl: when one is broken.
        """
        with _reading("An entry of the CRL is broken"):
            for revoked in self.parsed:
                yield _entry(revoked)

    def serials(self) -> Iterator[bytes]:
        """The entries' serials alone, which is much faster."""
        return (serials.stored(revoked.serial_number) for revoked in self.parsed)

    def parse_entries(self, entries: Sequence[bytes]) -> Iterator[ParsedEntry]:
        """What a relying party makes of some of its entries, given as their octets.

        Raises:
            UnreadableCrl: when one is broken.
        """
        return parse_crl(self.frame.with_entries(entries)).entries()

    def is_of(self, issuer: Issuer) -> bool:
        """Whether this CA signed it, under any of its certificates: a renewal may bind the key to another signature."""
        return any(self.is_signed_by(each) for each in issuer.certificates)

    def is_signed_by(self, issuer: x509.Certificate) -> bool:
        """Whether the signature over the raw bytes is this CA's, with an algorithm that its key may sign with."""
        try:
            return self.frame.is_verified_by(issuer, [memoryview(self.data)[self.frame.signed]])
        except UnreadableCrl:
            return False


def parse_crl(data: bytes) -> ParsedCrl:
    """Read the DER of a CRL, all of it.

    Raises:
        UnreadableCrl: when it is not one CRL in strict DER.
    """
    with _reading("This is no CRL in DER"):
        return ParsedCrl(data, x509.load_der_x509_crl(data))


@contextmanager
def _reading(complaint: str) -> Iterator[None]:
    """Turn every error that a parser raises for octets that it cannot take into `UnreadableCrl`."""
    try:
        yield
    except UnreadableCrl:
        raise
    except Exception as error:
        raise UnreadableCrl(f"{complaint}: {plain_cause(error)}.") from error


def _entry(revoked: x509.RevokedCertificate) -> ParsedEntry:
    reason, invalidity, irregular = RevocationReason.UNSPECIFIED, None, ""
    for extension in revoked.extensions:
        value = extension.value
        if extension.critical:
            irregular = f"a critical extension {extension.oid.dotted_string}"
        elif isinstance(value, x509.CRLReason) and value.reason in _REASON_CODES:
            reason = _REASON_CODES[value.reason]
        elif isinstance(value, x509.InvalidityDate):
            invalidity = value.invalidity_date_utc
        elif isinstance(value, x509.CRLReason):
            irregular = f"the reason {value.reason.value}"
        else:
            irregular = f"the extension {extension.oid.dotted_string} with a value that no entry may have"
    serial = serials.stored(revoked.serial_number)
    return ParsedEntry(serial, revoked.revocation_date_utc, reason, invalidity, irregular)
