"""What the newest public CRL lists and the journal lacks: then the database came back from an old backup.

Relying parties know of those revocations already, so that `good` would take them back. Until they are in the journal
again, the issuer's answers are `revoked` for what the CRL lists, or the journal has, and `tryLater` for all others:
what was revoked behind that CRL is not known to any of the two.

A public CRL that the record knows says nothing new, and costs one reading of its file. Any other is believed as the
gate believes it: with its CA's signature. What a restoration would not take back (a hold, an entry to be removed) is
left out here too, or there would be no end to it.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from cryptography import x509
from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.exc import ProgrammingError

from ocsp_responder.status import Revoked
from pki_revocation.clock import Clock
from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import LOOPBACK
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls, journal
from pki_revocation.encoding.serials import is_storable
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, exchange
from pki_revocation.model import UNKNOWN_END, Issuer
from pki_revocation.proof.addresses import distribution_address
from pki_revocation.proof.own_crl import read_own_crl
from pki_revocation.reasons import RevocationReason

_log = logging.getLogger(__name__)
# The octets at a path such as crl/issuing.crl, wherever they are public: none, one, or several that differ.
Fetch: TypeAlias = Callable[[str], Iterable[bytes]]
_LOOKUP_BATCH = 500
_LARGEST = 100 << 20
_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingOfIssuer:
    """What one journal lacks, by serial; *source* names the CRL that tells of it."""

    source: str
    revoked: Mapping[int, Revoked]

    def says(self, issuer: Issuer) -> str:
        """The sentence for operators."""
        return (
            f"{self.source} lists {len(self.revoked)} revocations that the journal of {issuer.name} does not have, as "
            "after an old backup was restored: only 'revoked' is said of its certificates until 'pki-revocation doctor "
            "--restore' has taken them back."
        )


class MissingRevocations:
    """Knows of each issuer what its journal lacks; examined when a responder starts, and until nothing is lacking."""

    def __init__(self, *, database: Database, clock: Clock, issuers: Sequence[Issuer], fetch: Fetch) -> None:
        """Nothing is read yet."""
        self._database = database
        self._clock = clock
        self._issuers = issuers
        self._fetch = fetch
        self._missing: Mapping[int, MissingOfIssuer] = {}
        self._lock = threading.Lock()

    @property
    def any(self) -> bool:
        """Whether any journal lacks anything."""
        return bool(self._missing)

    @property
    def trouble(self) -> str | None:
        """What is lacking, in sentences; None for nothing."""
        sentences = [self._missing[each.id].says(each) for each in self._issuers if each.id in self._missing]
        return " ".join(sentences) or None

    def of(self, issuer_id: int) -> MissingOfIssuer | None:
        """What the issuer's journal lacks; None for nothing."""
        return self._missing.get(issuer_id)

    def examine(self) -> None:
        """Read what is public, and find out what the journals lack of it.

        Raises:
            StoreError: when the database does not answer.
        """
        found = {}
        for issuer in self._issuers:
            missing = self._examined(issuer)
            if missing is not None:
                _log.error("%s", missing.says(issuer))
                found[issuer.id] = missing
        with self._lock:
            self._missing = found

    def look_again(self) -> None:
        """Find out whether what was lacking is there by now; nothing public is read again.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._lock, self._database.read() as connection:
            left = {}
            for issuer in self._issuers:
                before = self._missing.get(issuer.id)
                if before is None:
                    continue
                recorded = _recorded(connection, issuer, before.revoked)
                lacking = {serial: status for serial, status in before.revoked.items() if serial not in recorded}
                if lacking:
                    left[issuer.id] = replace(before, revoked=lacking)
                else:
                    _log.info("%s: the journal has what the public CRL lists again", issuer.name)
            self._missing = left

    def _examined(self, issuer: Issuer) -> MissingOfIssuer | None:
        sources, lacking = [], dict[int, Revoked]()
        for scope, path in (("full", f"crl/{issuer.name}.crl"), ("full-delta", f"crl/{issuer.name}-delta.crl")):
            for data in self._fetch(path):
                missing = self._missing_of(issuer, scope, data)
                if missing:
                    sources.append(path)
                    lacking |= missing
        return MissingOfIssuer(source=" and ".join(dict.fromkeys(sources)), revoked=lacking) if lacking else None

    def _missing_of(self, issuer: Issuer, scope: str, data: bytes) -> dict[int, Revoked]:
        if self._is_recorded(issuer, scope, crls.c.sha256 == hashlib.sha256(data).digest()):
            return {}
        try:
            crl, number = read_own_crl(data, issuer)
        except ValueError as error:
            _log.warning("%s: what is public tells nothing of revocations: %s", issuer.name, error)
            return {}
        # A number is reserved before anything is signed with it: such a CRL is on its way into the record.
        if self._is_recorded(issuer, scope, crls.c.number == number):
            return {}
        missing, now = dict[int, Revoked](), self._clock.now()
        with self._database.read() as connection:
            remaining = iter(crl)
            while portion := list(islice(remaining, _LOOKUP_BATCH)):
                entries = {each.serial_number: each for each in portion if is_storable(each.serial_number)}
                recorded = _recorded(connection, issuer, entries)
                for serial, entry in entries.items():
                    status = None if serial in recorded else _final(entry, now)
                    if status is not None:
                        missing[serial] = status
        return missing

    def _is_recorded(self, issuer: Issuer, scope: str, which: ColumnElement[bool]) -> bool:
        query = select(crls.c.number).where(crls.c.issuer_id == issuer.id, crls.c.scope == scope, which)
        try:
            with self._database.read() as connection:
                return connection.execute(query).first() is not None
        except ProgrammingError:
            # A role that may not read the record: then the whole list is compared, which says the same.
            return False


def public_files(installation: Installation) -> Fetch:
    """Where an installation's CRLs are public: in the folder of this machine, and at the public address.

    A public address on this machine is that same folder's, and one that does not answer is not asked again: OCSP must
    start all the same, and whether the journal is whole cannot be told from there then.
    """
    folder = installation.path("published")
    address = distribution_address(installation)
    asks = urlsplit(address.public).hostname not in {LOOPBACK, "localhost", "::1"}

    def fetch(path: str) -> Iterable[bytes]:
        nonlocal asks
        here = _read(folder / path)
        if here is not None:
            yield here
        if asks:
            try:
                answer = exchange(
                    "GET", address.below(path).public, limits=ExchangeLimits(seconds=_SECONDS, octets=_LARGEST)
                )
            except ExchangeFailed as error:
                asks = False
                _log.warning("the public CRL cannot be compared with the journal: %s", error)
            else:
                if answer.status == HTTPStatus.OK and answer.body != here:
                    yield answer.body

    return fetch


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        # Nothing was published yet, or no deltas are made.
        return None
    except OSError as error:
        _log.warning("%s cannot be read: %s", file, error.strerror)
        return None


def _recorded(connection: Connection, issuer: Issuer, serials: Iterable[int]) -> set[int]:
    """Those of the serials that the journal has revoked."""
    found: set[int] = set()
    remaining = iter(serials)
    while portion := list(islice(remaining, _LOOKUP_BATCH)):
        query = select(journal.c.serial).where(journal.c.issuer_id == issuer.id, journal.c.serial.in_(portion))
        found.update(connection.scalars(query))
    return found


def _final(entry: x509.RevokedCertificate, now: datetime) -> Revoked | None:
    """An entry as the journal would have it; None for one that no restoration takes back."""
    reason, dates = RevocationReason.UNSPECIFIED, 0
    try:
        for extension in entry.extensions:
            value = extension.value
            if isinstance(value, x509.CRLReason):
                # DER: an ENUMERATED of one octet (RFC 5280 section 5.3.1); a hold is no reason of ours.
                reason = RevocationReason(value.public_bytes()[-1])
            elif isinstance(value, x509.InvalidityDate):
                dates += 1
            else:
                return None
    except (ValueError, x509.DuplicateExtension):
        return None
    if entry.revocation_date_utc > now or (dates and reason is not RevocationReason.KEY_COMPROMISE):
        return None
    return Revoked(entry.revocation_date_utc, reason, UNKNOWN_END)
