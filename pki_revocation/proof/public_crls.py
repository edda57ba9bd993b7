"""What public CRLs list and the journal lacks: then the database came back from an old backup, by whatever means.

A public CRL that the record knows says nothing new, and costs one reading of its file. Any other is believed as the
gate believes it: with its CA's signature. What a restoration would not take back (a hold, an entry to be removed) is
left out here too, or there would be no end to it.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from cryptography import x509
from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.exc import ProgrammingError

from pki_revocation.clock import Clock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crl_shards, crls, journal
from pki_revocation.encoding.serials import is_storable
from pki_revocation.errors import StoreError
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register import lost_revocations
from pki_revocation.register.issuers import all_issuers
from pki_revocation.register.lost_revocations import LostRevocation

from .addresses import crl_path
from .own_crl import read_own_crl
from .public_files import Fetch, public_files

_log = logging.getLogger(__name__)
_LOOKUP_BATCH = 500


@dataclass(frozen=True, slots=True)
class Lost:
    """What one journal lacks, by serial; *source* names the CRLs that tell of it."""

    source: str
    by_serial: dict[int, LostRevocation]


class PublicCrlLook:
    """Compares the journals with what is public."""

    def __init__(self, *, database: Database, clock: Clock, fetch: Fetch) -> None:
        """Nothing is read yet; *fetch* knows where CRLs are public, as `public_files` makes it."""
        self._database = database
        self._clock = clock
        self._fetch = fetch

    def lost_of(self, issuer: Issuer) -> Lost | None:
        """What an issuer's public CRLs list and its journal lacks; None for nothing.

        Raises:
            StoreError: when the database does not answer.
        """
        sources, lacking = [], dict[int, LostRevocation]()
        for scope in self._scopes(issuer):
            path = crl_path(issuer.name, scope)
            for data in self._fetch(path):
                missing = self._missing_of(issuer, scope, path, data)
                if missing:
                    sources.append(path)
                for serial, lost in missing.items():
                    lacking[serial] = lost.joined(lacking[serial]) if serial in lacking else lost
        return Lost(" and ".join(dict.fromkeys(sources)), lacking) if lacking else None

    def remember(self, issuer: Issuer, lost: Lost) -> None:
        """Keep what was found, for those who write the journal; a role that may not write leaves it to others."""
        try:
            with self._database.write() as connection:
                lost_revocations.keep(connection, issuer.id, lost.by_serial, self._clock.now())
        except (StoreError, ProgrammingError) as error:
            _log.warning("%s: what its public CRL lists cannot be kept here: %s", issuer.name, _reason(error))

    def remembered(self, issuer: Issuer) -> dict[int, LostRevocation]:
        """What any process found before and the journal still lacks; nothing for a role that may not read it."""
        try:
            with self._database.read() as connection:
                return lost_revocations.all_lost(connection, issuer.id)
        except ProgrammingError:
            return {}

    def _scopes(self, issuer: Issuer) -> Iterator[str]:
        """The names of the issuer's CRLs, as the record has them: each with its delta, and the complete one always."""
        names = {"full"}
        try:
            with self._database.read() as connection:
                recorded = connection.scalars(select(crls.c.scope).where(crls.c.issuer_id == issuer.id).distinct())
                names.update(name.removesuffix("-delta") for name in recorded)
                shards = connection.scalars(select(crl_shards.c.shard).where(crl_shards.c.issuer_id == issuer.id))
                names.update(f"shard-{shard}" for shard in shards)
        except ProgrammingError:
            _log.debug("%s: which parts its CRLs have may not be read here", issuer.name)
        for name in sorted(names):
            yield name
            yield f"{name}-delta"

    def _missing_of(self, issuer: Issuer, scope: str, path: str, data: bytes) -> dict[int, LostRevocation]:
        digest = hashlib.sha256(data)
        if self._is_recorded(issuer, scope, crls.c.sha256 == digest.digest()):
            return {}
        try:
            crl, number = read_own_crl(data, issuer)
        except ValueError as error:
            _log.warning("%s: what is public tells nothing of revocations: %s", issuer.name, error)
            return {}
        # A number is reserved before anything is signed with it: such a CRL is on its way into the record.
        if self._is_recorded(issuer, scope, crls.c.number == number):
            return {}
        missing, now = dict[int, LostRevocation](), self._clock.now()
        source = f"{path}, number {number}, SHA-256 {digest.hexdigest()}"
        with self._database.read() as connection:
            remaining = iter(crl)
            while portion := list(islice(remaining, _LOOKUP_BATCH)):
                entries = {each.serial_number: each for each in portion if is_storable(each.serial_number)}
                recorded = recorded_among(connection, issuer, entries)
                for serial, entry in entries.items():
                    lost = None if serial in recorded else _final(entry, now, source)
                    if lost is not None:
                        missing[serial] = lost
        return missing

    def _is_recorded(self, issuer: Issuer, scope: str, which: ColumnElement[bool]) -> bool:
        query = select(crls.c.number).where(crls.c.issuer_id == issuer.id, crls.c.scope == scope, which)
        try:
            with self._database.read() as connection:
                return connection.execute(query).first() is not None
        except ProgrammingError:
            # A role that may not read the record: then the whole list is compared, which says the same.
            return False


def remember_lost(
    installation: Installation, database: Database, clock: Clock, *, asks_public_address: bool = True
) -> None:
    """Have what the public CRLs list and the journals lack remembered, before anything is written of it.

    Raises:
        StoreError: when the database does not answer.
    """
    fetch = public_files(installation, asks_public_address=asks_public_address)
    look = PublicCrlLook(database=database, clock=clock, fetch=fetch)
    with database.read() as connection:
        issuers: Sequence[Issuer] = all_issuers(connection)
    for issuer in issuers:
        lost = look.lost_of(issuer)
        if lost is not None:
            _log.error(
                "%s lists %d revocations that the journal of %s does not have, as after an old backup was restored: "
                "take them back with 'pki-revocation doctor --restore'",
                lost.source,
                len(lost.by_serial),
                issuer.name,
            )
            look.remember(issuer, lost)


def recorded_among(connection: Connection, issuer: Issuer, serials: Iterable[int]) -> set[int]:
    """Those of the serials that the journal has revoked."""
    found: set[int] = set()
    remaining = iter(serials)
    while portion := list(islice(remaining, _LOOKUP_BATCH)):
        query = select(journal.c.serial).where(journal.c.issuer_id == issuer.id, journal.c.serial.in_(portion))
        found.update(connection.scalars(query))
    return found


def _final(entry: x509.RevokedCertificate, now: datetime, source: str) -> LostRevocation | None:
    """An entry as the journal would have it; None for one that no restoration takes back."""
    reason, invalidity_date = RevocationReason.UNSPECIFIED, None
    try:
        for extension in entry.extensions:
            value = extension.value
            if isinstance(value, x509.CRLReason):
                # DER: an ENUMERATED of one octet (RFC 5280 section 5.3.1); a hold is no reason of ours.
                reason = RevocationReason(value.public_bytes()[-1])
            elif isinstance(value, x509.InvalidityDate):
                invalidity_date = value.invalidity_date_utc
            else:
                return None
    except (ValueError, x509.DuplicateExtension):
        return None
    if entry.revocation_date_utc > now:
        return None
    if invalidity_date is not None and reason is not RevocationReason.KEY_COMPROMISE:
        return None
    return LostRevocation(
        serial=entry.serial_number,
        revocation_date=entry.revocation_date_utc,
        reason=reason,
        invalidity_date=invalidity_date,
        source=source,
    )


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0]
