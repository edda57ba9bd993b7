"""`init` makes an installation's secrets once; a second node, or a folder without them, gets no second ones."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select, update

from pki_revocation.cli.doctor import examine
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.codes import Pepper
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper, load_session_key
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificates, installation_marks, revocation_codes
from pki_revocation.documents.letters.bootstrap import letter_maker
from pki_revocation.errors import ConfigurationError
from pki_revocation.register.issuers import add_issuer
from pki_revocation.register.marks import MarkName, mark
from pki_revocation.register.own_secrets import session_key_id
from pki_revocation.runtime.new_installation import config_with_database, set_up
from pki_revocation.web.bootstrap import application
from tests.pki import CertificateAuthority


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that was never set up."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    return str(request.getfixturevalue("postgresql_empty_url"))


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An application has its database for as long as its process lives, which here is a test."""
    opened: list[Database] = []
    open_one = Installation.database

    def remembered(installation: Installation, **named: float) -> Database:
        opened.append(open_one(installation, **named))
        return opened[-1]

    monkeypatch.setattr(Installation, "database", remembered)
    yield
    for each in opened:
        each.close()


@pytest.fixture
def node_a(url: str, tmp_path: Path) -> Installation:
    """The node that was set up first."""
    # Where letters may name it.
    config = config_with_database(url).replace("http://127.0.0.1:8460", "https://intrekken.example")
    return set_up(tmp_path / "a", config)


@pytest.fixture
def folder_b(tmp_path: Path) -> Path:
    """Where the second one is to be."""
    return tmp_path / "b"


