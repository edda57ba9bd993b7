"""The published CRL with the revocation on it: as a file where it is small enough to go along, otherwise its record."""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from sqlalchemy import Connection, select

from pki_revocation.database.schema import crls
from pki_revocation.host.http_client import ResponseTooLarge
from pki_revocation.model import Issuer, JournalEntry
from pki_revocation.propagation.crl_coverage import crl_coverage

from .addresses import ServiceAddress
from .fetching import FetchRequest, ServiceClient
from .own_crl import read_own_crl

_log = logging.getLogger(__name__)
# A receipt is mailed: with the CRL and the PDF's own 40 KB it stays under what every mailbox takes.
LARGEST_ATTACHED = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlListing:
    """A CRL that the revocation is on: its number, its hash, since when it is public, and where.

    *since* is None where the published file is newer than the record that was read. *der* is the CRL itself where
    it is no larger than `LARGEST_ATTACHED`.
    """

    number: int
    sha256: str
    address: str
    since: datetime | None
    der: bytes | None = field(default=None, repr=False)


def recorded_listing(
    connection: Connection, address: ServiceAddress, issuer: Issuer, entry: JournalEntry
) -> CrlListing | None:
    """The first complete CRL that listed a revocation, by the record; None while no published one has it."""
    coverage = crl_coverage(connection, entry)[0]
    if coverage.number is None or coverage.in_delta:
        return None
    row = connection.execute(
        select(crls.c.sha256).where(
            crls.c.issuer_id == entry.issuer_id, crls.c.scope == coverage.scope, crls.c.number == coverage.number
        )
    ).one_or_none()
    if row is None or row.sha256 is None:
        return None
    return CrlListing(
        number=coverage.number,
        sha256=row.sha256.hex(),
        address=address.below(_path(issuer)).public,
        since=coverage.since,
    )


def with_published_file(
    recorded: CrlListing, distribution: ServiceClient, issuer: Issuer, entry: JournalEntry
) -> CrlListing:
    """The CRL as it is published now, with its file; the record as it was where the file is too large or not there."""
    try:
        octets = distribution.fetch(FetchRequest(limit=LARGEST_ATTACHED), _path(issuer))
    except ResponseTooLarge:
        return recorded
    number = None if octets is None else _checked_number(octets, issuer, entry)
    if octets is None or number is None:
        return recorded
    return CrlListing(
        number=number,
        sha256=hashlib.sha256(octets).hexdigest(),
        address=recorded.address,
        since=recorded.since if number == recorded.number else None,
        der=octets,
    )


def _path(issuer: Issuer) -> str:
    return f"crl/{issuer.name}.crl"


def _checked_number(octets: bytes, issuer: Issuer, entry: JournalEntry) -> int | None:
    """The CRL's number, when it is the issuer's and lists the certificate."""
    try:
        crl, number = read_own_crl(octets, issuer)
    except ValueError as error:
        _log.error("%s: the published CRL proves nothing: %s", issuer.name, error)
        return None
    if not _lists(crl, entry.serial):
        _log.warning("%s: the published CRL is not yet the one that lists %x", issuer.name, entry.serial)
        return None
    return number


def _lists(crl: x509.CertificateRevocationList, serial: int) -> bool:
    """Whether an entry has this serial; the library finds no negative one."""
    if serial < 0:
        return any(each.serial_number == serial for each in crl)
    return crl.get_revoked_certificate_by_serial_number(serial) is not None
