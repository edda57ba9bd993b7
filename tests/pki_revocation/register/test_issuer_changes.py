"""Issuers: several certificates of one name and key, and names that are put right while nothing hangs on them."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import insert, select

from pki_revocation.audit import verify_chain
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import (
    audit,
    certificates,
    crl_shards,
    crls,
    delegate_responders,
    issuers,
    journal_heads,
)
from pki_revocation.encoding.der import octet_string
from pki_revocation.errors import NotFound
from pki_revocation.model import Issuer
from pki_revocation.register.issuer_changes import IssuerChanges, IssuerRefused
from pki_revocation.register.issuers import all_issuers, issuer_named, issuer_with_id
from tests.fakes import FakeClock
from tests.odd_authorities import SUBJECT_KEY_IDENTIFIER, UTF8, OddAuthority, OddExtension, odd_name, usual
from tests.pki import DAY, EPOCH

NAME = odd_name(UTF8, b"Register CA")


@pytest.fixture
def changes(clock: FakeClock) -> IssuerChanges:
    """On the test's clock."""
    return IssuerChanges(clock)


@pytest.fixture
def ca() -> OddAuthority:
    """A CA whose first certificate is valid for ten years from 2026 on."""
    return OddAuthority(NAME)


@pytest.fixture
def known(database: Database, changes: IssuerChanges, ca: OddAuthority) -> Issuer:
    """It, registered."""
    with database.write() as connection:
        return changes.add(connection, ca.certificate, name="issuing", makes_default=False)


def renewed(ca: OddAuthority, years: int = 2) -> x509.Certificate:
    """Another certificate of its, which begins so many years later."""
    return ca.certified(EPOCH + years * 365 * DAY, EPOCH + (years + 10) * 365 * DAY)


def of(database: Database) -> tuple[Issuer, ...]:
    """All that are registered."""
    with database.read() as connection:
        return all_issuers(connection)


def events(database: Database) -> list[tuple[str, dict[str, object]]]:
    """What the trail says happened, and it holds."""
    with database.read() as connection:
        verify_chain(connection)
        rows = connection.execute(select(audit.c.event, audit.c.detail).order_by(audit.c.sequence)).all()
    return [(row.event, json.loads(row.detail)) for row in rows]


def test_renewed_certificate_is_another_one_of_the_issuer(
    database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer
) -> None:
    """One row, one journal: the newest certificate leads, the others are kept, and the trail says so."""
    newer, older = renewed(ca), ca.certified(EPOCH - 365 * DAY, EPOCH)
    for each in (newer, older):
        with database.write() as connection:
            changes.renew(connection, "issuing", each, takes_other_identifier=False)
    (found,) = of(database)

    assert found.id == known.id
    assert found.certificates == (newer, ca.certificate, older)
    assert (found.certificate, found.active_since) == (newer, older.not_valid_before_utc)
    assert found.certificate_at(EPOCH + DAY) == ca.certificate
    assert found.certificate_at(EPOCH - DAY) == older
    assert found.certificate_at(EPOCH + 9000 * DAY) == newer
    assert found.certificates_at(newer.not_valid_before_utc) == (newer, ca.certificate)
    with database.read() as connection:
        assert issuer_with_id(connection, known.id) == found
    assert [event for event, _ in events(database)] == ["issuer.added", "issuer.renewed", "issuer.renewed"]


def test_add_of_the_same_name_and_key_is_a_renewal_with_another_name(
    database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer
) -> None:
    """As an operator who knows of no `renew` does it: one CA, which both names stand for."""
    with database.write() as connection:
        added = changes.add(connection, renewed(ca), name="issuing-2028", makes_default=True)
    with database.read() as connection:
        by_name = [issuer_named(connection, name) for name in ("issuing", "issuing-2028", None)]

    assert {each.id for each in by_name} == {known.id}
    assert by_name[0] == added
    assert (added.name, added.other_names, added.is_default) == ("issuing", ("issuing-2028",), True)
    assert events(database)[-1] == (
        "issuer.renewed",
        {"issuer": "issuing", "other_name": "issuing-2028", "serial": f"{added.certificate.serial_number:x}"},
    )