def init(folder: Path, *words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(program, ["init", "--directory", str(folder), *words])


@pytest.fixture
def live(node_a: Installation, authority: CertificateAuthority) -> Iterator[Database]:
    """The database with a code in it, made with the pepper of the first node."""
    with node_a.database() as database:
        now = SystemClock().now()
        with database.write() as connection:
            add_issuer(connection, name="ca", certificate=authority.certificate, is_default=True, clock=SystemClock())
            values = {"issuer_id": 1, "serial": 7, "subject": "", "organisation": "", "not_after": now}
            connection.execute(insert(certificates).values(**values, imported_at=now))
            code = {"certificate_id": 1, "version": 1, "verifier": "-", "issued_at": now}
            connection.execute(insert(revocation_codes).values(**code, pepper_id=load_pepper(node_a).id))
        yield database


def test_first_ones_are_remembered_by_fingerprint(node_a: Installation) -> None:
    """Nothing that could be used: neither of them stands in the database."""
    with node_a.database() as database, database.read() as connection:
        found = {row.name: row.value for row in connection.execute(select(installation_marks))}
    pepper, session_key = load_pepper(node_a), load_session_key(node_a)
    assert found == {"pepper": pepper.id, "session-key": session_key_id(session_key)}
    assert pepper.id not in pepper.to_text()
    assert session_key_id(session_key) not in session_key


def test_second_node_gets_none(node_a: Installation, folder_b: Path, url: str) -> None:
    """It is told what to copy; with the copies it is a node, and nothing else changed."""
    refused = init(folder_b, "--database", url)

    assert refused.exit_code == 1
    assert "copy 'secrets' from the first one" in refused.output
    assert "Traceback" not in refused.output
    assert not (folder_b / "secrets").exists()

    shutil.copytree(node_a.directory / "secrets", folder_b / "secrets")
    assert init(folder_b).exit_code == 0
    node_b = Installation.open(folder_b)
    assert load_pepper(node_b).id == load_pepper(node_a).id
    assert load_session_key(node_b) == load_session_key(node_a)


@pytest.mark.parametrize("name", ["pepper", "session-key"])
def test_node_that_lost_one_gets_no_other(node_a: Installation, name: str) -> None:
    """As after `mv secrets/* /etc/pki-revocation`: codes or not, a second one would be the trap."""
    file = node_a.directory / "secrets" / name
    kept = file.read_text()
    file.unlink()

    refused = init(node_a.directory)

    assert refused.exit_code == 1
    assert f"secrets/{name} is missing" in refused.output
    assert not file.exists()
    file.write_text(kept)
    file.chmod(0o600)
    assert init(node_a.directory).exit_code == 0


def test_credentials_of_the_production_layout(
    node_a: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator names their folder, and every command finds them there: `init` makes none beside them."""
    etc = tmp_path / "etc"
    etc.mkdir(mode=0o700)
    first = load_pepper(node_a).id
    for name in ("pepper", "session-key"):
        (node_a.directory / "secrets" / name).rename(etc / name)
    assert init(node_a.directory).exit_code == 1

    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(etc))

    assert init(node_a.directory).exit_code == 0
    assert list((node_a.directory / "secrets").iterdir()) == []
    assert load_pepper(node_a).id == first
    with node_a.database() as database:
        assert letter_maker(node_a, database, SystemClock()) is not None
    assert all(each.well for each in examine(node_a) if each.check in {"pepper", "session key"})
    (etc / "pepper").chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by every account"):
        load_pepper(node_a)


@pytest.mark.parametrize("name", ["pepper", "session-key"])
def test_service_with_another_one_does_not_start(
    node_a: Installation, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Page and letters: one sentence with both fingerprints; and `doctor` says WRONG."""
    variable = f"PKI_REVOCATION_{name.replace('-', '_').upper()}"
    monkeypatch.setenv(variable, Pepper.generate().to_text())

    with pytest.raises(ConfigurationError, match=rf"this installation's is .*--replace {name}"):
        application(node_a)
    if name == "pepper":
        with node_a.database() as database, pytest.raises(ConfigurationError, match="this installation's is"):
            letter_maker(node_a, database, SystemClock())
    check = name.replace("-", " ")
    (found,) = [each for each in examine(node_a) if each.check == check]
    assert not found.well
    assert "this installation's is" in found.says


def test_installation_of_before_remembers_what_is_used_first(node_a: Installation) -> None:
    """Tables that were brought up have no marks yet: the first service that starts writes them, and later ones obey."""
    with node_a.database() as database, database.write() as connection:
        connection.execute(installation_marks.delete())

    application(node_a)

    with node_a.database() as database, database.read() as connection:
        found = mark(connection, MarkName.SESSION_KEY)
    assert found is not None
    assert found.value == session_key_id(load_session_key(node_a))


def test_ready_service_notices_that_its_secrets_were_replaced(node_a: Installation) -> None:
    """By an operator on another node: this one must not go on with the old ones while it calls itself ready."""
    made = application(node_a)
    assert made.ready is not None
    made.ready()
    with node_a.database() as database, database.write() as connection:
        connection.execute(update(installation_marks).values(value="0" * 16))
    with pytest.raises(ConfigurationError, match="this installation's is"):
        made.ready()


def test_lost_session_key_is_replaced_on_purpose(node_a: Installation) -> None:
    """With an audit record, and the fingerprint of the new one counts."""
    before = load_session_key(node_a)

    assert init(node_a.directory, "--replace", "session-key").exit_code == 0

    assert load_session_key(node_a) != before
    application(node_a)
    with node_a.database() as database, database.read() as connection:
        assert connection.scalars(select(audit.c.event)).all() == ["secret.replaced"]


def test_pepper_that_is_there_is_not_replaced(node_a: Installation, live: Database) -> None:
    """Every code hangs on it; one that is lost for good is replaced, and its codes stay dead and told."""
    refused = init(node_a.directory, "--replace", "pepper")
    assert refused.exit_code == 1
    assert "every code hangs on it" in refused.output
    first = load_pepper(node_a).id
    (node_a.directory / "secrets" / "pepper").unlink()

    assert init(node_a.directory, "--replace", "pepper").exit_code == 0

    assert load_pepper(node_a).id != first
    with pytest.raises(ConfigurationError, match=f"made with pepper {first}"):
        application(node_a)
    with live.write() as connection:
        connection.execute(update(revocation_codes).values(retired_at=SystemClock().now()))
    application(node_a)


def test_killed_between_secrets_and_tables_goes_on(tmp_path: Path, url: str) -> None:
    """The secrets are made first: the next run finds them, and makes no others."""
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "config.toml").write_text(config_with_database(url))
    (folder / "secrets").mkdir(mode=0o700)
    (folder / "secrets" / "pepper").write_text("ab" * 32)
    (folder / "secrets" / "pepper").chmod(0o600)

    installation = set_up(folder, config_with_database(url))

    assert load_pepper(installation).to_text() == "ab" * 32
