"""What the journal says of a serial, on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography import x509

from ocsp_responder.status import Good, Revoked, SqlStatusSource, Status, Unknown
from pki_revocation import journal, register
from pki_revocation.clock import SystemClock
from pki_revocation.database import Database
from pki_revocation.errors import StoreError
from pki_revocation.model import SERIAL_LIMIT, Channel, EntryKind, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock
from tests.ocsp_responder import registers
from tests.pki import CertificateAuthority


def _look_up(database: Database, issuer_id: int, serials: Sequence[int]) -> tuple[Status, ...]:
    return SqlStatusSource(database, SystemClock()).statuses(issuer_id, serials)[1]


def test_answer_is_not_dated_while_a_revocation_is_on_its_way(
    database: Database, issuer: Issuer, certificate: x509.Certificate, clock: FakeClock
) -> None:
    """Whoever asks between a revocation's dating and its commit waits, is dated after it, and sees it."""
    source = SqlStatusSource(database, clock)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            head = journal.lock_head(connection, issuer.id)
            database.hold_order(connection, issuer.id)
            moment = journal.moment_under_lock(head, clock)
            asked = pool.submit(source.statuses, issuer.id, [certificate.serial_number])
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
        dated, (status,) = asked.result(timeout=10)

    assert dated == moment + timedelta(seconds=2)
    assert status == Revoked(moment, RevocationReason.UNSPECIFIED)


def test_unrevoked_is_good(database: Database, issuer: Issuer, certificate: x509.Certificate) -> None:
    """Imported and not in the journal."""
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (Good(),)


def test_revoked_has_time_and_reason(
    database: Database,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
    clock: FakeClock,
) -> None:
    """The journal's time to the second, and its reason; the very next look-up sees it."""
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (Good(),)

    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.SUPERSEDED)

    expected = Revoked(clock.now(), RevocationReason.SUPERSEDED)
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (expected,)


def test_raised_reason_is_shown_with_the_original_time(
    database: Database, issuer: Issuer, certificate: x509.Certificate, service: RevocationService, clock: FakeClock
) -> None:
    """Of the two rows of a raise the later one counts, and the time stands (BR 7.2.2)."""
    first = registers.revoke(service, issuer, certificate.serial_number)
    clock.advance(timedelta(hours=1))

    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.KEY_COMPROMISE)

    expected = Revoked(first, RevocationReason.KEY_COMPROMISE)
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (expected,)


def test_back_dated_revocation_shows_its_own_date(
    database: Database, issuer: Issuer, certificate: x509.Certificate, service: RevocationService, clock: FakeClock
) -> None:
    """Relying parties are shown revocationDate, not when it was recorded (BR 7.2.2)."""
    since = clock.now() - timedelta(days=3)

    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.KEY_COMPROMISE, since)

    expected = Revoked(since, RevocationReason.KEY_COMPROMISE)
    assert _look_up(database, issuer.id, [certificate.serial_number]) == (expected,)


@pytest.mark.parametrize("serial", [0, -1, -(1 << 200), 1, SERIAL_LIMIT - 1, SERIAL_LIMIT, 1 << 4000])
def test_never_imported_is_unknown(
    database: Database, issuer: Issuer, certificate: x509.Certificate, serial: int
) -> None:
    """Never good (BR 4.9.9), also for serials that no certificate can have (RFC 5280 section 4.1.2.2)."""
    assert _look_up(database, issuer.id, [serial]) == (Unknown(),)


@pytest.mark.parametrize("serial", [1, 0x80, 0xFF << 8, SERIAL_LIMIT - 1])
def test_serials_of_every_length_are_found(
    database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock, serial: int
) -> None:
    """1 to 20 octets, high bits and trailing zeros too (CRL checklist C14)."""
    registers.add(database, issuer, clock, authority.issue("Zorg BV", clock.now(), serial=serial))

    assert _look_up(database, issuer.id, [serial, serial ^ 0x100]) == (Good(), Unknown())


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
        second = register.add_issuer(
            connection, name="other", certificate=other.certificate, is_default=False, clock=clock
        )
    serial = certificate.serial_number
    registers.revoke(service, issuer, serial)
    assert _look_up(database, second.id, [serial]) == (Unknown(),)

    registers.add(database, second, clock, other.issue("Zorg BV", clock.now(), serial=serial))

    assert _look_up(database, second.id, [serial]) == (Good(),)
    assert isinstance(_look_up(database, issuer.id, [serial])[0], Revoked)


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/nothing"])
def test_database_that_is_gone_is_named_so(url: str) -> None:
    """Nothing is guessed while the database does not answer."""
    with Database(url) as database, pytest.raises(StoreError):
        _look_up(database, 1, [5])
