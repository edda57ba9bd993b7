"""A certificate whose key is known to be compromised is registered, because it exists, and said at once."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import iso
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificate_keys
from pki_revocation.encoding.possession.key_forms import key_hash
from pki_revocation.importing.arrival import ArrivalRegistrar
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.pem_der import certificate_from_der
from pki_revocation.model import Issuer, serial_text
from pki_revocation.register.certificate_keys import certificates_with_key
from pki_revocation.register.compromised_keys import CompromisedKey, KeySource, list_keys
from tests.fakes import FakeClock
from tests.key_proofs import spki
from tests.pki import DAY, CertificateAuthority
from tests.pki_revocation.importing.crafted_certificates import TIMESTAMPS, crafted

KEY = ec.generate_private_key(ec.SECP256R1())
HASH = key_hash(spki(KEY))


@pytest.fixture
def listed(database: Database, clock: FakeClock) -> CompromisedKey:
    """The key, on the list."""
    key = CompromisedKey(sha256=HASH, since=clock.now() - DAY, source=KeySource.OPERATOR, note="case 7")
    with database.write() as connection:
        list_keys(connection, [key])
    return key


def keys(database: Database) -> dict[int, bytes]:
    """Each serial's key."""
    with database.read() as connection:
        return {row.serial: row.key_sha256 for row in connection.execute(select(certificate_keys))}


def test_import_says_it_first_of_all(
    importer: Importer,
    database: Database,
    authority: CertificateAuthority,
    listed: CompromisedKey,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """In the report's first line, in a remark with the command, in JSON and in the audit trail; nothing is refused."""
    bad, good = (authority.issue(name, clock.now(), key=key) for name, key in (("Bad BV", KEY), ("Good BV", None)))
    over = authority.issue("Over BV", clock.now() - 30 * DAY, DAY, key=KEY)
    file = tmp_path / "all.pem"
    file.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (bad, good, over)))

    report = importer.run([file])

    assert (report.added, report.refused_in_all, report.compromised) == (3, 0, 1)
    first, *_ = report.text().splitlines()
    assert first == "WRONG: 1 certificate has a key that is known to be compromised; the remarks below name it."
    (remark,) = report.remarks
    for part in (
        serial_text(bad.serial_number),
        iso(listed.since),
        "--issuer issuing --reason keyCompromise",
        "4.9.1.1",
    ):
        assert part in remark.says
    assert report.as_json()["with_compromised_keys"] == 1
    with database.read() as connection:
        detail = connection.scalar(select(audit.c.detail).where(audit.c.event == "certificates.imported"))
    assert json.loads(detail or "")["with_compromised_keys"] == 1
    assert keys(database)[bad.serial_number] == HASH


def test_nothing_is_said_where_nothing_is_wrong(
    importer: Importer, database: Database, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """Nor of what is revoked in the same import; and the report has no line of it."""
    good = authority.issue("Good BV", clock.now(), key=KEY)
    (tmp_path / "good.pem").write_bytes(good.public_bytes(Encoding.PEM))

    report = importer.run([tmp_path / "good.pem"])

    assert (report.compromised, report.remarks) == (0, ())
    assert "WRONG" not in report.text()
    assert keys(database) == {good.serial_number: HASH}


def test_certificate_that_comes_after_its_row_brings_its_key(
    importer: Importer,
    database: Database,
    authority: CertificateAuthority,
    issuer: Issuer,
    listed: CompromisedKey,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """A list alone says nothing of keys; the certificate that completes its row does, once."""
    certificate = authority.issue("Bad BV", clock.now(), key=KEY)
    serial, end = f"{certificate.serial_number:X}", f"{certificate.not_valid_after_utc:%y%m%d%H%M%S}Z"
    (tmp_path / "index.txt").write_text(f"V\t{end}\t\t{serial}\tunknown\t/O=Bad BV/CN=bad-bv.example\n")
    (tmp_path / "bad.pem").write_bytes(certificate.public_bytes(Encoding.PEM))

    assert importer.run([tmp_path / "index.txt"]).compromised == 0
    assert keys(database) == {}
    assert importer.run([tmp_path / "bad.pem"]).compromised == 1
    assert importer.run([tmp_path / "bad.pem"]).compromised == 0
    with database.read() as connection:
        assert certificates_with_key(connection, [HASH]) == [(issuer.id, certificate.serial_number)]


def test_certificate_that_is_revoked_already_is_trusted_by_nobody(
    importer: Importer,
    authority: CertificateAuthority,
    listed: CompromisedKey,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """A list said so before the certificate came: its key is no news."""
    certificate = authority.issue("Bad BV", clock.now() - DAY, key=KEY)
    serial, end = f"{certificate.serial_number:X}", f"{certificate.not_valid_after_utc:%y%m%d%H%M%S}Z"
    revoked = f"{clock.now() - DAY / 2:%y%m%d%H%M%S}Z"
    (tmp_path / "index.txt").write_text(f"R\t{end}\t{revoked}\t{serial}\tunknown\t/O=Bad BV/CN=bad-bv.example\n")
    (tmp_path / "bad.pem").write_bytes(certificate.public_bytes(Encoding.PEM))

    assert importer.run([tmp_path / "index.txt"]).revoked == 1
    report = importer.run([tmp_path / "bad.pem"])
    assert (report.completed, report.compromised) == (1, 0)


def test_certificate_that_no_library_reads_is_found_by_its_key(
    importer: Importer, database: Database, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """An extension that stands there twice keeps the library from reading it, and not its key from being known."""
    certificate = authority.issue("Odd BV", clock.now(), key=KEY)
    odd = crafted(authority, certificate, extensions=[TIMESTAMPS, TIMESTAMPS])
    (tmp_path / "odd.der").write_bytes(odd)

    assert importer.run([tmp_path / "odd.der"]).added == 1
    assert list(keys(database).values()) == [HASH]


def test_arrival_hears_it(
    database: Database, issuer: Issuer, authority: CertificateAuthority, listed: CompromisedKey, clock: FakeClock
) -> None:
    """Each time it is sent, because the answer may be lost; of others nothing is said."""
    registrar = ArrivalRegistrar(database=database, clock=clock, audit=AuditTrail(clock))

    def arrived(key: ec.EllipticCurvePrivateKey | None) -> CompromisedKey | None:
        certificate = authority.issue("Zorg BV", clock.now(), key=key)
        parts = certificate_from_der(certificate.public_bytes(Encoding.DER))
        first = registrar.take(parts, None, None, {}).compromised_key
        assert registrar.take(parts, None, None, {}).compromised_key == first
        return first

    assert arrived(KEY) == listed
    assert arrived(None) is None
