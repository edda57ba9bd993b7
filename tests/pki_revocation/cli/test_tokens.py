"""`token` as an operator uses it: what it shows, what it records, and what it never shows again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from pki_revocation.audit import verify_chain
from pki_revocation.cli.tokens import token
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import audit
from pki_revocation.errors import NotFound
from pki_revocation.register import api_tokens
from pki_revocation.register.api_tokens import TokenRefused
from tests.letter_runs import new_installation
from tests.pki import CertificateAuthority

Run = Callable[..., Result]


@pytest.fixture
def installation(tmp_path: Path, authority: CertificateAuthority) -> Installation:
    """A folder with configuration, secrets and tables."""
    return new_installation(tmp_path / "installation", authority)


@pytest.fixture
def run(installation: Installation) -> Run:
    """Runs a command on the installation, and lets its errors through as the program catches them."""

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(token, [*arguments, "--directory", str(installation.directory)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def bearer(installation: Installation, secret: str) -> str | None:
    """Whom the console takes the bearer of this token for."""
    with installation.database() as database, database.read() as connection:
        found = api_tokens.bearer_of(connection, secret)
    return None if found is None else found.name


def test_token_is_shown_once_and_opens(run: Run, installation: Installation) -> None:
    """Alone on standard output, so that it can be put into a file; the list and the audit trail never have it."""
    secret = run("issue", "ca-1").stdout.removesuffix("\n")

    assert bearer(installation, secret) == "ca-1"
    listed = run("list").stdout + run("list", "--json").stdout
    assert "ca-1" in listed
    assert secret not in listed
    assert secret.rpartition("_")[2] not in listed
    with installation.database() as database, database.read() as connection:
        row = connection.execute(select(audit).where(audit.c.event == "token.issued")).one()
        verify_chain(connection)
    assert json.loads(row.detail) == {"name": "ca-1", "id": secret.split("_")[1]}


def test_token_as_json(run: Run, installation: Installation) -> None:
    """Name, public part and token."""
    answer = json.loads(run("issue", "ca-1", "--json").stdout)

    assert bearer(installation, answer["token"]) == answer["name"] == "ca-1"
    assert answer["id"] == answer["token"].split("_")[1]


def test_withdrawn_token_opens_nothing(run: Run, installation: Installation) -> None:
    """From then on; the list says since when, and the name is free for another one."""
    secret = run("issue", "ca-1").stdout.strip()

    assert run("withdraw", "ca-1").stdout == "The token ca-1 is withdrawn.\n"

    assert bearer(installation, secret) is None
    (line,) = run("list").stdout.splitlines()
    assert "withdrawn 20" in line
    (listed,) = json.loads(run("list", "--json").stdout)
    assert listed["withdrawn_at"] >= listed["issued_at"]
    assert bearer(installation, run("issue", "ca-1").stdout.strip()) == "ca-1"
    assert [each["withdrawn_at"] is None for each in json.loads(run("list", "--json").stdout)].count(True) == 1
    with installation.database() as database, database.read() as connection:
        events = connection.execute(select(audit.c.event)).scalars().all()
    assert [event for event in events if event.startswith("token.")] == [
        "token.issued", "token.withdrawn", "token.issued",
    ]  # fmt: skip


def test_what_cannot_be(run: Run) -> None:
    """A name twice, a name that is none, and nobody's token: a sentence each, and nothing is changed."""
    run("issue", "ca-1")
    before = run("list").stdout

    with pytest.raises(TokenRefused, match="already"):
        run("issue", "ca-1")
    with pytest.raises(TokenRefused, match="will not do"):
        run("issue", "ca 1")
    with pytest.raises(NotFound, match="no live token 'ca-2'"):
        run("withdraw", "ca-2")

    assert run("list").stdout == before
