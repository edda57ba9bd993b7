"""RevocationService: the one writer of revocations, whoever asks for them.

Number and code are checked outside any lock, because that is slow on purpose; then, under the issuer's head lock, the
code's version and the journal are looked at again, and journal and audit are written in one transaction. What this
module returns has been committed, durably.
"""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from pki_revocation.database.engine import Database
from pki_revocation.host.failpoints import reach
from pki_revocation.propagation.measurement import Visibility, visibility
from pki_revocation.rate_limiting.client_address import LOCAL, Source
from pki_revocation.rate_limiting.limiter import Guard

from . import journal, policy
from .audit import AuditTrail
from .clock import Clock
from .codes import CodeVerifier, parse_code
from .errors import NotFound, NotRecognised
from .model import (
    CertificateStatus,
    Channel,
    Confirmation,
    EntryKind,
    IssuedCertificate,
    Issuer,
    JournalEntry,
    serial_text,
)
from .numbers import parse_number
from .policy import Decision
from .reasons import RevocationReason
from .register.certificates import certificate_with_id, certificate_with_serial
from .register.issuers import issuer_named, issuer_with_id
from .register.live_codes import live_code, live_verifier
from .subscribers import outbox

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Somebody who gave a right number and code.

    *seal* proves it wherever this value travels: it hangs on the pepper and on the code as stored, so a replaced code
    breaks it, and nobody makes one without the pepper.
    """

    certificate_id: int
    code_version: int
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for.

    *compromised_at* becomes the invalidity date and never moves the revocation; *revocation_date* is an operator's
    back-dating for key compromise. *source* says who and from where, kept beside the audit chain.
    """

    reason: RevocationReason
    channel: Channel
    compromised_at: datetime | None = None
    revocation_date: datetime | None = None
    source: Mapping[str, str] | None = None


