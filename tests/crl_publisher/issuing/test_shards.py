"""Shards: which certificates belong to which, how many fit, and the next address for whoever issues."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from sqlalchemy import select

from crl_publisher.config import CrlSettings
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.shards import add_shard, lock_shards, shard_scopes
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.scope import FULL, Part, Scope
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crl_entries
from pki_revocation.errors import PkiError
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Issuer
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import PUBLIC_URL, crl_at, issuance_of, serials
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

URL = f"{PUBLIC_URL}/crl/issuing/1.crl"
NEAR = (f"{URL}?x", f"{URL}2", URL.replace("crl.", "CRL.", 1), URL.replace("http", "HTTP"))


def added(database: Database, issuer: Issuer, clock: FakeClock, count: int = 1) -> list[tuple[Scope, int]]:
    """So many shards more, each with how many certificates it took in."""
    with database.write() as connection:
        lock_shards(connection, issuer)
        return [add_shard(connection, issuer, clock, PUBLIC_URL) for _ in range(count)]


def imported(database: Database, clock: FakeClock, folder: Path, *issued: x509.Certificate) -> None:
    """Certificates as an operator brings them in."""
    file = folder / "issued.pem"
    file.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in issued))
    importer = Importer(database=database, clock=clock, audit=AuditTrail(clock))
    assert importer.run([file]).added == len(issued)


def shard_of(database: Database, certificate: x509.Certificate) -> int:
    """Where the register has it."""
    with database.read() as connection:
        query = select(certificates.c.shard).where(certificates.c.serial == certificate.serial_number)
        return int(connection.execute(query).scalar_one())


def test_addresses_are_numbered(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Under the distribution's address, where the outlet keeps the shard's CRL; and they stay in their order."""
    found = added(database, issuer, clock, 11)

    assert [scope.url for scope, _ in found] == [f"{PUBLIC_URL}/crl/issuing/{number}.crl" for number in range(1, 12)]
    assert all(scope.url.endswith("/" + scope.path(issuer)) for scope, _ in found)
    with database.read() as connection:
        assert shard_scopes(connection, issuer) == tuple(scope for scope, _ in found)


@pytest.mark.parametrize("public_url", ["https://crl.example.nl", "ldap://crl.example.nl", "http://crl.exämple.nl", ""])
def test_address_that_no_certificate_may_name_is_refused(
    public_url: str, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Plain http in ASCII (BR 7.1.2.11.2)."""
    with pytest.raises(PkiError, match="must begin with http://"), database.write() as connection:
        add_shard(connection, issuer, clock, public_url)

    with database.read() as connection:
        assert shard_scopes(connection, issuer) == ()


def test_certificate_that_came_before_its_shard_is_taken_in(
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    authority: CertificateAuthority,
    population: Population,
    issuance: CrlIssuance,
    root: Path,
    tmp_path: Path,
) -> None:
    """With its entry, when it is revoked already: the shard's first CRL lists it, and the complete one once."""
    early = authority.issue("Early", clock.now(), crl_url=URL)
    plain = authority.issue("Plain", clock.now())
    imported(database, clock, tmp_path, early, plain)
    population.revoke(early.serial_number, plain.serial_number)
    issuance.publish(issuer)

    ((scope, named),) = added(database, issuer, clock)

    assert (named, shard_of(database, early), shard_of(database, plain)) == (1, 1, 0)
    issuance.publish(issuer, scope)
    issuance.publish(issuer)
    assert serials(crl_at(root, issuer, scope)) == {early.serial_number}
    assert len(crl_at(root, issuer)) == 2
    assert serials(crl_at(root, issuer)) == {early.serial_number, plain.serial_number}


def _elsewhere(authority: CertificateAuthority, clock: FakeClock) -> x509.Certificate:
    """A certificate that has the address, and not as its distribution point."""
    plain = authority.issue("Elsewhere", clock.now(), crl_url=f"{PUBLIC_URL}/crl/issuing.crl")
    access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(URL))
    builder = x509.CertificateBuilder(
        issuer_name=plain.issuer,
        subject_name=plain.subject,
        public_key=plain.public_key(),
        serial_number=plain.serial_number,
        not_valid_before=plain.not_valid_before_utc,
        not_valid_after=plain.not_valid_after_utc,
    )
    for each in (*plain.extensions,):
        builder = builder.add_extension(each.value, each.critical)
    return builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False).sign(
        authority.key, hashes.SHA256()
    )