def test_cross_certificate_is_one_too(
    database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer
) -> None:
    """Another issuer's signature under the same name and key changes nothing for relying parties."""
    other = OddAuthority(odd_name(UTF8, b"Other root"))
    cross = ca.certified(EPOCH + DAY, EPOCH + 900 * DAY, by=other)
    with database.write() as connection:
        changes.renew(connection, None, cross, takes_other_identifier=False)

    assert of(database)[0].certificates == (cross, ca.certificate)
    assert known.certificates == (ca.certificate,)


Make = Callable[[OddAuthority], x509.Certificate]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda ca: ca.certificate, "registered already"),
        (lambda _: OddAuthority(NAME).certificate, "another key"),
        (lambda ca: OddAuthority(odd_name(UTF8, b"Another"), key=ca.key).certificate, "another name"),
        (lambda ca: OddAuthority(odd_name(0x13, b"Register CA"), key=ca.key).certificate, "another name"),
    ],
    ids=["the same", "another key", "another name", "another string type"],
)
def test_what_is_no_other_certificate_of_the_issuer(
    database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer, make: Make, says: str
) -> None:
    """To relying parties it is another CA, or nothing new; nothing is written."""
    with pytest.raises(IssuerRefused, match=says), database.write() as connection:
        changes.renew(connection, "issuing", make(ca), takes_other_identifier=False)

    assert of(database) == (known,)


def test_another_key_identifier_is_taken_on_purpose_alone(
    database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer
) -> None:
    """A CRL names one: holders of the older certificate would take none that names the new one."""
    constraints, usage, _ = usual(ca.key)
    other = (constraints, usage, OddExtension(SUBJECT_KEY_IDENTIFIER, octet_string(b"another")))
    certificate = ca.certified(EPOCH + DAY, EPOCH + 9 * DAY, extensions=other)
    says = r"616e6f74686572.*--another-identifier"
    with pytest.raises(IssuerRefused, match=says), database.write() as connection:
        changes.renew(connection, "issuing", certificate, takes_other_identifier=False)
    with pytest.raises(IssuerRefused, match=says), database.write() as connection:
        changes.add(connection, certificate, name="x", makes_default=False)
    with database.write() as connection:
        changes.renew(connection, "issuing", certificate, takes_other_identifier=True)

    assert len(of(database)[0].certificates) == 2
    assert known.earlier_ders == ()


def test_certificate_without_an_identifier_goes_with_any_that_is_the_keys_hash(
    database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer
) -> None:
    """CRLs then name the hash of the key, which is what most CAs have as identifier."""
    none = ca.certified(EPOCH + DAY, EPOCH + 9 * DAY, extensions=usual(ca.key)[:2])
    with database.write() as connection:
        changes.renew(connection, "issuing", none, takes_other_identifier=False)
        changes.renew(connection, "issuing", renewed(ca), takes_other_identifier=False)

    assert len(of(database)[0].certificates) == len(known.certificates) + 2


def test_name_of_another_ca_is_taken(
    database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer
) -> None:
    """Also one of its further names; and a name that the same CA has is no error."""
    with database.write() as connection:
        changes.add(connection, renewed(ca), name="second", makes_default=False)
    for name in ("issuing", "second"):
        with pytest.raises(IssuerRefused, match=f"There is an issuer '{name}'"), database.write() as connection:
            changes.add(connection, OddAuthority(NAME).certificate, name=name, makes_default=False)
    with database.write() as connection:
        changes.add(connection, renewed(ca, 3), name="second", makes_default=False)

    assert [(each.id, each.other_names) for each in of(database)] == [(known.id, ("second",))]


