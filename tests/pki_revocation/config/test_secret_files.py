"""The installation's secrets: made once, read only when nobody else can."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pki_revocation.codes import Pepper
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import create_secrets, load_pepper, load_session_key, write_private
from pki_revocation.errors import ConfigurationError


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A folder with secrets."""
    (tmp_path / "config.toml").write_text("")
    create_secrets(tmp_path)
    return Installation.open(tmp_path)


def test_secrets_are_made_once(installation: Installation) -> None:
    """Setting up again keeps the pepper: a new one would kill every code."""
    first, session = load_pepper(installation).id, load_session_key(installation)
    create_secrets(installation.directory)

    assert load_pepper(installation).id == first
    assert load_session_key(installation) == session


def test_secrets_are_their_owners_alone(installation: Installation) -> None:
    """Files of mode 0600 in a folder of mode 0700."""
    folder = installation.path("secrets")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_secret_that_others_can_read_is_refused(installation: Installation) -> None:
    """The sentence says what to run."""
    installation.path("secrets/pepper").chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_pepper(installation)


def test_missing_secret_is_named(installation: Installation) -> None:
    """With its path, and the variable that can stand in for it."""
    installation.path("secrets/pepper").unlink()
    with pytest.raises(ConfigurationError, match="PKI_REVOCATION_PEPPER"):
        load_pepper(installation)


def test_environment_wins(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pepper from the environment is taken before the file's."""
    other = Pepper.generate()
    monkeypatch.setenv("PKI_REVOCATION_PEPPER", other.to_text())

    assert load_pepper(installation).id == other.id


@pytest.mark.parametrize("text", ["x", "00" * 31, "zz" * 32])
def test_weak_session_key_is_refused(installation: Installation, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Whoever guesses it could sign receipts' addresses and tickets."""
    monkeypatch.setenv("PKI_REVOCATION_SESSION_KEY", text)
    with pytest.raises(ConfigurationError, match="32 octets"):
        load_session_key(installation)


def test_two_that_write_at_once_agree(tmp_path: Path) -> None:
    """The second of two set-ups keeps the first one's secret, and leaves no temporary file."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda place: write_private(tmp_path / "secret", str(place)), range(8)))

    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize("text", ["", "00", "zz" * 32])
def test_broken_pepper_is_refused_without_showing_it(text: str) -> None:
    """Too short, or not hexadecimal."""
    with pytest.raises(ConfigurationError, match="restore the one"):
        Pepper.from_text(text)
