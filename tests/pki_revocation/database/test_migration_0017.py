"""Revision 0017 on a register that was in use: certificates are found by their keys at once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import column, insert, select, table

from pki_revocation.database import revisions, sqlite_file
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import SerialNumber, certificate_keys
from pki_revocation.encoding.possession.key_forms import key_hash
from tests.key_proofs import spki
from tests.pki import CertificateAuthority

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database at revision 0016 with four certificates: two with DER, one without, and one that is none."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/revocation.db"
        sqlite_file.make(tmp_path / "revocation.db")
    else:
        url = request.getfixturevalue("postgresql_empty_url")
    authority = CertificateAuthority("CA")
    ders = [authority.issue("Zorg BV", NOW, key=key).public_bytes(Encoding.DER) for key in KEYS]
    with Database(url) as opened:
        with opened.write() as connection:
            revisions.upgrade(connection, "0016")
            issuers = table("issuers", *map(column, ("id", "name", "certificate", "is_default", "added_at")))
            row = {"id": 1, "name": "ca", "certificate": b"-", "is_default": True, "added_at": 0}
            connection.execute(insert(issuers).values(row))
            names = ("issuer_id", "subject", "organisation", "not_after", "der", "imported_at")
            rows = table("certificates", *map(column, names), column("serial", SerialNumber))
            for serial, der in enumerate([*ders, None, b"\x30\x00"], start=1):
                values = {"issuer_id": 1, "subject": "", "organisation": "", "not_after": 0, "imported_at": 0}
                connection.execute(insert(rows).values(**values, der=der, serial=serial))
        yield opened


def test_keys_of_what_is_here_are_known(old: Database) -> None:
    """Of every certificate that is one; a row without it has no key, and keeps nothing from going on."""
    old.upgrade()

    with old.read() as connection:
        found = connection.execute(select(certificate_keys).order_by(certificate_keys.c.serial)).all()
    assert [(row.issuer_id, row.serial, row.key_sha256) for row in found] == [
        (1, serial, key_hash(spki(key))) for serial, key in enumerate(KEYS, start=1)
    ]