def test_only_the_very_address_counts(
    database: Database, issuer: Issuer, clock: FakeClock, authority: CertificateAuthority, tmp_path: Path
) -> None:
    """Octet for octet, in the distribution point: not a longer address, another case, or the address elsewhere."""
    near = [authority.issue(f"Near {place}", clock.now(), crl_url=url) for place, url in enumerate(NEAR)]
    near.append(_elsewhere(authority, clock))
    imported(database, clock, tmp_path, *near)

    ((_, named),) = added(database, issuer, clock)
    late = authority.issue("Late", clock.now(), crl_url=f"{URL}?x")
    imported(database, clock, tmp_path, late)

    assert named == 0
    assert {shard_of(database, each) for each in (*near, late)} == {0}


def test_first_shard_takes_nothing_of_the_tenth(
    database: Database, issuer: Issuer, clock: FakeClock, authority: CertificateAuthority, tmp_path: Path
) -> None:
    """Whose address begins alike but for the suffix."""
    tenth = authority.issue("Tenth", clock.now(), crl_url=f"{PUBLIC_URL}/crl/issuing/10.crl")
    imported(database, clock, tmp_path, tenth)

    named = [count for _, count in added(database, issuer, clock, 11)]

    assert named == [0] * 9 + [1, 0]
    assert shard_of(database, tenth) == 10


def test_certificates_without_their_der_stay_where_they_are(
    database: Database, issuer: Issuer, clock: FakeClock, population: Population
) -> None:
    """They name nothing that could be read; what was applied stays as it is."""
    population.issue_revoked(3)
    EntryStore(database).apply(issuer)

    assert [count for _, count in added(database, issuer, clock)] == [0]

    with database.read() as connection:
        # Nothing was taken in, so that nothing had to be made anew.
        assert len(connection.execute(select(crl_entries)).all()) == 3


def test_two_at_once_add_two_different_shards(postgresql_only: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Whoever comes second waits, and takes the next number."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: added(postgresql_only, issuer, clock), range(8)))

    assert sorted(scope.shard for ((scope, _),) in found) == list(range(1, 9))


def test_entries_that_are_being_applied_are_made_anew_too(
    postgresql_only: Database,
    issuer: Issuer,
    clock: FakeClock,
    authority: CertificateAuthority,
    population: Population,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A publisher applies an entry while the shard takes its certificate in: it does not stay behind where it was."""
    from crl_publisher.entry_store import store as entries_module  # noqa: PLC0415 - patched here alone

    early = authority.issue("Early", clock.now(), crl_url=URL)
    imported(postgresql_only, clock, tmp_path, early)
    population.revoke(early.serial_number)
    encode = entries_module.encode_entry
    with ThreadPoolExecutor(1) as pool:
        adding: list[Future[list[tuple[Scope, int]]]] = []

        def slow(*row: Any) -> bytes:  # noqa: ANN401 - passed on as it came
            if not adding:
                adding.append(pool.submit(added, postgresql_only, issuer, clock))
                with pytest.raises(TimeoutError):
                    adding[0].result(timeout=0.5)
            return encode(*row)

        monkeypatch.setattr(entries_module, "encode_entry", slow)
        EntryStore(postgresql_only).apply(issuer)
        assert [named for _, named in adding[0].result(timeout=120)] == [1]
    EntryStore(postgresql_only).apply(issuer)

    with postgresql_only.read() as connection:
        rows = connection.execute(select(crl_entries.c.shard, crl_entries.c.serial)).all()
    assert [tuple(row) for row in rows] == [(1, early.serial_number)]


def test_scopes_of_an_installation(
    database: Database, issuer: Issuer, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet
) -> None:
    """The complete CRL always; CA and user certificates by setting; and every shard."""
    ((shard, _),) = added(database, issuer, clock)
    for ca in (False, True):
        for users in (False, True):
            settings = CrlSettings(ca=ca, users=users)
            with database.read() as connection:
                found = issuance_of(database, clock, one_key, outlet, settings=settings).scopes(connection, issuer)
            wanted = {Part.CA: ca, Part.USERS: users}
            assert [scope.part for scope in found] == [
                Part.ALL,
                *(part for part, there in wanted.items() if there),
                Part.SHARD,
            ]
            assert (found[0], found[-1]) == (FULL, shard)
