"""Each revocation is stamped after its commit by a real authority, and an outage of it costs no revocation anything."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pki_revocation import journal
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.model import Channel, Issuer, JournalEntry
from pki_revocation.notification import stamp_metrics
from pki_revocation.notification.stamping import Stamper
from pki_revocation.proof.record import canonical_record
from pki_revocation.proof.stamps.authority import StampAuthority
from pki_revocation.proof.stamps.settings import StampHash
from pki_revocation.proof.stamps.store import RevocationStamp, stamp_of, waiting_for_stamps
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.subscribers import Subscriber, enrol
from tests.time_stamps import TimeStampAuthority, serving

# The authority's clock is the machine's: what is stamped is recorded now.
NOW = datetime.now(UTC).replace(microsecond=0)


class Turn:
    """The lease, held as long as a test says."""

    is_held = True


class Time:
    """Seconds that a test moves, for pauses."""

    now = 0.0

    def __call__(self) -> float:
        """The moment."""
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at the present, as the authority's does."""
    return FakeClock(NOW)


@pytest.fixture
def authority_of_time(tmp_path: Path) -> Iterator[TimeStampAuthority]:
    """An authority that answers."""
    with serving(TimeStampAuthority(tmp_path / "tsa", NOW)) as running:
        yield running


@pytest.fixture
def time() -> Time:
    """The pauses' time."""
    return Time()


@pytest.fixture
def stamper(database: Database, clock: FakeClock, authority_of_time: TimeStampAuthority, time: Time) -> Stamper:
    """Stamps with that authority."""
    return Stamper(database=database, clock=clock, authorities=[asked(authority_of_time)], turn=Turn(), monotonic=time)


def asked(running: TimeStampAuthority, *, trusting: TimeStampAuthority | None = None) -> StampAuthority:
    """An authority as the configuration has it, trusted by its own root or by another's."""
    anchors = [(trusting or running).root.certificate]
    return StampAuthority(url=running.url, anchors=anchors, hash=StampHash.SHA256, seconds=10)


def revoke(service: RevocationService, subscriber: Subscriber, reason: RevocationReason) -> JournalEntry:
    """Revoke by number and code."""
    request = RevocationRequest(reason=reason, channel=Channel.PAGE)
    return service.revoke(service.authenticate(subscriber.number, subscriber.code), request).entry


def stamp_on(database: Database, entry: JournalEntry) -> RevocationStamp | None:
    """The stamp that the register has."""
    with database.read() as connection:
        return stamp_of(connection, entry)


def test_revocation_and_raise_are_stamped_once_each(
    database: Database, service: RevocationService, subscriber: Subscriber, issuer: Issuer, stamper: Stamper,
    authority_of_time: TimeStampAuthority, tmp_path: Path,
) -> None:  # fmt: skip
    """By the authority that is named, over the canonical record; `openssl ts -verify` says so too."""
    entries = [
        revoke(service, subscriber, each) for each in (RevocationReason.SUPERSEDED, RevocationReason.KEY_COMPROMISE)
    ]
    assert [stamp_on(database, each) for each in entries] == [None, None]

    assert (stamper.stamp_due(), stamper.stamp_due(), authority_of_time.asked) == (2, 0, 2)

    for entry in entries:
        stamp = stamp_on(database, entry)
        assert stamp is not None
        assert stamp.authority == authority_of_time.url
        assert stamp.record == canonical_record(issuer, entry)
        assert abs(stamp.stamped_at - datetime.now(UTC)) < timedelta(minutes=5)
        (tmp_path / "revocation.json").write_bytes(stamp.record)
        (tmp_path / "time-stamp.tsr").write_bytes(stamp.response)
        command = ["openssl", "ts", "-verify", "-data", "revocation.json", "-in", "time-stamp.tsr", "-CAfile"]
        done = subprocess.run([*command, authority_of_time.root_file], cwd=tmp_path, capture_output=True, check=False)
        assert b"Verification: OK" in done.stdout


def test_outage_delays_no_revocation_and_ends_with_stamps(
    database: Database, service: RevocationService, subscriber: Subscriber, stamper: Stamper, time: Time,
    clock: FakeClock, authority_of_time: TimeStampAuthority,
) -> None:  # fmt: skip
    """While the authority is away it is asked less and less often; readiness and metrics say so; then it is stamped."""
    authority_of_time.is_away = True
    entry = revoke(service, subscriber, RevocationReason.SUPERSEDED)
    clock.advance(timedelta(hours=2))

    assert (stamper.stamp_due(), stamper.stamp_due()) == (0, 0)
    assert authority_of_time.asked == 1
    assert "answered with status 503" in stamper.failures.standing()[authority_of_time.url]
    waiting = waiting_for_stamps(database, clock.now())
    assert (waiting.count, waiting.since) == (1, entry.recorded_at)
    assert stamp_metrics._OLDEST._value.get() == 7200  # noqa: SLF001 - what the operations port shows

    authority_of_time.is_away = False
    time.now += 3600
    assert stamper.stamp_due() == 1
    assert stamp_on(database, entry) is not None
    assert stamper.failures.standing() == {}
    assert stamp_metrics._WAITING._value.get() == 0  # noqa: SLF001 - as above


