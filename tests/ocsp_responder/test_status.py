"""What the journal says of a serial, on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography import x509

from ocsp_responder.status import Good, Revoked, SqlStatusSource, Status, Unknown
from pki_revocation import journal
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.encoding.serials import LIMIT
from pki_revocation.errors import StoreError
from pki_revocation.model import Channel, EntryKind, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock
from tests.ocsp_responder import registers
from tests.ocsp_responder.hierarchies import Subordinate
from tests.pki import CertificateAuthority
from tests.waiting import patience


def _look_up(database: Database, issuer_id: int, serials: Sequence[int]) -> tuple[Status, ...]:
    return SqlStatusSource(database, SystemClock()).read(issuer_id, serials).statuses


def test_answer_is_not_dated_while_a_revocation_is_on_its_way(
    database: Database, issuer: Issuer, certificate: x509.Certificate, clock: FakeClock
) -> None:
    """Whoever asks between a revocation's dating and its commit waits, is dated after it, and sees it."""
    source = SqlStatusSource(database, clock)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            head = journal.lock_head(connection, issuer.id)
            database.hold_commit_fence(connection, issuer.id, clock)
            moment = journal.moment_under_lock(head, clock)
            asked = pool.submit(source.read, issuer.id, [certificate.serial_number])
            with pytest.raises(TimeoutError):
                asked.result(timeout=0.5)
            new = journal.NewEntry(
                kind=EntryKind.REVOCATION,
                serial=certificate.serial_number,
                reason=RevocationReason.UNSPECIFIED,
                channel=Channel.API,
            )
            journal.append(connection, head, [new], moment)
            clock.advance(timedelta(seconds=2))
        reading = asked.result(timeout=120)

    assert reading.moment == moment + timedelta(seconds=2)
    assert reading.sequence == 1
    assert reading.statuses == (Revoked(moment, RevocationReason.UNSPECIFIED, certificate.not_valid_after_utc),)


def test_nobody_waits_without_end_for_a_revocation(
    database: Database, issuer: Issuer, certificate: x509.Certificate, clock: FakeClock
) -> None:
    """Its writer was stopped, and holds the time order: an error after two seconds, and no thread is lost to it."""
    source = SqlStatusSource(database, clock)
    with ThreadPoolExecutor(1) as pool, database.write() as connection:
        journal.lock_head(connection, issuer.id)
        database.hold_commit_fence(connection, issuer.id, clock)
        asked = pool.submit(source.read, issuer.id, [certificate.serial_number])
        with pytest.raises(StoreError, match="does not answer"):
            asked.result(timeout=patience(8))
    assert source.read(issuer.id, [certificate.serial_number]).sequence == 0


def test_unrevoked_is_good(database: Database, issuer: Issuer, certificate: x509.Certificate) -> None:
    """Imported and not in the journal."""
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (Good(certificate.not_valid_after_utc),)


def test_revoked_has_time_and_reason(
    database: Database,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
    clock: FakeClock,
) -> None:
    """The journal's time to the second, and its reason; the very next look-up sees it."""
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (Good(certificate.not_valid_after_utc),)

    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.SUPERSEDED)

    expected = Revoked(clock.now(), RevocationReason.SUPERSEDED, certificate.not_valid_after_utc)
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (expected,)


def test_raised_reason_is_shown_with_the_original_time(
    database: Database, issuer: Issuer, certificate: x509.Certificate, service: RevocationService, clock: FakeClock
) -> None:
    """Of the two rows of a raise the later one counts, and the time stands (BR 7.2.2)."""
    first = registers.revoke(service, issuer, certificate.serial_number)
    clock.advance(timedelta(hours=1))

    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.KEY_COMPROMISE)

    expected = Revoked(first, RevocationReason.KEY_COMPROMISE, certificate.not_valid_after_utc)
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (expected,)


def test_back_dated_revocation_shows_its_own_date(
    database: Database, issuer: Issuer, certificate: x509.Certificate, service: RevocationService, clock: FakeClock
) -> None:
    """Relying parties are shown revocationDate, not when it was recorded (BR 7.2.2)."""
    since = clock.now() - timedelta(days=3)

    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.KEY_COMPROMISE, since)

    expected = Revoked(since, RevocationReason.KEY_COMPROMISE, certificate.not_valid_after_utc)
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (expected,)


@pytest.mark.parametrize("serial", [0, -1, -(1 << 200), 1, LIMIT - 1, LIMIT, -LIMIT, -LIMIT - 1, 1 << 4000])
def test_never_imported_is_unknown(
    database: Database, issuer: Issuer, certificate: x509.Certificate, serial: int
) -> None:
    """Never good (BR 4.9.9), also for serials that no certificate can have (RFC 5280 section 4.1.2.2)."""
    assert _look_up(database, issuer.id, [serial]) == (Unknown(),)