class RevocationService:
    """Revokes, and tells what is revoked."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        verifier: CodeVerifier,
        guard: Guard | None = None,
    ) -> None:
        """All that it needs, as arguments; *guard* is one with the default limits without any."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._verifier = verifier
        self._guard = guard or Guard(database=database, clock=clock, audit=audit, pepper=verifier.pepper)

    def identify(
        self, number: str, code: str, source: Source = LOCAL, channel: Channel = Channel.OPERATOR
    ) -> Identified:
        """Check a number and a code as somebody typed them; *source* and *channel* say from where.

        Raises:
            MistypedNumber: before anything is looked up.
            MistypedCode: likewise.
            NotRecognised: for an unknown number and a wrong code alike, after the same work.
            TooManyAttempts: when too many wrong ones came from *source*; nothing was looked at.
        """
        digits, symbols = parse_number(number), parse_code(code)
        with self._guard.attempt(digits, source, channel):
            return self._identify(digits, symbols)

    def _identify(self, digits: str, symbols: str) -> Identified:
        with self._database.read() as connection:
            known = live_code(connection, digits)
        stored = None if known is None or known.pepper_id != self._verifier.pepper.id else known.verifier
        fits = self._verifier.check(number=digits, code=symbols, stored=stored)
        if not fits or known is None:
            _log.info("number and code do not belong together")
            raise NotRecognised
        seal = self._verifier.seal(known.certificate.id, known.version, known.verifier)
        return Identified(certificate_id=known.certificate.id, code_version=known.version, seal=seal)

    def describe(self, identified: Identified) -> CertificateStatus:
        """Whose certificate it is, and whether it is revoked; for somebody who gave a right code.

        Raises:
            NotRecognised: when the code was replaced since it was checked.
        """
        with self._database.read() as connection:
            certificate, issuer = self._holder(connection, identified)
            entry = journal.latest_entry(connection, issuer.id, certificate.serial)
        return CertificateStatus(issuer=issuer, certificate=certificate, entry=entry)

    def revoke(self, identified: Identified, wish: Wish) -> Confirmation:
        """Revoke for a subscriber; a repeat changes nothing and gets the original answer.

        Raises:
            NotRecognised: when the code was replaced since it was checked.
            CertificateExpired: when the certificate expired without having been revoked.
            ImpossibleDate: for a date of compromise in the future, or without keyCompromise.
        """
        with self._database.write() as connection:
            certificate, issuer = self._holder(connection, identified)
            head = journal.lock_head(connection, issuer.id)
            self._refuse_unsealed(connection, identified)
            confirmation = self._decide(connection, issuer, certificate, head, wish, expired_too=False)
        reach("revocation.committed")
        return confirmation

    def revoke_for_operator(self, issuer_name: str | None, serial: int, wish: Wish) -> Confirmation:
        """Revoke on the authority of the CA's own people; expired certificates too.

        Raises:
            NotFound: for an issuer or a serial that is not registered.
            ImpossibleDate: for a date in the future, or one that goes with keyCompromise alone.
        """
        with self._database.write() as connection:
            issuer = issuer_named(connection, issuer_name)
            head = journal.lock_head(connection, issuer.id)
            certificate = _certificate(connection, issuer, serial)
            confirmation = self._decide(connection, issuer, certificate, head, wish, expired_too=True)
        reach("revocation.committed")
        return confirmation

    def status(self, issuer_name: str | None, serial: int) -> CertificateStatus:
        """What the journal says of one certificate.

        Raises:
            NotFound: for an issuer or a serial that is not registered.
        """
        with self._database.read() as connection:
            issuer = issuer_named(connection, issuer_name)
            certificate = _certificate(connection, issuer, serial)
            entry = journal.latest_entry(connection, issuer.id, serial)
        return CertificateStatus(issuer=issuer, certificate=certificate, entry=entry)

    def confirmation(self, issuer_id: int, sequence: int) -> Confirmation:
        """The confirmation again, for whoever holds its address.

        Raises:
            NotFound: when the journal has no such row.
        """
        with self._database.read() as connection:
            entry = journal.entry_at(connection, issuer_id, sequence)
            issuer = issuer_with_id(connection, issuer_id)
            if entry is None or issuer is None:
                message = "There is no such confirmation."
                raise NotFound(message)
            certificate = _certificate(connection, issuer, entry.serial)
            return _confirmation(connection, issuer, certificate, entry, repeated=True)

    def visibility(self, confirmation: Confirmation) -> Visibility:
        """What relying parties see of it now, as measured."""
        with self._database.read() as connection:
            return visibility(connection, confirmation, self._clock.now())

    def _holder(self, connection: Connection, identified: Identified) -> tuple[IssuedCertificate, Issuer]:
        self._refuse_unsealed(connection, identified)
        certificate = certificate_with_id(connection, identified.certificate_id)
        issuer = None if certificate is None else issuer_with_id(connection, certificate.issuer_id)
        if certificate is None or issuer is None:
            raise NotRecognised
        return certificate, issuer

    def _refuse_unsealed(self, connection: Connection, identified: Identified) -> None:
        live = live_verifier(connection, identified.certificate_id)
        if live is None:
            raise NotRecognised
        version, stored = live
        seal = self._verifier.seal(identified.certificate_id, version, stored)
        if version != identified.code_version or not hmac.compare_digest(seal.encode(), identified.seal.encode()):
            raise NotRecognised

    def _decide(
        self,
        connection: Connection,
        issuer: Issuer,
        certificate: IssuedCertificate,
        head: journal.JournalHead,
        wish: Wish,
        *,
        expired_too: bool,
    ) -> Confirmation:
        latest = journal.latest_entry(connection, issuer.id, certificate.serial)
        self._audit.hold(connection)
        self._database.hold_order(connection, issuer.id)
        moment = journal.moment_under_lock(head, self._clock)
        policy.refuse_impossible_compromise(wish.reason, wish.compromised_at, moment)
        policy.refuse_impossible_back_date(wish.reason, wish.revocation_date, moment, latest)
        decision = policy.decide(latest, wish.reason)
        if decision is Decision.REPEAT and latest is not None:
            self._record(connection, "revocation.repeated", issuer, latest, wish)
            return _confirmation(connection, issuer, certificate, latest, repeated=True)
        policy.refuse_missing_reason(certificate, wish.reason)
        if decision is Decision.REVOKE and not expired_too:
            policy.refuse_expired(certificate, self._clock.now())
        (entry,) = journal.append(connection, head, [_new_entry(certificate, latest, wish)], moment)
        event = "revocation.raised" if decision is Decision.RAISE else "revocation.made"
        self._record(connection, event, issuer, entry, wish)
        outbox.tell_of_revocation(connection, certificate.number, issuer.id, entry.sequence, moment)
        return _confirmation(connection, issuer, certificate, entry, repeated=False)

    def _record(self, connection: Connection, event: str, issuer: Issuer, entry: JournalEntry, wish: Wish) -> None:
        detail = {
            "issuer": issuer.name,
            "serial": serial_text(entry.serial),
            "sequence": entry.sequence,
            "channel": wish.channel.value,
            "reason": wish.reason.token,
            "reference": entry.reference,
            "journal_sha256": journal.digest_of([entry]),
        }
        self._audit.record(connection, event, detail, personal=wish.source)


def _new_entry(certificate: IssuedCertificate, latest: JournalEntry | None, wish: Wish) -> journal.NewEntry:
    """A raise keeps the original time: the shown date moves only when an operator back-dates it (BR 7.2.2)."""
    original = None if latest is None else latest.revocation_date
    return journal.NewEntry(
        kind=EntryKind.REVOCATION if latest is None else EntryKind.RAISE,
        serial=certificate.serial,
        reason=wish.reason,
        channel=wish.channel,
        revocation_date=wish.revocation_date or original,
        invalidity_date=wish.compromised_at,
    )


def _certificate(connection: Connection, issuer: Issuer, serial: int) -> IssuedCertificate:
    certificate = certificate_with_serial(connection, issuer.id, serial)
    if certificate is None:
        message = f"Issuer {issuer.name!r} has no certificate with serial {serial_text(serial)}: import it first."
        raise NotFound(message)
    return certificate


def _confirmation(
    connection: Connection, issuer: Issuer, certificate: IssuedCertificate, entry: JournalEntry, *, repeated: bool
) -> Confirmation:
    """*revoked_at* is when the journal took in the revocation, also for the raise that came after it."""
    first = journal.first_entry(connection, issuer.id, certificate.serial) or entry
    return Confirmation(
        issuer=issuer, certificate=certificate, entry=entry, revoked_at=first.recorded_at, repeated=repeated
    )
