"""One publication: what becomes public, what is recorded, and that nothing wrong ever replaces the last good CRL."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete, func, select, update

from crl_publisher import issuance as issuance_module
from crl_publisher import planning as planning_module
from crl_publisher.builder import build
from crl_publisher.config import PublisherSettings
from crl_publisher.entries import EntryStore
from crl_publisher.errors import CrlRejected, LastCrlInFuture, NumberNotAbove, OutletError
from crl_publisher.inspection import inspect
from crl_publisher.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.reading import ReadCrl, read_crl
from crl_publisher.store import last_published, published
from crl_publisher.timing import SettingsTiming
from keys.errors import UnusableKey
from pki_revocation import journal, register
from pki_revocation.audit import verify_chain
from pki_revocation.clock import iso
from pki_revocation.database import Database
from pki_revocation.errors import ClockBehindJournal
from pki_revocation.journal import FAR_AHEAD, NewEntry
from pki_revocation.model import Channel, EntryKind, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.schema import audit, crl_entries, crls
from tests.crl_publisher.crafted import entry
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publishing import issuance_of
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def events(database: Database) -> list[str]:
    """What the audit trail says happened, in order; and it holds."""
    with database.read() as connection:
        verify_chain(connection)
        return list(connection.scalars(select(audit.c.event).order_by(audit.c.sequence)))


def serials(crl: ReadCrl) -> set[int]:
    """What a CRL lists."""
    return {revoked.serial_number for revoked in crl.parsed}


def test_published_crl_is_recorded_with_what_it_covers(
    issuance: CrlIssuance, issuer: Issuer, population: Population, public_file: Path, database: Database
) -> None:
    """File, record and audit trail say the same of it."""
    revoked = population.issue_revoked(3, reason=RevocationReason.SUPERSEDED)

    result = issuance.publish(issuer)

    crl = read_crl(public_file.read_bytes())
    assert serials(crl) == set(revoked)
    assert (crl.number, crl.this_update, crl.next_update) == (result.number, result.this_update, result.next_update)
    assert (result.covers_sequence, result.entries) == (3, 3)
    assert (result.size, result.sha256) == (len(crl.data), crl.sha256.hex())
    with database.read() as connection:
        assert last_published(connection, issuer) == result
    assert events(database) == ["crl.signing", "crl.published"]


def test_times_follow_the_settings(issuance: CrlIssuance, issuer: Issuer, clock: FakeClock) -> None:
    """ThisUpdate is backdated, and validity ends a second early, because both ends count (BR 4.9.10)."""
    result = issuance.publish(issuer)

    assert result.this_update == clock.now() - timedelta(seconds=60)
    assert result.next_update == result.this_update + timedelta(hours=48) - timedelta(seconds=1)


def test_nothing_revoked_is_an_empty_crl(issuance: CrlIssuance, issuer: Issuer, public_file: Path) -> None:
    """The first CRL comes before the first revocation (BR 4.9.7)."""
    assert issuance.publish(issuer).entries == 0
    assert len(read_crl(public_file.read_bytes())) == 0


def test_numbers_rise_over_clock_steps_and_restarts(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    settings: PublisherSettings,
) -> None:
    """Whatever the clock does, number, thisUpdate and nextUpdate never fall."""
    results = [issuance.publish(issuer)]
    for step in (HOUR, timedelta(0), -2 * HOUR, timedelta(seconds=1), -20 * HOUR, 3 * DAY):
        clock.advance(step)
        again = issuance_of(database, clock, one_key, outlet)
        results.append(again.publish(issuer))

    for before, after in pairwise(results):
        assert after.number > before.number
        assert after.this_update >= before.this_update
        assert after.next_update >= before.next_update


def test_crl_after_a_clock_step_back_still_covers_what_came_before(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """Its moment is the journal's last, so that no revocation dated before it is missing."""
    population.issue_revoked(1)
    clock.advance(-HOUR)
    (late,) = population.issue_revoked(1)

    result = issuance.publish(issuer)

    assert result.covers_sequence == 2
    assert late in serials(read_crl(public_file.read_bytes()))