@pytest.mark.parametrize("serial", [1, 0x80, 0xFF << 8, (1 << 159) - 1])
def test_serials_of_every_length_are_found(
    database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock, serial: int
) -> None:
    """1 to 20 octets, high bits and trailing zeros too (CRL checklist C14)."""
    issued = authority.issue("Zorg BV", clock.now(), serial=serial)
    registers.add(database, issuer, clock, issued)

    assert _look_up(database, issuer.id, [serial, serial ^ 0x100]) == (Good(issued.not_valid_after_utc), Unknown())


def test_answers_in_the_order_of_the_questions(
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    service: RevocationService,
    clock: FakeClock,
) -> None:
    """Good, unknown, revoked and good again, asked in that order, doubly too."""
    one, two = (authority.issue(f"Zorg {place}", clock.now()) for place in range(2))
    registers.add(database, issuer, clock, one, two)
    registers.revoke(service, issuer, two.serial_number)
    asked = [one.serial_number, 7, two.serial_number, one.serial_number]

    found = _look_up(database, issuer.id, asked)

    assert [type(status) for status in found] == [Good, Unknown, Revoked, Good]


def test_same_serial_of_another_issuer_is_another_certificate(
    database: Database, issuer: Issuer, certificate: x509.Certificate, service: RevocationService, clock: FakeClock
) -> None:
    """Serials are unique for one issuer alone (RFC 5280 section 4.1.2.2)."""
    other = CertificateAuthority("Andere CA")
    with database.write() as connection:
        second = add_issuer(connection, name="other", certificate=other.certificate, is_default=False, clock=clock)
    serial = certificate.serial_number
    registers.revoke(service, issuer, serial)
    assert _look_up(database, second.id, [serial]) == (Unknown(),)

    theirs = other.issue("Zorg BV", clock.now(), serial=serial)
    registers.add(database, second, clock, theirs)

    assert _look_up(database, second.id, [serial]) == (Good(theirs.not_valid_after_utc),)
    assert isinstance(_look_up(database, issuer.id, [serial])[0], Revoked)


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/nothing"])
def test_database_that_is_gone_is_named_so(url: str) -> None:
    """Nothing is guessed while the database does not answer."""
    with Database(url) as database, pytest.raises(StoreError):
        _look_up(database, 1, [5])


def test_sequence_is_the_journals(
    database: Database, issuer: Issuer, certificate: x509.Certificate, service: RevocationService, clock: FakeClock
) -> None:
    """Up to where the journal is in what was read; imports do not move it."""
    source = SqlStatusSource(database, clock)
    assert source.read(issuer.id, [certificate.serial_number]).sequence == 0

    registers.revoke(service, issuer, certificate.serial_number)
    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.KEY_COMPROMISE)

    assert source.read(issuer.id, []).sequence == 2


def test_issuers_own_revocation_comes_along(
    database: Database, issuer: Issuer, authority: CertificateAuthority, service: RevocationService, clock: FakeClock
) -> None:
    """RFC 6960 section 2.7: what the parent's journal says of the issuer's certificate, where one is named."""
    below = Subordinate("Sub CA", authority)
    with database.write() as connection:
        child = add_issuer(connection, name="sub", certificate=below.certificate, is_default=False, clock=clock)
    serial = below.certificate.serial_number
    source = SqlStatusSource(database, clock, {child.id: (issuer.id, serial)})
    assert source.read(child.id, [5]).issuer_revoked is None
    registers.add(database, issuer, clock, below.certificate)
    assert source.read(child.id, [5]).issuer_revoked is None

    moment = registers.revoke(service, issuer, serial, RevocationReason.KEY_COMPROMISE)

    expected = Revoked(moment, RevocationReason.KEY_COMPROMISE, below.certificate.not_valid_after_utc)
    assert source.read(child.id, [5]).issuer_revoked == expected
    assert source.read(child.id, [5]).sequence == 0
    assert source.read(issuer.id, [serial]).issuer_revoked is None
    assert SqlStatusSource(database, clock).read(child.id, [5]).issuer_revoked is None


def test_answer_is_not_dated_while_the_issuers_revocation_is_on_its_way(
    database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """What is being said of the issuer's own certificate is waited for as well, in its parent's order."""
    below = Subordinate("Sub CA", authority)
    with database.write() as connection:
        child = add_issuer(connection, name="sub", certificate=below.certificate, is_default=False, clock=clock)
    serial = below.certificate.serial_number
    registers.add(database, issuer, clock, below.certificate)
    source = SqlStatusSource(database, clock, {child.id: (issuer.id, serial)})
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            head = journal.lock_head(connection, issuer.id)
            database.hold_commit_fence(connection, issuer.id, clock)
            asked = pool.submit(source.read, child.id, [5])
            with pytest.raises(TimeoutError):
                asked.result(timeout=0.5)
            new = journal.NewEntry(
                kind=EntryKind.REVOCATION, serial=serial, reason=RevocationReason.KEY_COMPROMISE, channel=Channel.API
            )
            journal.append(connection, head, [new], journal.moment_under_lock(head, clock))
        reading = asked.result(timeout=120)

    assert reading.issuer_revoked is not None
    assert reading.issuer_revoked.revocation_date <= reading.moment
