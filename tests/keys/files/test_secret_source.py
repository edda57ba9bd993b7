"""Passphrases and PINs: from the environment, a file or a systemd credential, and never from the configuration."""

from pathlib import Path

import pytest

from keys.errors import SecretMissing
from keys.files.secret_source import CREDENTIALS, SecretSource
from pki_revocation.errors import ConfigurationError

SECRET = "open sesame"


def _written(path: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_usual_places_are_looked_at_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's variable wins; then the credential; the names come from the key's."""
    source = SecretSource.usual("passphrase", "issuing-ca.2026")
    with pytest.raises(SecretMissing, match=r"PKI_REVOCATION_PASSPHRASE_ISSUING_CA_2026.*passphrase-issuing-ca-2026"):
        source.read()
    monkeypatch.setenv(CREDENTIALS, str(tmp_path))
    _written(tmp_path / "passphrase-issuing-ca-2026", "from systemd\n", 0o440)
    assert source.read() == "from systemd"
    monkeypatch.setenv("PKI_REVOCATION_PASSPHRASE_ISSUING_CA_2026", SECRET)
    assert source.read() == SECRET


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_file_holds_one_line(tmp_path: Path, end: str) -> None:
    """What an editor puts behind it is not part of it; spaces are."""
    _written(tmp_path / "secret", f" {SECRET} {end}")

    assert SecretSource.named("PIN", "file:secret", tmp_path).read() == f" {SECRET} "


def test_named_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """env:, file: and credential:, and nowhere else than where it was named."""
    monkeypatch.setenv("MY_PIN", "1")
    monkeypatch.setenv(CREDENTIALS, str(tmp_path))
    monkeypatch.setenv("PKI_REVOCATION_PIN_CA", "2")
    _written(tmp_path / "pin", "3")

    assert SecretSource.named("PIN", "env:MY_PIN", tmp_path).read() == "1"
    assert SecretSource.named("PIN", "credential:pin", tmp_path).read() == "3"
    with pytest.raises(SecretMissing, match="write it to"):
        SecretSource.named("PIN", "file:other", tmp_path).read()


@pytest.mark.parametrize("text", [SECRET, "env:", "pass:1234", "credential:../pin", "credential:.."])
def test_secret_in_the_configuration_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    """Whoever wrote the secret itself there is told where it belongs, without seeing it again in a log."""
    with pytest.raises(ConfigurationError, match="say where it is") as refused:
        SecretSource.named("passphrase", text, tmp_path)

    assert SECRET not in str(refused.value)
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A secret that others read is none; the secret is not in the message."""
    _written(tmp_path / "secret", mode=mode)
    with pytest.raises(SecretMissing, match="chmod 600") as refused:
        SecretSource.named("PIN", "file:secret", tmp_path).read()

    assert SECRET not in str(refused.value)


def test_credential_that_all_can_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The access list of systemd shows as the group's permission; everybody's is nobody's."""
    monkeypatch.setenv(CREDENTIALS, str(tmp_path))
    _written(tmp_path / "pin", mode=0o444)
    with pytest.raises(SecretMissing, match="chmod 600"):
        SecretSource.named("PIN", "credential:pin", tmp_path).read()


def test_empty_secret_is_none(tmp_path: Path) -> None:
    """A file that was cut off is a missing secret, not an empty passphrase."""
    _written(tmp_path / "secret", "\n")
    with pytest.raises(SecretMissing):
        SecretSource.named("PIN", "file:secret", tmp_path).read()