def test_second_authority_stands_in_for_the_first(
    database: Database, service: RevocationService, subscriber: Subscriber, clock: FakeClock,
    authority_of_time: TimeStampAuthority, tmp_path: Path,
) -> None:  # fmt: skip
    """They are asked in the order in which they are named."""
    authority_of_time.is_away = True
    entry = revoke(service, subscriber, RevocationReason.SUPERSEDED)
    with serving(TimeStampAuthority(tmp_path / "second", NOW, "Second TSA Root")) as second:
        both = [asked(authority_of_time), asked(second)]
        assert Stamper(database=database, clock=clock, authorities=both, turn=Turn()).stamp_due() == 1
        stamp = stamp_on(database, entry)
        assert stamp is not None
        assert stamp.authority == second.url


def test_answers_that_are_no_stamp_are_refused(
    database: Database, service: RevocationService, subscriber: Subscriber, stamper: Stamper, time: Time,
    authority_of_time: TimeStampAuthority,
) -> None:  # fmt: skip
    """Nothing, garbage, one octet changed, a stamp that answered before: each in one sentence, and nothing is kept."""
    entry = revoke(service, subscriber, RevocationReason.SUPERSEDED)
    kept: list[bytes] = []

    def before(reply: bytes) -> bytes:
        kept.append(reply)
        return kept[0]

    for spoil in (
        lambda _: b"",
        lambda _: b"no DER",
        lambda reply: reply[:-1],
        lambda reply: reply[:-3] + bytes([reply[-3] ^ 1]) + reply[-2:],
        lambda reply: reply + bytes(70_000),
        # Status 2, rejection, and nothing else.
        lambda _: bytes.fromhex("30053003020102"),
    ):
        authority_of_time.spoil = spoil
        time.now += 3600
        assert stamper.stamp_due() == 0
        (sentence,) = stamper.failures.standing().values()
        assert authority_of_time.url in sentence
        assert "Traceback" not in sentence
    authority_of_time.spoil = before
    time.now += 3600
    assert stamper.stamp_due() == 1
    assert stamp_on(database, entry) is not None


def test_replayed_stamp_is_refused(authority_of_time: TimeStampAuthority) -> None:
    """The answer to another request over the same octets has another nonce."""
    first: list[bytes] = []

    def same(reply: bytes) -> bytes:
        first.append(reply)
        return first[0]

    authority_of_time.spoil = same
    authority = asked(authority_of_time)
    authority.stamp(b"octets")
    with pytest.raises(Exception, match="it answers another request"):
        authority.stamp(b"octets")


def test_authority_under_another_root_is_refused(authority_of_time: TimeStampAuthority, tmp_path: Path) -> None:
    """One that calls itself the same, with a root of its own."""
    impostor = TimeStampAuthority(tmp_path / "impostor", NOW)
    with pytest.raises(Exception, match="does not lead to a root that is trusted"):
        asked(authority_of_time, trusting=impostor).stamp(b"octets")


def test_authority_whose_clock_is_wrong_is_refused(
    database: Database, service: RevocationService, subscriber: Subscriber, clock: FakeClock, stamper: Stamper
) -> None:
    """A stamp from before the revocation would prove the wrong thing."""
    clock.advance(timedelta(hours=1))
    revoke(service, subscriber, RevocationReason.SUPERSEDED)

    assert stamper.stamp_due() == 0
    (sentence,) = stamper.failures.standing().values()
    assert "one of the two clocks is wrong" in sentence


def test_what_others_recorded_first_and_what_is_old_gets_none(
    database: Database, service: RevocationService, subscriber: Subscriber, issuer: Issuer, clock: FakeClock,
    authority: CertificateAuthority, verifier: CodeVerifier, stamper: Stamper,
) -> None:  # fmt: skip
    """A row that an import brought, and one of more than thirty days before: those after them are stamped."""
    clock.advance(timedelta(days=-40))
    old = revoke(service, subscriber, RevocationReason.SUPERSEDED)
    clock.advance(timedelta(days=40))
    serial = enrol(database, issuer, authority.issue("Brought BV", clock.now()), clock, verifier).certificate.serial
    with database.write() as connection:
        head = journal.lock_head(connection, issuer.id)
        new = journal.NewEntry(
            kind=old.kind, serial=serial, reason=RevocationReason.SUPERSEDED, channel=Channel.IMPORT,
            revocation_date=clock.now() - timedelta(days=1),
        )  # fmt: skip
        journal.append(connection, head, [new], clock.now())
    fresh = revoke(
        service,
        enrol(database, issuer, authority.issue("Fresh BV", clock.now()), clock, verifier),
        RevocationReason.SUPERSEDED,
    )

    assert stamper.stamp_due() == 1
    assert stamp_on(database, fresh) is not None
    assert stamp_on(database, old) is None


def test_journal_that_was_put_back_is_stamped_again(
    database: Database, service: RevocationService, subscriber: Subscriber, stamper: Stamper, issuer: Issuer,
    clock: FakeClock, authority: CertificateAuthority, verifier: CodeVerifier,
) -> None:  # fmt: skip
    """The place that was reached names its row: another row in it means that the journal is another one."""
    revoke(service, subscriber, RevocationReason.SUPERSEDED)
    assert stamper.stamp_due() == 1
    stamper._places[issuer.id] = type(stamper._places[issuer.id])(1, "GONE-GONE-GONE")  # noqa: SLF001 - as after a restoration
    other = enrol(database, issuer, authority.issue("Andere BV", clock.now()), clock, verifier)
    revoke(service, other, RevocationReason.SUPERSEDED)

    assert stamper.stamp_due() == 1


def test_process_without_the_lease_stamps_nothing(
    service: RevocationService, subscriber: Subscriber, stamper: Stamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two, one stamps."""
    revoke(service, subscriber, RevocationReason.SUPERSEDED)
    monkeypatch.setattr(Turn, "is_held", False)
    assert stamper.stamp_due() == 0
