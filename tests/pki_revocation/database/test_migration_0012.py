"""Revision 0012 on a database that was in use: addresses that name a sequence count for what was there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import column, insert, select, table

from pki_revocation.database import revisions, sqlite_file
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import installation_marks, journal_heads


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database at revision 0011, with an issuer whose journal has seven rows, and one that has none."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/revocation.db"
        sqlite_file.make(tmp_path / "revocation.db")
    else:
        url = request.getfixturevalue("postgresql_empty_url")
    with Database(url) as opened:
        with opened.write() as connection:
            revisions.upgrade(connection, "0011")
            issuers = table("issuers", *map(column, ("id", "name", "certificate", "is_default", "added_at")))
            heads = table("journal_heads", *map(column, ("issuer_id", "sequence", "last_at")))
            for each, sequence in ((1, 7), (2, 0)):
                row = {"id": each, "name": f"ca-{each}", "certificate": b"-", "is_default": each == 1, "added_at": 0}
                connection.execute(insert(issuers).values(row))
                connection.execute(insert(heads).values(issuer_id=each, sequence=sequence, last_at=0))
        yield opened


def test_journals_end_is_remembered(old: Database) -> None:
    """Each journal's own; and there are no marks yet."""
    old.upgrade()

    with old.read() as connection:
        query = select(journal_heads.c.issuer_id, journal_heads.c.named_through)
        assert {each.issuer_id: each.named_through for each in connection.execute(query)} == {1: 7, 2: 0}
        assert connection.execute(select(installation_marks)).all() == []
