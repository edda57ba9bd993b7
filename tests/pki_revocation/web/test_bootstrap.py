"""The subscriber's application, made out of an installation's folder."""

from pathlib import Path

import pytest
from werkzeug.test import Client

from pki_revocation.config.installation import CONFIG_NAME, Installation
from pki_revocation.config.secret_files import create_secrets
from pki_revocation.errors import ConfigurationError, StoreError
from pki_revocation.web.bootstrap import application


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A folder with secrets and an empty, migrated database."""
    (tmp_path / CONFIG_NAME).write_text('[web]\npublic_url = "https://intrekken.example"\n', "utf-8")
    create_secrets(tmp_path)
    opened = Installation.open(tmp_path)
    with opened.database() as database:
        database.upgrade()
    return opened


def test_installation_becomes_an_application(installation: Installation) -> None:
    """Database, secrets and settings all come from the folder."""
    answer = Client(application(installation).wsgi).get("/revoke", base_url="https://intrekken.example")

    assert answer.status_code == 200
    assert "Strict-Transport-Security" in answer.headers


def test_database_of_another_revision_is_refused(installation: Installation) -> None:
    """A database that was never set up stops the start, with what to do about it."""
    (installation.directory / "revocation.db").unlink()
    with pytest.raises(StoreError, match="pki-revocation init"):
        application(installation)


@pytest.mark.parametrize("secret", ["pepper", "session-key"])
def test_missing_secret_is_refused(installation: Installation, secret: str) -> None:
    """Codes cannot be checked, and forms not signed, without them."""
    (installation.directory / "secrets" / secret).unlink()
    with pytest.raises(ConfigurationError, match=secret):
        application(installation)
