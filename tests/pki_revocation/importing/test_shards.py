"""At import each certificate goes to the CRL shard that its distribution point names, and CA certificates are told."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import insert, select

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crl_shards
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import add_issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, pem, write_index

URL = "http://crl.example.nl/crl/issuing/{}.crl"


@pytest.fixture(autouse=True)
def shards(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Two shards of the issuer, and one of another one with the same number."""
    other = CertificateAuthority("Other CA")
    with database.write() as connection:
        second = add_issuer(connection, name="other", certificate=other.certificate, is_default=False, clock=clock)
        for which, shard, url in ((issuer, 1, URL.format(1)), (issuer, 2, URL.format(2)), (second, 1, URL.format(9))):
            row = {"issuer_id": which.id, "shard": shard, "url": url, "added_at": clock.now()}
            connection.execute(insert(crl_shards).values(row))


def placed(database: Database) -> dict[int, tuple[int, bool]]:
    """Shard and kind of each certificate, by its serial."""
    with database.read() as connection:
        rows = connection.execute(select(certificates.c.serial, certificates.c.shard, certificates.c.is_ca))
        return {row.serial: (row.shard, row.is_ca) for row in rows}


@pytest.mark.parametrize("form", ["pem", "der", "csv"])
def test_distribution_point_of_a_certificate_names_its_shard(
    form: str, importer: Importer, authority: CertificateAuthority, clock: FakeClock, database: Database, tmp_path: Path
) -> None:
    """From PEM, DER, and PEM in a CSV's column; an address of nobody's, or of another issuer's shard, names none."""
    urls = {1: URL.format(1), 2: URL.format(2), 3: URL.format(3), 9: URL.format(9), 4: None}
    issued = {
        number: authority.issue("Zorg BV", clock.now(), serial=number, crl_url=url) for number, url in urls.items()
    }
    if form == "pem":
        (tmp_path / "all.pem").write_bytes(pem(*issued.values()))
    elif form == "der":
        for number, certificate in issued.items():
            (tmp_path / f"{number}.der").write_bytes(certificate.public_bytes(Encoding.DER))
    else:
        cells = "\n".join(f'"{pem(certificate).decode()}"' for certificate in issued.values())
        (tmp_path / "all.csv").write_text(f"certificate\n{cells}\n")

    assert importer.run([tmp_path]).added == len(urls)

    assert placed(database) == {1: (1, False), 2: (2, False), 3: (0, False), 9: (0, False), 4: (0, False)}


def test_column_of_a_list_names_the_shard(importer: Importer, database: Database, tmp_path: Path) -> None:
    """Octet for octet, for rows without their certificate; a cell may be empty."""
    rows = {
        1: URL.format(1),
        2: URL.format(2),
        3: "",
        4: URL.format(1).upper(),
        5: URL.format(1) + "?",
        6: URL.format(9),
    }
    lines = [f"{serial:02x},CN=x,2027-11-23T14:03:22Z,{url}" for serial, url in rows.items()]
    file = tmp_path / "list.csv"
    file.write_text("\n".join(["serial,subject,not_after,distribution_point", *lines]) + "\n")

    assert importer.run([file]).added == len(rows)

    assert {serial: shard for serial, (shard, _) in placed(database).items()} == {1: 1, 2: 2, 3: 0, 4: 0, 5: 0, 6: 0}


def test_registered_issuers_are_ca_certificates(
    importer: Importer, authority: CertificateAuthority, database: Database, tmp_path: Path
) -> None:
    """By their basicConstraints, and in a list by being registered."""
    serial = authority.certificate.serial_number
    (tmp_path / "ca.pem").write_bytes(pem(authority.certificate))
    index = write_index(tmp_path / "index.txt", [index_row(serial + 1), index_row(serial, expiry="361123140322Z")])

    importer.run([tmp_path / "ca.pem"])
    assert placed(database) == {serial: (0, True)}
    importer.run([index])
    assert placed(database) == {serial: (0, True), serial + 1: (0, False)}


def test_registered_issuer_in_a_list_is_a_ca_certificate(
    importer: Importer, authority: CertificateAuthority, database: Database, tmp_path: Path
) -> None:
    """Where its DER never comes: from an index.txt."""
    serial = authority.certificate.serial_number

    importer.run([write_index(tmp_path / "index.txt", [index_row(serial, expiry="361123140322Z")])])

    assert placed(database) == {serial: (0, True)}
