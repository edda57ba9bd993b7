"""The entry store: DER that two other libraries read the same, and a projection that follows the journal."""

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto.crl import CertificateList, RevokedCertificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from crl_publisher.crl.differences import entries_of, serial_of
from crl_publisher.entry_store import store as entries_module
from crl_publisher.entry_store.listing import selected_entries
from crl_publisher.entry_store.selection import Selection
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.scope import FULL
from pki_revocation import journal
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crl_entries, crl_projections
from pki_revocation.encoding import serials
from pki_revocation.encoding.serials import LIMIT
from pki_revocation.model import Channel, EntryKind, JournalEntry
from pki_revocation.reasons import OPERATOR_REASONS, RevocationReason
from tests.crl_publisher.population import Population, encoded_row
from tests.fakes import FakeClock

KEY = ec.generate_private_key(ec.SECP256R1())
FAR = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2099, 1, 1)).map(  # noqa: DTZ001 - the zone is put on below
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
REASON_FLAGS = {reason: x509.ReasonFlags(reason.token) for reason in OPERATOR_REASONS[1:]}


def journal_entry(
    serial: int, revoked: datetime, reason: RevocationReason, invalidity: datetime | None
) -> JournalEntry:
    """A row as the journal would hold it."""
    return JournalEntry(
        issuer_id=1,
        sequence=1,
        kind=EntryKind.REVOCATION,
        serial=serial,
        recorded_at=FAR,
        revocation_date=revoked,
        reason=reason,
        invalidity_date=invalidity if reason is RevocationReason.KEY_COMPROMISE else None,
        channel=Channel.API,
        reference="AAAA-BBBB-CCCC",
    )


def built_elsewhere(row: JournalEntry) -> bytes:
    """The same entry as the `cryptography` builder makes it, cut out of a CRL by asn1crypto."""
    builder = x509.RevokedCertificateBuilder().serial_number(row.serial).revocation_date(row.revocation_date)
    if row.reason:
        builder = builder.add_extension(x509.CRLReason(REASON_FLAGS[row.reason]), critical=False)
    if row.invalidity_date is not None:
        builder = builder.add_extension(x509.InvalidityDate(row.invalidity_date), critical=False)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")]))
        .last_update(FAR)
        .next_update(FAR + timedelta(days=1))
        .add_revoked_certificate(builder.build())
        .sign(KEY, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    return bytes(CertificateList.load(crl)["tbs_cert_list"]["revoked_certificates"][0].dump())


@given(
    serial=st.integers(1, (1 << 159) - 1),
    revoked=MOMENTS,
    reason=st.sampled_from(OPERATOR_REASONS),
    invalidity=st.none() | MOMENTS,
)
def test_entry_is_what_others_write_and_read(
    serial: int, revoked: datetime, reason: RevocationReason, invalidity: datetime | None
) -> None:
    """Byte for byte the `cryptography` builder's, and asn1crypto reads back what was meant."""
    row = journal_entry(serial, revoked, reason, invalidity)

    encoded = encoded_row(row)

    read = RevokedCertificate.load(encoded, strict=True)
    assert encoded == built_elsewhere(row)
    assert read["user_certificate"].native == serial
    assert read["revocation_date"].native == revoked
    assert read["revocation_date"].name == ("utc_time" if revoked.year < 2050 else "general_time")
    extensions = {each["extn_id"].native: each for each in read["crl_entry_extensions"]}
    assert ("crl_reason" in extensions) == (reason is not RevocationReason.UNSPECIFIED)
    assert ("invalidity_date" in extensions) == (row.invalidity_date is not None)
    assert not any(each["critical"].native for each in extensions.values())


@given(serial=st.integers(-LIMIT, LIMIT - 1) | st.integers(-300, 300))
def test_entry_has_its_certificates_own_serial(serial: int) -> None:
    """Whatever it is: asn1crypto reads it back, and its length is one octet, as what reads a list expects."""
    encoded = encoded_row(journal_entry(serial, FAR, RevocationReason.KEY_COMPROMISE, FAR))

    assert RevokedCertificate.load(encoded, strict=True)["user_certificate"].native == serial
    assert encoded[1] == len(encoded) - 2
    assert serial_of(encoded) == serials.stored(serial)


def stored(database: Database, population: Population) -> list[bytes]:
    """All entries that a CRL without a predecessor lists."""
    octets = listed(database, population)
    return list(entries_of(octets, slice(0, len(octets))))


def listed(database: Database, population: Population) -> bytes:
    """Their octets, whatever they are."""
    with database.read() as connection:
        sequence = journal.read_head(connection, population.issuer.id).sequence
        selection = Selection(
            issuer_id=population.issuer.id, scope=FULL, covers=sequence, expired_before=None, listed_through=0
        )
        return b"".join(selected_entries(connection, selection))


def test_store_follows_the_journal_once(database: Database, population: Population) -> None:
    """Rows are applied in portions, each one once, and listed in the order of serials."""
    serials = population.issue_revoked(2500)
    store = EntryStore(database)

    assert store.apply(population.issuer) == 2500
    assert store.apply(population.issuer) == 2500

    read = [RevokedCertificate.load(entry)["user_certificate"].native for entry in stored(database, population)]
    assert read == sorted(serials)


def test_raise_replaces_the_entry(database: Database, population: Population, clock: FakeClock) -> None:
    """After the raise to keyCompromise there is one entry, with the original date and the new reason (BR 7.2.2)."""
    (serial,) = population.issue_revoked()
    store = EntryStore(database)
    store.apply(population.issuer)
    clock.advance(timedelta(days=1))
    (raised,) = population.revoke(serial, reason=RevocationReason.KEY_COMPROMISE)

    store.apply(population.issuer)

    assert stored(database, population) == [encoded_row(raised)]


def test_raise_in_the_same_portion_wins(database: Database, population: Population) -> None:
    """Revocation and raise that are applied together leave the raise."""
    (serial,) = population.issue_revoked()
    (raised,) = population.revoke(serial, reason=RevocationReason.KEY_COMPROMISE)

    EntryStore(database).apply(population.issuer)

    assert stored(database, population) == [encoded_row(raised)]


def test_rebuild_gives_the_same_bytes(database: Database, population: Population) -> None:
    """Whatever happened to the store, the journal brings it back."""
    population.issue_revoked(3, reason=RevocationReason.SUPERSEDED)
    store = EntryStore(database)
    store.apply(population.issuer)
    before = stored(database, population)
    with database.write() as connection:
        connection.execute(update(crl_entries).values(entry=b"broken"))

    assert store.rebuild(population.issuer) == 3

    assert stored(database, population) == before


def test_entries_of_another_encoding_are_made_anew(
    database: Database, population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program whose entries look different rebuilds the store before it publishes."""
    population.issue_revoked(3)
    store = EntryStore(database)
    store.apply(population.issuer)
    with database.write() as connection:
        connection.execute(update(crl_entries).values(entry=b"of the version before"))
    monkeypatch.setattr(entries_module, "ENCODING_VERSION", entries_module.ENCODING_VERSION + 1)

    store.prepare(population.issuer)

    assert b"of the version before" not in stored(database, population)
    with database.read() as connection:
        assert connection.execute(select(crl_projections.c.sequence)).scalar_one() == 3


def test_store_of_the_present_encoding_is_left_alone(database: Database, population: Population) -> None:
    """Nothing is rebuilt at a start for nothing: a million rows would take most of a minute."""
    population.issue_revoked(1)
    store = EntryStore(database)
    store.apply(population.issuer)
    with database.write() as connection:
        connection.execute(update(crl_entries).values(entry=b"untouched"))

    store.prepare(population.issuer)

    assert listed(database, population) == b"untouched"