def test_issuer_that_nothing_hangs_on_is_renamed_and_removed(
    database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer
) -> None:
    """Entered by mistake, and put right: the trail keeps that it was there; another one becomes the default one."""
    with database.write() as connection:
        other = changes.add(connection, OddAuthority(NAME).certificate, name="other", makes_default=False)
        changes.rename(connection, "issuing", "isuing")
        changes.rename(connection, "isuing", "first")
    says = r"is the default issuer.*--default NAME; there are: other"
    with pytest.raises(IssuerRefused, match=says), database.write() as connection:
        changes.remove(connection, "first")
    with pytest.raises(IssuerRefused, match="is to be removed"), database.write() as connection:
        changes.remove(connection, "first", new_default="first")
    with database.write() as connection:
        changes.remove(connection, "first", new_default="other")
        heads = connection.execute(select(journal_heads.c.issuer_id)).scalars().all()

    assert [(each.name, each.is_default) for each in of(database)] == [("other", True)]
    assert heads == [other.id]
    assert events(database)[-1][1]["serials"] == [f"{ca.certificate.serial_number:x}"]
    assert [event for event, _ in events(database)][-3:] == ["issuer.renamed", "issuer.renamed", "issuer.removed"]
    with database.write() as connection:
        again = changes.add(connection, ca.certificate, name="issuing", makes_default=False)
    assert again.certificates == known.certificates


_ROWS = {
    "1 certificates": lambda issuer, now: insert(certificates).values(
        issuer_id=issuer, serial=7, subject="", organisation="", not_after=now, imported_at=now
    ),
    "1 CRL numbers": lambda issuer, now: insert(crls).values(issuer_id=issuer, scope="full", number=1, reserved_at=now),
    "1 CRL shards": lambda issuer, now: insert(crl_shards).values(issuer_id=issuer, shard=1, url="u", added_at=now),
    "1 registered responders": lambda issuer, now: insert(delegate_responders).values(
        issuer_id=issuer, name="a", public_key=b"k", registered_at=now
    ),
}


@pytest.mark.parametrize("what", _ROWS)
def test_issuer_with_anything_on_it_stays(
    database: Database, changes: IssuerChanges, known: Issuer, clock: FakeClock, what: str
) -> None:
    """Each is named; certificates and relying parties know its addresses by the name."""
    with database.write() as connection:
        connection.execute(_ROWS[what](known.id, clock.now()))
    with pytest.raises(IssuerRefused, match=f"cannot be removed: {what} hang on it"), database.write() as connection:
        changes.remove(connection, "issuing")
    with pytest.raises(IssuerRefused, match=f"cannot be renamed: {what}"), database.write() as connection:
        changes.rename(connection, "issuing", "other")

    assert of(database) == (known,)


def test_only_own_and_free_names(database: Database, changes: IssuerChanges, ca: OddAuthority, known: Issuer) -> None:
    """What is another name of an issuer names no issuer of its own; what is taken is not given again."""
    with database.write() as connection:
        changes.add(connection, renewed(ca), name="second", makes_default=False)
    for act in (changes.remove, lambda connection, name: changes.rename(connection, name, "x")):
        with pytest.raises(IssuerRefused, match="another name of the issuer 'issuing'"), database.write() as connection:
            act(connection, "second")
        with pytest.raises(NotFound, match="no issuer 'third'"), database.write() as connection:
            act(connection, "third")
    with pytest.raises(IssuerRefused, match="There is an issuer 'second'"), database.write() as connection:
        changes.rename(connection, "issuing", "second")

    assert of(database)[0].id == known.id


def test_rows_are_read_as_they_were_before_the_columns_came(
    database: Database, ca: OddAuthority, known: Issuer
) -> None:
    """An issuer of an older program has one certificate and one name."""
    with database.write() as connection:
        row = connection.execute(select(issuers)).one()

    assert (row.earlier_certificates, row.other_names) == (None, None)
    assert (known.certificates, known.names) == ((ca.certificate,), ("issuing",))


def test_certificate_signed_with_another_algorithm_is_one_of_the_issuer(
    database: Database, changes: IssuerChanges, known: Issuer, ca: OddAuthority
) -> None:
    """Neither the signature over it nor its serial or dates say which CA it is."""
    library = (
        x509.CertificateBuilder()
        .subject_name(ca.certificate.subject)
        .issuer_name(ca.certificate.subject)
        .public_key(ca.key.public_key())
        .serial_number(5)
        .not_valid_before(EPOCH + DAY)
        .not_valid_after(EPOCH + DAY + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca.key.public_key()), critical=False)
        .sign(ec.generate_private_key(ec.SECP384R1()), hashes.SHA384())
    )
    with database.write() as connection:
        changes.renew(connection, "issuing", library, takes_other_identifier=False)

    assert len(of(database)) == len(known.certificates) == 1