def test_head_of_the_journal_is_moved_to_the_moment_of_issuing(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, database: Database, population: Population
) -> None:
    """A revocation that comes after a CRL is never dated before it, though the clock went back meanwhile."""
    result = issuance.publish(issuer)
    clock.advance(-HOUR)

    (entry,) = population.revoke(*population.issue())

    assert entry.revocation_date == result.this_update + timedelta(seconds=60)
    with database.read() as connection:
        assert journal.read_head(connection, issuer.id).sequence == 1


def test_shorter_validity_does_not_take_next_update_back(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    one_key: OneKey,
    outlet: DirectoryOutlet,
) -> None:
    """What was promised stays promised (RFC 5280 section 5.1.2.5)."""
    first = issuance.publish(issuer)
    timings = SettingsTiming(PublisherSettings(validity=4 * HOUR))
    shorter = issuance_of(database, clock, one_key, outlet, timings=timings)

    assert shorter.publish(issuer).next_update == first.next_update


def test_expired_entry_stays_for_one_more_crl(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """On the first CRL issued beyond the certificate's validity it is still listed, on the next no more."""
    (short,) = population.issue(lifetime=DAY)
    population.revoke(short)
    listed = []
    for step in (timedelta(0), 2 * DAY, HOUR, HOUR):
        clock.advance(step)
        issuance.publish(issuer)
        listed.append(short in serials(read_crl(public_file.read_bytes())))

    assert listed == [True, True, False, False]


def test_certificate_revoked_after_its_expiry_is_listed_once(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """Operators may revoke what has expired: relying parties must be told at least once."""
    (short,) = population.issue(lifetime=DAY)
    clock.advance(10 * DAY)
    issuance.publish(issuer)
    clock.advance(HOUR)
    population.revoke(short)
    listed = []
    for _ in range(2):
        clock.advance(HOUR)
        issuance.publish(issuer)
        listed.append(short in serials(read_crl(public_file.read_bytes())))

    assert listed == [True, False]


def test_entry_of_an_older_crl_that_was_put_back_is_listed_again(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """A published folder from a backup lists what has gone since: it comes back, and goes once it was listed again."""
    (short,) = population.issue(lifetime=DAY)
    population.revoke(short)
    listed: list[bool] = []
    results = [issuance.publish(issuer)]
    first = public_file.read_bytes()
    for step in (2 * DAY, HOUR, HOUR, HOUR, HOUR):
        clock.advance(step)
        if len(results) == 3:
            public_file.write_bytes(first)
        results.append(issuance.publish(issuer))
        listed.append(short in serials(read_crl(public_file.read_bytes())))

    assert listed == [True, False, True, False, False]
    for before, after in pairwise(results):
        assert after.number > before.number
        assert after.this_update > before.this_update


def test_late_revocation_that_a_put_back_crl_lacks_is_listed_again(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """It was issued beyond the certificate's validity, and never listed it: that is no listing of it."""
    (short,) = population.issue(lifetime=DAY)
    clock.advance(2 * DAY)
    issuance.publish(issuer)
    first = public_file.read_bytes()
    population.revoke(short)
    listed: list[bool] = []
    for _ in range(4):
        clock.advance(HOUR)
        if len(listed) == 2:
            public_file.write_bytes(first)
        issuance.publish(issuer)
        listed.append(short in serials(read_crl(public_file.read_bytes())))

    assert listed == [True, False, True, False]


def test_clock_that_was_far_ahead_signs_nothing(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    population: Population,
    public_file: Path,
    database: Database,
) -> None:
    """Neither at the journal's last moment nor at the last CRL's, once a revocation took the journal back to now."""
    clock.advance(2 * FAR_AHEAD)
    result = issuance.publish(issuer)
    ahead = public_file.read_bytes()
    clock.advance(-2 * FAR_AHEAD)

    with pytest.raises(ClockBehindJournal):
        issuance.publish(issuer)
    population.issue_revoked(1)
    with pytest.raises(LastCrlInFuture, match=iso(result.this_update)):
        issuance.publish(issuer)

    assert public_file.read_bytes() == ahead
    assert events(database) == ["crl.signing", "crl.published"]
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(crls)).scalar_one() == 1


def test_journal_that_is_far_ahead_dates_no_crl(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """Also the first CRL is never dated into the far future; how far is too far is the journal's to say."""
    second = timedelta(seconds=1)
    clock.advance(FAR_AHEAD + second)
    population.issue_revoked(1)
    clock.advance(-FAR_AHEAD - second)

    with pytest.raises(ClockBehindJournal):
        issuance.publish(issuer)
    assert not public_file.exists()
    clock.advance(second)

    assert issuance.publish(issuer).entries == 1


# SQLite has one lock for everything, which says nothing about the head's own.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_planning_waits_for_whoever_holds_the_journal(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, database: Database
) -> None:
    """What is being written when a CRL is planned is covered by it: its date may lie before the CRL's."""
    (serial,) = population.issue()
    # The store's own row must be there, or else the publication would wait for something else.
    EntryStore(database).apply(issuer)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            head = journal.lock_head(connection, issuer.id)
            publication = pool.submit(issuance.publish, issuer)
            with pytest.raises(TimeoutError):
                publication.result(timeout=0.5)
            new = NewEntry(
                kind=EntryKind.REVOCATION,
                serial=serial,
                reason=RevocationReason.UNSPECIFIED,
                channel=Channel.OPERATOR,
            )
            journal.append(connection, head, [new], clock.now())
        result = publication.result(timeout=10)

    assert (result.covers_sequence, result.entries) == (1, 1)


def test_revocation_between_applying_and_planning_is_listed(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    public_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plan covers it, so the store is brought up to the plan before anything is signed."""
    apply = EntryStore.apply
    late: list[int] = []

    def overtaken(store: EntryStore, which: Issuer, *, upto: int | None = None) -> int:
        sequence = apply(store, which, upto=upto)
        if not late:
            late.extend(population.issue_revoked(1))
        return sequence

    monkeypatch.setattr(EntryStore, "apply", overtaken)

    assert issuance.publish(issuer).covers_sequence == 1
    assert serials(read_crl(public_file.read_bytes())) == set(late)


def _flip(data: bytes) -> bytes:
    return data[:-1] + bytes((data[-1] ^ 1,))


def test_flipped_bit_stops_the_publication(
    issuance: CrlIssuance,
    issuer: Issuer,
    public_file: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The old file stays byte for byte, the alarm names the finding, and the audit trail has it."""
    issuance.publish(issuer)
    before = public_file.read_bytes()
    monkeypatch.setattr(issuance_module, "build", lambda *arguments: _flip(build(*arguments)))

    with pytest.raises(CrlRejected) as rejected:
        issuance.publish(issuer)

    assert set(rejected.value.counts) == {"crl.signature"}
    assert public_file.read_bytes() == before
    assert "crl.signature" in caplog.text
    assert events(database) == ["crl.signing", "crl.published", "crl.signing", "crl.rejected"]
    with database.read() as connection:
        detail = connection.scalars(select(audit.c.detail).order_by(audit.c.sequence.desc())).first()
        assert json.loads(str(detail))["findings"] == {"crl.signature": 1}
        assert len(published(connection, issuer, limit=10)) == 1


def test_missing_serial_stops_the_publication(
    issuance: CrlIssuance, issuer: Issuer, population: Population, public_file: Path, database: Database
) -> None:
    """An entry that vanished from the store is noticed by the journal; rebuilding the store heals it."""
    revoked = population.issue_revoked(3)
    issuance.publish(issuer)
    before = public_file.read_bytes()
    with database.write() as connection:
        connection.execute(delete(crl_entries).where(crl_entries.c.serial == revoked[1]))

    with pytest.raises(CrlRejected) as rejected:
        issuance.publish(issuer)

    assert set(rejected.value.counts) == {"crl.entry.missing", "crl.entry.lost"}
    assert public_file.read_bytes() == before
    assert issuance.rebuild(issuer) == 3
    issuance.publish(issuer)
    assert serials(read_crl(public_file.read_bytes())) == set(revoked)


def test_falsified_entry_stops_the_publication(
    issuance: CrlIssuance, issuer: Issuer, population: Population, clock: FakeClock, database: Database
) -> None:
    """The store is not believed: a date that somebody changed in it is held against the journal."""
    (serial,) = population.issue_revoked(1)
    issuance.publish(issuer)
    with database.write() as connection:
        connection.execute(update(crl_entries).values(entry=entry(serial, clock.now() - DAY)))

    with pytest.raises(CrlRejected, match=r"crl\.entry\.date"):
        issuance.publish(issuer)


def test_old_number_stops_the_publication(
    issuance: CrlIssuance, issuer: Issuer, public_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that is not above the public one is refused by the gate, before the outlet is asked."""
    number = issuance.publish(issuer).number
    before = public_file.read_bytes()
    monkeypatch.setattr(planning_module, "next_number", lambda **_: number - 1)

    with pytest.raises(CrlRejected) as rejected:
        issuance.publish(issuer)

    assert set(rejected.value.counts) == {"crl.number.not-above-public", "crl.number.not-above-recorded"}
    assert public_file.read_bytes() == before


def test_publisher_that_slept_publishes_nothing_old(
    issuance: CrlIssuance,
    issuer: Issuer,
    public_file: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between its gate and its rename another publisher was faster: the outlet refuses the lower number."""
    faster: list[bytes] = []

    def sleepy(*arguments: object) -> object:
        crl = inspect(*arguments)  # type: ignore[arg-type] # passed on as they came
        monkeypatch.setattr(issuance_module, "inspect", inspect)
        issuance.publish(issuer)
        faster.append(public_file.read_bytes())
        return crl

    monkeypatch.setattr(issuance_module, "inspect", sleepy)

    with pytest.raises(NumberNotAbove):
        issuance.publish(issuer)

    assert public_file.read_bytes() == faster[0]
    assert events(database) == ["crl.signing", "crl.signing", "crl.published", "crl.failed"]


def test_restored_database_refuses_to_drop_what_is_public(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    public_file: Path,
    authority: CertificateAuthority,
    clock: FakeClock,
) -> None:
    """The public CRL lists what the restored journal has forgotten: nothing is published that un-revokes it."""
    population.issue_revoked(1)
    issuance.publish(issuer)
    public = read_crl(public_file.read_bytes())
    forgotten = x509.RevokedCertificateBuilder().serial_number(0x4444).revocation_date(clock.now()).build()
    newer = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(public.this_update)
        .next_update(clock.now() + DAY)
        .add_revoked_certificate(forgotten)
        .add_extension(x509.CRLNumber((public.number or 0) + 100), critical=False)
        .sign(authority.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    public_file.write_bytes(newer)

    with pytest.raises(CrlRejected) as rejected:
        issuance.publish(issuer)

    assert set(rejected.value.counts) == {"crl.entry.lost"}
    assert public_file.read_bytes() == newer


@pytest.mark.parametrize("rubbish", [b"", b"rubbish", b"0\x03\x02\x01\x01"])
def test_rubbish_at_the_address_is_replaced(
    rubbish: bytes, issuance: CrlIssuance, issuer: Issuer, public_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Relying parties get nothing from it, so it is no reason to wait; the log says so."""
    public_file.parent.mkdir(parents=True)
    public_file.write_bytes(rubbish)

    result = issuance.publish(issuer)

    assert read_crl(public_file.read_bytes()).number == result.number
    assert "is not this CA's CRL" in caplog.text


def test_crl_of_another_ca_counts_for_nothing(issuance: CrlIssuance, issuer: Issuer, public_file: Path) -> None:
    """Whoever plants a CRL with a giant number does not push ours up, and does not keep it away."""
    stranger = CertificateAuthority("Demo Zorgverzekeraars CA")
    planted = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(stranger.certificate.subject)
        .last_update(stranger.certificate.not_valid_before_utc)
        .next_update(stranger.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(1 << 100), critical=False)
        .sign(stranger.key, hashes.SHA256())
    )
    public_file.parent.mkdir(parents=True)
    public_file.write_bytes(planted.public_bytes(Encoding.DER))

    assert issuance.publish(issuer).number < 1 << 40


def test_missing_key_begins_nothing(
    issuance: CrlIssuance, issuer: Issuer, one_key: OneKey, public_file: Path, database: Database
) -> None:
    """No number is used up and nothing is signed; the last good CRL stays."""
    issuance.publish(issuer)
    before = public_file.read_bytes()
    one_key.is_missing = True

    with pytest.raises(UnusableKey):
        issuance.publish(issuer)

    assert public_file.read_bytes() == before
    with database.read() as connection:
        assert len(connection.execute(select(crls)).all()) == 1


def test_crl_that_became_public_before_a_crash_is_recorded_by_the_next_run(
    issuance: CrlIssuance, issuer: Issuer, population: Population, database: Database
) -> None:
    """The record forgot nothing that relying parties saw: its times and what it covers were reserved with it."""
    population.issue_revoked(2)
    lost = issuance.publish(issuer)
    with database.write() as connection:
        connection.execute(update(crls).values(entries=None, size=None, sha256=None, published_at=None))

    result = issuance.publish(issuer)

    with database.read() as connection:
        assert published(connection, issuer, limit=10) == (result, lost)
    assert events(database)[-3:] == ["crl.found-published", "crl.signing", "crl.published"]


def test_full_disk_is_audited_and_changes_nothing(
    issuance: CrlIssuance,
    issuer: Issuer,
    public_file: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every intent has its result in the audit trail, also when the disk is what failed."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    issuance.publish(issuer)
    before = public_file.read_bytes()
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OutletError, match="No space left"):
        issuance.publish(issuer)

    assert public_file.read_bytes() == before
    assert events(database)[-2:] == ["crl.signing", "crl.failed"]


def test_prepare_writes_the_ca_certificate_beside(issuance: CrlIssuance, issuer: Issuer, root: Path) -> None:
    """What AIA caIssuers points at, in DER."""
    issuance.prepare(issuer)

    assert (root / "aia" / "issuing.cer").read_bytes() == issuer.certificate_der


def test_stands_only_while_the_recorded_one_is_public_and_valid(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, public_file: Path
) -> None:
    """Missing, another file than the recorded one, or lapsed: something is to be done."""
    assert not issuance.stands(issuer)
    issuance.publish(issuer)
    first = public_file.read_bytes()
    assert issuance.stands(issuer)
    clock.advance(HOUR)
    issuance.publish(issuer)
    second = public_file.read_bytes()
    public_file.write_bytes(first)
    assert not issuance.stands(issuer)
    public_file.write_bytes(second)
    clock.advance(3 * DAY)

    assert not issuance.stands(issuer)


def test_two_issuers_are_apart(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    root: Path,
    database: Database,
    clock: FakeClock,
) -> None:
    """Each has its own numbers, its own file and its own entries."""
    other = CertificateAuthority("Other CA")
    with database.write() as connection:
        second = register.add_issuer(
            connection, name="other", certificate=other.certificate, is_default=False, clock=clock
        )
    keys = OneKey(other.key, other.certificate, clock)
    elsewhere = issuance_of(database, clock, keys, DirectoryOutlet(root))
    population.issue_revoked(1)

    assert issuance.publish(issuer).entries == 1
    assert elsewhere.publish(second).entries == 0

    assert (root / "crl" / "other.crl").exists()


def test_two_publishers_at_once_share_no_number(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    settings: PublisherSettings,
    population: Population,
    public_file: Path,
) -> None:
    """Without any lease: each number is reserved once, and whoever is slower publishes nothing older."""
    population.issue_revoked(5)
    other = issuance_of(database, clock, one_key, outlet)

    def publish(which: CrlIssuance) -> list[int]:
        numbers = []
        for _ in range(10):
            try:
                numbers.append(which.publish(issuer).number)
            except NumberNotAbove:
                continue
        return numbers

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(publish, (issuance, other))

    assert not set(first) & set(second)
    assert read_crl(public_file.read_bytes()).number == max(first + second)
    with database.read() as connection:
        assert len(connection.execute(select(crls)).all()) == 20
        assert {crl.number for crl in published(connection, issuer, limit=100)} == {*first, *second}
