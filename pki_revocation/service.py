"""RevocationService: the one writer of revocations, of subscribers and operators alike.

Number and code are checked outside any lock, because that is slow on purpose; then, under the issuer's head lock, the
code's version and the journal are read again, and journal and audit are written in one transaction. What this
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
from pki_revocation.propagation.measurement import Propagation, measure_propagation
from pki_revocation.rate_limiting.client_address import LOCAL, ClientAddress
from pki_revocation.rate_limiting.limiter import RateLimiter

from . import journal, policy
from .audit import AuditTrail
from .clock import Clock
from .codes import CodeVerifier, parse_code
from .encoding.possession.proven_key import ProvenKey
from .errors import CertificateExpired, NotRecognised
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
from .policy import RevocationAction
from .reasons import RevocationReason
from .register.certificates import certificate_with_id
from .register.confirmations import (
    ReceiptId,
    confirmation_at,
    confirmation_of,
    confirmed_by_sequence,
    confirmed_earlier,
    registered_certificate,
)
from .register.issuers import issuer_named, issuer_with_id
from .register.journal_heads import record_taken_back
from .register.key_register import KeyRegister
from .register.live_codes import live_code, live_verifier
from .register.lost_revocations import take_back
from .register.older_journal import OlderJournal
from .subscribers import outbox

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatedSubscriber:
    """A subscriber who gave a right number and code.

    *binding_tag* proves it wherever this value travels: it depends on the pepper and on the code as stored, so that a
    replaced code invalidates it, and none can be made without the pepper.
    """

    certificate_id: int
    code_version: int
    binding_tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationRequest:
    """What a subscriber or an operator asks for.

    *compromised_at* becomes the invalidity date and never moves the revocation; *revocation_date* is an operator's
    back-dating for key compromise. *source* names client or operator, and is kept beside the audit chain.
    """

    reason: RevocationReason
    channel: Channel
    compromised_at: datetime | None = None
    revocation_date: datetime | None = None
    source: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOutcome:
    """What a proof by its own key came to for one certificate; *confirmation* is None for one that had expired."""

    status: CertificateStatus
    confirmation: Confirmation | None


class RevocationService:
    """Checks codes, revokes certificates, and tells their status; may be used by many threads."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        verifier: CodeVerifier,
        limiter: RateLimiter | None = None,
        older_journal: OlderJournal | None = None,
    ) -> None:
        """Wire it up; *keys* is what the register knows by keys.

        Args:
            database: of register and journal.
            clock: dates what is written.
            audit: records it.
            verifier: checks codes and makes binding tags.
            limiter: one with the default limits without any.
            older_journal: notices an older database in the place of this one, for what runs long.
        """
        self._database = database
        self._clock = clock
        self._audit = audit
        self._verifier = verifier
        self.keys = KeyRegister(database=database, clock=clock, audit=audit)
        self._older_journal = older_journal
        self._limiter = limiter or RateLimiter(database=database, clock=clock, audit=audit, pepper=verifier.pepper)

    def authenticate(
        self, number: str, code: str, source: ClientAddress = LOCAL, channel: Channel = Channel.OPERATOR
    ) -> AuthenticatedSubscriber:
        """Check a number and a code as they were typed; *source* and *channel* say from where.

        Raises:
            MistypedNumber: before anything is looked up.
            MistypedCode: likewise.
            NotRecognised: for an unknown number and a wrong code alike, after the same work.
            TooManyAttempts: when too many wrong ones came from *source*; nothing was looked up.
        """
        digits, symbols = parse_number(number), parse_code(code)
        with self._limiter.attempt(digits, source, channel):
            return self._authenticate(digits, symbols)

    def _authenticate(self, digits: str, symbols: str) -> AuthenticatedSubscriber:
        with self._database.read() as connection:
            known = live_code(connection, digits)
        stored = None if known is None or known.pepper_id != self._verifier.pepper.id else known.verifier
        fits = self._verifier.check(number=digits, code=symbols, stored=stored)
        if not fits or known is None:
            _log.info("number and code do not belong together")
            raise NotRecognised
        binding_tag = self._verifier.binding_tag(known.certificate.id, known.version, known.verifier)
        return AuthenticatedSubscriber(
            certificate_id=known.certificate.id, code_version=known.version, binding_tag=binding_tag
        )

    def describe(self, subscriber: AuthenticatedSubscriber) -> CertificateStatus:
        """Whose certificate it is, and whether it is revoked; for a subscriber who gave a right code.

        Raises:
            NotRecognised: when the code was replaced since it was checked.
        """
        with self._database.read() as connection:
            certificate, issuer = self._holder(connection, subscriber)
            entry = journal.latest_entry(connection, issuer.id, certificate.serial)
        return CertificateStatus(issuer=issuer, certificate=certificate, entry=entry)

    def revoke(self, subscriber: AuthenticatedSubscriber, request: RevocationRequest) -> Confirmation:
        """Revoke for a subscriber; a repeat changes nothing and gets the original answer.

        Raises:
            NotRecognised: when the code was replaced since it was checked.
            CertificateExpired: when the certificate expired without having been revoked.
            ImpossibleDate: for a date of compromise in the future, or without keyCompromise.
        """
        if self._older_journal is not None:
            self._older_journal.look()
        with self._database.write() as connection:
            certificate, issuer = self._holder(connection, subscriber)
            head = journal.lock_head(connection, issuer.id)
            self._refuse_replaced_code(connection, subscriber)
            confirmation = self._decide(connection, issuer, certificate, head, request, expired_too=False)
        reach("revocation.committed")
        return confirmation

    def revoke_for_operator(self, issuer_name: str | None, serial: int, request: RevocationRequest) -> Confirmation:
        """Revoke on an operator's authority; expired certificates too.

        Raises:
            NotFound: for an issuer or a serial that is not registered.
            ImpossibleDate: for a date in the future, or one that goes with keyCompromise alone.
        """
        with self._database.write() as connection:
            issuer = issuer_named(connection, issuer_name)
            head = journal.lock_head(connection, issuer.id)
            certificate = registered_certificate(connection, issuer, serial)
            confirmation = self._decide(connection, issuer, certificate, head, request, expired_too=True)
        reach("revocation.committed")
        return confirmation

    def revoke_by_key(self, proven: ProvenKey, source: Mapping[str, str]) -> tuple[KeyOutcome, ...]:
        """Revoke every certificate with a key that was proven to be in other hands than it should, for keyCompromise.

        The key goes on the list of compromised keys first, and each certificate is then a transaction of its own: what
        a kill leaves undone is said by `doctor`, and a repeat does it. Those that are revoked for another reason have
        it raised; expired ones are named and left to operators, as the policy has it for all who are none.

        Raises:
            UnknownKey: when no certificate has this key; then it goes on no list, or anyone could fill it.
        """
        self.keys.certificates_with(proven)
        self.keys.list_proven(proven, source)
        request = RevocationRequest(reason=RevocationReason.KEY_COMPROMISE, channel=Channel.KEY, source=source)
        # Read again: what an import registers from now on is held against the list.
        return tuple(self._revoke_for_its_key(each, request) for each in self.keys.certificates_with(proven))

    def _revoke_for_its_key(self, status: CertificateStatus, request: RevocationRequest) -> KeyOutcome:
        try:
            with self._database.write() as connection:
                head = journal.lock_head(connection, status.issuer.id)
                confirmation = self._decide(
                    connection, status.issuer, status.certificate, head, request, expired_too=False
                )
        except CertificateExpired:
            return KeyOutcome(status=status, confirmation=None)
        reach("revocation.committed")
        return KeyOutcome(status=status, confirmation=confirmation)

    def status(self, issuer_name: str | None, serial: int) -> CertificateStatus:
        """A certificate and what the journal says of it, by its serial; the default issuer's for None.

        Raises:
            NotFound: for an issuer or a serial that is not registered.
        """
        with self._database.read() as connection:
            issuer = issuer_named(connection, issuer_name)
            certificate = registered_certificate(connection, issuer, serial)
            entry = journal.latest_entry(connection, issuer.id, serial)
        return CertificateStatus(issuer=issuer, certificate=certificate, entry=entry)

    def confirmation(self, issuer_id: int, sequence: int) -> Confirmation:
        """The confirmation of a row that the caller has just read.

        Raises:
            NotFound: when the journal has no such row.
        """
        with self._database.read() as connection:
            return confirmation_at(connection, issuer_id, sequence)

    def confirmed_earlier(self, receipt: ReceiptId) -> Confirmation:
        """The confirmation again, for a client that was given it, perhaps by a journal that was lost since.

        After a restoration the row may be another one, of the same certificate; it is never another certificate's.

        Raises:
            ConfirmationLost: when the journal has neither the row nor any other of its certificate.
        """
        with self._database.read() as connection:
            return confirmed_earlier(connection, receipt)

    def confirmed_by_sequence(self, issuer_id: int, sequence: int) -> Confirmation:
        """As `confirmed_earlier`, for a client whose address names a sequence alone, as they did up to revision 0011.

        Such an address counts for rows that were there when the tables were brought to 0012: of a later one it cannot
        be told whether it is the row that was meant, or was written after an old backup was restored.

        Raises:
            ConfirmationLost: for any other row.
        """
        with self._database.read() as connection:
            return confirmed_by_sequence(connection, issuer_id, sequence)

    def propagation(self, confirmation: Confirmation) -> Propagation:
        """What relying parties see of a revocation now: OCSP responders' own reports, and published CRLs."""
        with self._database.read() as connection:
            return measure_propagation(connection, confirmation, self._clock.now())

    def _holder(self, connection: Connection, subscriber: AuthenticatedSubscriber) -> tuple[IssuedCertificate, Issuer]:
        self._refuse_replaced_code(connection, subscriber)
        certificate = certificate_with_id(connection, subscriber.certificate_id)
        issuer = None if certificate is None else issuer_with_id(connection, certificate.issuer_id)
        if certificate is None or issuer is None:
            raise NotRecognised
        return certificate, issuer

    def _refuse_replaced_code(self, connection: Connection, subscriber: AuthenticatedSubscriber) -> None:
        live = live_verifier(connection, subscriber.certificate_id)
        if live is None:
            raise NotRecognised
        version, stored = live
        binding_tag = self._verifier.binding_tag(subscriber.certificate_id, version, stored)
        if version != subscriber.code_version or not hmac.compare_digest(
            binding_tag.encode(), subscriber.binding_tag.encode()
        ):
            raise NotRecognised

    def _decide(
        self,
        connection: Connection,
        issuer: Issuer,
        certificate: IssuedCertificate,
        head: journal.JournalHead,
        request: RevocationRequest,
        *,
        expired_too: bool,
    ) -> Confirmation:
        latest = journal.latest_entry(connection, issuer.id, certificate.serial)
        self._audit.hold(connection)
        passed = self._database.hold_commit_fence(connection, issuer.id, self._clock)
        moment = journal.moment_under_lock(head, self._clock, passed=passed)
        if latest is None:
            latest, head = take_back(connection, self._audit, issuer, head, certificate.serial, moment)
        policy.refuse_impossible_compromise(request.reason, request.compromised_at, moment)
        policy.refuse_impossible_back_date(request.reason, request.revocation_date, moment, latest)
        action = policy.decide(latest, request.reason)
        if action is RevocationAction.REPEAT and latest is not None:
            self._record(connection, "revocation.repeated", issuer, latest, request)
            return confirmation_of(connection, issuer, certificate, latest, repeated=True)
        policy.refuse_missing_reason(certificate, request.reason)
        if action is RevocationAction.REVOKE and not expired_too:
            policy.refuse_expired(certificate, self._clock.now())
        (entry,) = journal.append(connection, head, [_new_entry(certificate, latest, request)], moment)
        record_taken_back(connection, self._audit, issuer, head, moment)
        event = "revocation.raised" if action is RevocationAction.RAISE else "revocation.made"
        self._record(connection, event, issuer, entry, request)
        outbox.tell_of_revocation(connection, certificate.number, issuer.id, entry.sequence, moment)
        return confirmation_of(connection, issuer, certificate, entry, repeated=False)

    def _record(
        self, connection: Connection, event: str, issuer: Issuer, entry: JournalEntry, request: RevocationRequest
    ) -> None:
        detail = {
            "issuer": issuer.name,
            "serial": serial_text(entry.serial),
            "sequence": entry.sequence,
            "channel": request.channel.value,
            "reason": request.reason.token,
            "reference": entry.reference,
            "journal_sha256": journal.digest_of([entry]),
        }
        self._audit.record(connection, event, detail, personal=request.source)


def _new_entry(
    certificate: IssuedCertificate, latest: JournalEntry | None, request: RevocationRequest
) -> journal.NewEntry:
    """The row to append. A raise keeps the original time: the shown date moves only when an operator back-dates it."""
    original = None if latest is None else latest.revocation_date
    return journal.NewEntry(
        kind=EntryKind.REVOCATION if latest is None else EntryKind.RAISE,
        serial=certificate.serial,
        reason=request.reason,
        channel=request.channel,
        revocation_date=request.revocation_date or original,
        invalidity_date=request.compromised_at,
    )
