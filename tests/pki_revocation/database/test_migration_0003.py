"""Revision 0003 on a database that was in use: what was published stays known, and CA certificates are found."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, column, insert, select, table

from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import published
from crl_publisher.scope import CA
from pki_revocation.database import revisions, sqlite_file
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crl_entries, crl_projections, crls
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import issuer_named
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import crl_at, issuance_of, serials
from tests.fakes import FakeClock
from tests.pki import DAY, CertificateAuthority, name

SHA256 = bytes(range(32))
NUMBER = 1_700_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database at revision 0002."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/revocation.db"
        sqlite_file.make(tmp_path / "revocation.db")
    else:
        url = request.getfixturevalue("postgresql_empty_url")
    with Database(url) as opened:
        with opened.write() as connection:
            revisions.upgrade(connection, "0002")
        yield opened


def put(connection: Connection, name_: str, *rows: Mapping[str, object]) -> None:
    """Rows as the program before wrote them."""
    for row in rows:
        connection.execute(insert(table(name_, *map(column, row))).values(**row))


def sub_ca(authority: CertificateAuthority, clock: FakeClock, common_name: str) -> x509.Certificate:
    """A CA certificate that the authority issued."""
    return (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(authority.certificate.subject)
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - DAY)
        .not_valid_after(clock.now() + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority.key, hashes.SHA256())
    )


class Kept:
    """What the old database holds."""

    def __init__(self, database: Database, authority: CertificateAuthority, clock: FakeClock) -> None:
        """Two issuers, certificates of every kind, entries, and CRLs that were published, reserved and of long ago."""
        self.user = authority.issue("Zorg BV", clock.now())
        self.sub_ca = sub_ca(authority, clock, "Sub CA")
        self.listed_ca = sub_ca(authority, clock, "Sub CA from a list")
        self.responder = authority.delegate(clock.now())[1]
        now = int(clock.now().timestamp())
        certificate = {"issuer_id": 1, "subject": "x", "organisation": "", "not_after": now + 9, "imported_at": now}
        ders = ((self.user, "123"), (self.sub_ca, None), (self.responder, None))
        crl = {"issuer_id": 1, "scope": "full", "reserved_at": now, "this_update": now - 60, "next_update": now + 99}
        made = {"covers_sequence": 3, "entries": 2, "size": 500, "sha256": SHA256, "published_at": now}
        with database.write() as connection:
            put(
                connection,
                "issuers",
                *(
                    {
                        "id": place,
                        "name": label,
                        "certificate": each.public_bytes(Encoding.DER),
                        "is_default": place == 1,
                        "added_at": now,
                    }
                    for place, label, each in ((1, "issuing", authority.certificate), (2, "sub", self.listed_ca))
                ),
            )
            put(connection, "journal_heads", *({"issuer_id": each, "sequence": 0, "last_at": now} for each in (1, 2)))
            put(
                connection,
                "certificates",
                *(
                    certificate | {"serial": octets(each), "number": number, "der": each.public_bytes(Encoding.DER)}
                    for each, number in ders
                ),
                certificate | {"serial": octets(self.listed_ca), "number": None, "der": None},
                certificate | {"serial": b"\x77", "number": None, "der": b"rubbish"},
                certificate | {"serial": b"\x78", "number": None, "der": None},
            )
            put(
                connection,
                "crl_entries",
                {"issuer_id": 1, "serial": b"\x77", "encoding_version": 1, "not_after": now, "entry": b"old"},
            )
            put(connection, "crl_projections", {"issuer_id": 1, "sequence": 3})
            put(
                connection,
                "crls",
                crl | made | {"number": NUMBER},
                crl | made | {"number": NUMBER + 255, "sha256": SHA256[::-1]},
                crl | {"number": NUMBER + 256},
                {"issuer_id": 1, "scope": "full", "number": 5, "reserved_at": now},
            )
        self.database = database


def octets(certificate: x509.Certificate) -> bytes:
    """The serial as it is kept."""
    return certificate.serial_number.to_bytes((certificate.serial_number.bit_length() + 7) // 8)


@pytest.fixture
def kept(old: Database, authority: CertificateAuthority, clock: FakeClock) -> Kept:
    """A database in use, brought to the present revision."""
    rows = Kept(old, authority, clock)
    old.upgrade()
    return rows


@pytest.fixture
def issuer(kept: Kept) -> Issuer:
    """The issuer as it is read now."""
    with kept.database.read() as connection:
        return issuer_named(connection, "issuing")


@pytest.fixture
def issuance(kept: Kept, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path) -> CrlIssuance:
    """Publishes its CRLs."""
    keys = OneKey(authority.key, authority.certificate, clock)
    return issuance_of(kept.database, clock, keys, DirectoryOutlet(tmp_path / "published"))


def test_numbers_are_the_same_in_twenty_octets(kept: Kept, issuer: Issuer) -> None:
    """In their order, whatever they were: published ones with all that is known of them, and reserved ones."""
    with kept.database.read() as connection:
        found = published(connection, issuer, limit=9)
        numbers = connection.scalars(select(crls.c.number).order_by(crls.c.number)).all()

    assert numbers == [5, NUMBER, NUMBER + 255, NUMBER + 256]
    assert [crl.number for crl in found] == [NUMBER + 255, NUMBER]
    assert (found[1].sha256, found[1].covers_sequence, found[1].entries, found[1].size) == (SHA256.hex(), 3, 2, 500)
    assert found[1].base_number is None


def test_ca_certificates_are_found(kept: Kept) -> None:
    """By their DER, and those that came in by a list because they are issuers here themselves."""
    with kept.database.read() as connection:
        rows = connection.execute(select(certificates.c.serial, certificates.c.is_ca, certificates.c.shard)).all()

    assert {row.serial for row in rows if row.is_ca} == {kept.sub_ca.serial_number, kept.listed_ca.serial_number}
    assert len(rows) == 6
    assert {row.shard for row in rows} == {0}


def test_entries_are_made_anew(
    kept: Kept, issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, tmp_path: Path
) -> None:
    """Nothing of the old store is left; the next CRL has a number above all of the old ones."""
    with kept.database.read() as connection:
        assert connection.execute(select(crl_entries)).all() == []
        assert connection.execute(select(crl_projections)).all() == []
    population = Population(kept.database, issuer, clock)
    population.revoke(kept.user.serial_number, kept.listed_ca.serial_number)

    made = issuance.publish(issuer)
    issuance.publish(issuer, CA)

    root = tmp_path / "published"
    assert made.number > NUMBER + 256
    assert serials(crl_at(root, issuer)) == {kept.user.serial_number, kept.listed_ca.serial_number}
    assert serials(crl_at(root, issuer, CA)) == {kept.listed_ca.serial_number}
