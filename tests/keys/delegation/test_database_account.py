"""The responder's account in PostgreSQL: what it needs to renew its key, and what it cannot do with that."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import ProgrammingError

from keys.delegation.renewal import DelegateRenewal
from ocsp_responder.signing.renewal import DelegateRenewals
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import delegate_requests, delegate_responders
from tests.fakes import FakeClock
from tests.keys.delegation.scene import Scene

# SQLite knows no accounts.
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def account(database: Database) -> Iterator[Database]:
    """The same database by an account with what docs/keys.md says, and nothing else."""
    role = f"ocsp_{secrets.token_hex(4)}"
    with database.write() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"GRANT INSERT, SELECT ON delegate_requests TO {role}"))
        connection.execute(text(f"GRANT USAGE ON SEQUENCE delegate_requests_id_seq TO {role}"))
        connection.execute(text(f"GRANT SELECT ON delegate_responders TO {role}"))
    address = database.url.set(username=role)
    with Database(address.render_as_string(hide_password=False)) as opened:
        yield opened
    with database.write() as connection:
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))


def test_what_the_responder_needs_of_the_database(
    tmp_path: Path, database: Database, account: Database, clock: FakeClock
) -> None:
    """It asks and gets its certificate; it registers nobody, and gives itself none."""
    scene = Scene(tmp_path, database, clock)
    renewal = DelegateRenewal(issuer=scene.issuer, folder=scene.folder, database=account, clock=clock)
    renewal.poll()
    with pytest.raises(ProgrammingError, match="permission denied"), account.write() as connection:
        connection.execute(update(delegate_requests).values(certificate=b"mine"))
    with pytest.raises(ProgrammingError, match="permission denied"), account.write() as connection:
        connection.execute(update(delegate_responders).values(public_key=b"mine"))
    scene.issuing.answer(scene.issuer)
    renewal.poll()

    assert renewal.trouble is None
    assert scene.serial()


def test_account_that_may_too_little_is_told_once(
    tmp_path: Path, database: Database, account: Database, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What the database refused, in a sentence, and not a traceback each second."""
    scene = Scene(tmp_path, database, clock)
    with database.write() as connection:
        connection.execute(text(f"REVOKE INSERT ON delegate_requests FROM {account.url.username}"))
    renewal = DelegateRenewal(issuer=scene.issuer, folder=scene.folder, database=account, clock=clock)
    renewing = DelegateRenewals([renewal], clock)
    for _ in range(3):
        renewing.poll()

    assert "Traceback" not in caplog.text
    assert caplog.text.count("The database refused: permission denied for table delegate_requests") == 1
