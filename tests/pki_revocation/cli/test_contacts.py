"""`pki-revocation contact`: registered, shown, erased."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pki_revocation.cli.program import program
from pki_revocation.database.engine import Database
from pki_revocation.numbers import grouped, number_at
from pki_revocation.register.certificates import certificate_with_number
from pki_revocation.subscribers import contacts
from pki_revocation.subscribers.contacts import Contact
from tests.subscribers import Subscriber


@pytest.fixture
def folder(tmp_path: Path, database: Database) -> Path:
    """An installation on the test's database."""
    url = database.url.render_as_string(hide_password=False)
    (tmp_path / "config.toml").write_text(f"[database]\nurl = '{url}'\n")
    return tmp_path


def run(folder: Path, *arguments: str, typed: str = "") -> Result:
    """The command."""
    return CliRunner().invoke(program, ["contact", *arguments, "--directory", str(folder)], input=typed)


def test_contact_is_set_shown_and_erased(folder: Path, subscriber: Subscriber, database: Database) -> None:
    """By the number as it is printed; both changes are audited without the address."""
    number = grouped(subscriber.number)
    assert run(folder, "set", "--number", number, "--language", "en", typed="beheer@zorg.example\n").exit_code == 0
    with database.read() as connection:
        found = contacts.of_number(connection, subscriber.number)
        assert certificate_with_number(connection, subscriber.number) is not None
    assert found == Contact(email="beheer@zorg.example", language="en")
    assert "beheer@zorg.example (en)" in run(folder, "show", "--number", number).output
    assert run(folder, "erase", "--number", number).exit_code == 0

    with database.read() as connection:
        assert contacts.of_number(connection, subscriber.number) is None


@pytest.mark.parametrize("email", ["", "nobody", "a@b, c@d"])
def test_unfit_address_is_one_sentence(folder: Path, subscriber: Subscriber, email: str) -> None:
    """And nothing is stored."""
    done = run(folder, "set", "--number", subscriber.number, typed=f"{email}\n")

    assert done.exit_code != 0
    assert "cannot be used" in done.output
    assert "Traceback" not in done.output


def test_unknown_number_is_one_sentence(folder: Path, subscriber: Subscriber) -> None:
    """Whatever is asked for."""
    for command in ("set", "show", "erase"):
        done = run(folder, command, "--number", number_at(987_654), typed="a@b.example\n")
        assert done.exit_code != 0
        assert "number" in done.output
        assert "Traceback" not in done.output
