"""Nothing wrong ever replaces the last good CRL, and every failure is told and recorded."""

import errno
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, delete, insert, select, update

from crl_publisher.config import PublisherSettings
from crl_publisher.crl.builder import build
from crl_publisher.crl.reading import parse_crl
from crl_publisher.entry_store import store as store_module
from crl_publisher.entry_store.progress import wanting
from crl_publisher.errors import CrlRejected, NumberNotAbove, OutletError
from crl_publisher.gate.inspection import inspect
from crl_publisher.issuing import issuance as issuance_module
from crl_publisher.issuing import planning as planning_module
from crl_publisher.issuing import release as release_module
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.timing import SettingsTiming
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import published
from keys.errors import UnusableKey
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, crl_entries, crl_projections, crl_stretches, crls
from pki_revocation.model import Issuer
from tests.conftest import START
from tests.crl_publisher.crafted import entry, reason_code
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import events, issuance_of, serials
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


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


def _empty(connection: Connection, serials: list[int]) -> None:
    connection.execute(delete(crl_entries))
    connection.execute(delete(crl_stretches))


def _lose_one(connection: Connection, serials: list[int]) -> None:
    connection.execute(delete(crl_entries).where(crl_entries.c.serial == serials[1]))
    connection.execute(delete(crl_stretches))


def _falsify(connection: Connection, serials: list[int]) -> None:
    falsified = entry(serials[0], START - DAY)
    connection.execute(update(crl_entries).where(crl_entries.c.serial == serials[0]).values(entry=falsified))
    connection.execute(delete(crl_stretches))


def _garble(connection: Connection, serials: list[int]) -> None:
    _falsify(connection, serials)
    reasoned = entry(serials[2], START, reason_code(4))
    connection.execute(update(crl_entries).where(crl_entries.c.serial == serials[2]).values(entry=reasoned))


def _invent(connection: Connection, serials: list[int]) -> None:
    (row,) = connection.execute(select(crl_entries).where(crl_entries.c.serial == serials[0])).mappings().all()
    connection.execute(insert(crl_entries).values(dict(row) | {"serial": 77, "entry": entry(77, START)}))
    connection.execute(delete(crl_stretches))


def _empty_segments(connection: Connection, serials: list[int]) -> None:
    """Filled ones that hold nothing, which is worse than none."""
    connection.execute(update(crl_stretches).values(octets=b""))


def _move_progress(connection: Connection, serials: list[int]) -> None:
    _empty(connection, serials)
    connection.execute(update(crl_projections).values(sequence=2))


@pytest.mark.parametrize(
    "damage",
    [_empty, _lose_one, _falsify, _garble, _invent, _empty_segments, _move_progress],
    ids=lambda each: each.__name__,
)
def test_store_that_is_not_the_journals_is_made_anew(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    public_file: Path,
    database: Database,
    damage: Callable[[Connection, list[int]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever became of it: the CRL is refused, the store rebuilt, and the next one public; all in one publication."""
    revoked = population.issue_revoked(3)
    issuance.publish(issuer)
    with database.write() as connection:
        damage(connection, revoked)

    issuance.publish(issuer)

    assert serials(parse_crl(public_file.read_bytes())) == set(revoked)
    assert events(database)[2:] == [
        "crl.signing",
        "crl.rejected",
        "crl.entries-rebuilt",
        "crl.signing",
        "crl.published",
    ]
    assert "is made anew" in caplog.text
    with database.read() as connection:
        text = connection.scalars(select(audit.c.detail).where(audit.c.event == "crl.entries-rebuilt")).one()
        assert wanting(connection, issuer.id) == (3, 3)
    assert any(kind.startswith("crl.entry.") for kind in json.loads(text)["findings"])


def test_delta_heals_the_store_too(
    database: Database,
    clock: FakeClock,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    issuer: Issuer,
    population: Population,
) -> None:
    """The first that meets it does."""
    issuance = issuance_of(
        database, clock, one_key, outlet, timings=SettingsTiming(PublisherSettings(delta_period=HOUR / 4))
    )
    issuance.publish(issuer)
    revoked = population.issue_revoked(3)
    issuance.publish_delta(issuer)
    with database.write() as connection:
        _empty(connection, revoked)

    delta = issuance.publish_delta(issuer)

    assert delta is not None
    assert delta.entries == 3
    assert "crl.entries-rebuilt" in events(database)


def test_rebuilding_in_vain_is_not_repeated(
    issuance: CrlIssuance, issuer: Issuer, population: Population, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the list is wrong for another cause: once, and then the alarm stands until a CRL was published again."""
    revoked = population.issue_revoked(3)
    issuance.publish(issuer)
    before = len(events(database))
    encode = store_module.encode_entry
    monkeypatch.setattr(store_module, "encode_entry", lambda serial, *_: encode(serial, START - DAY, *_[1:]))
    with database.write() as connection:
        _empty(connection, revoked)

    for _ in range(3):
        with pytest.raises(CrlRejected, match=r"crl\.entry\.date|crl\.entry\.missing"):
            issuance.publish(issuer)
    assert events(database)[before:].count("crl.entries-rebuilt") == 1

    monkeypatch.setattr(store_module, "encode_entry", encode)
    issuance.rebuild(issuer)
    issuance.publish(issuer)
    with database.write() as connection:
        _empty(connection, revoked)
    issuance.publish(issuer)
    assert events(database)[before:].count("crl.entries-rebuilt") == 3


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
        monkeypatch.setattr(release_module, "inspect", inspect)
        issuance.publish(issuer)
        faster.append(public_file.read_bytes())
        return crl

    monkeypatch.setattr(release_module, "inspect", sleepy)

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
    public = parse_crl(public_file.read_bytes())
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

    assert parse_crl(public_file.read_bytes()).number == result.number
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
