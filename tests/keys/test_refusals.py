"""What `pki-revocation keys` says to what cannot be done: one sentence, with the way out, and nothing is done."""

import os
import subprocess
from pathlib import Path

import pytest

from keys.files.file_key import KEY_TYPES, save_key
from pki_revocation.runtime.new_installation import set_up
from tests.crl_publisher.installations import PROGRAM
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.tokens import OnToken
from tests.keys.test_cli import PASSPHRASE, VARIABLE, keys

pytestmark = pytest.mark.usefixtures("light_key_files")

_NEW = "PKI_REVOCATION_NEW_PASSPHRASE"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An encrypted key, with its passphrase in the environment."""
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    file = tmp_path / "issuing.key"
    save_key(KEY_TYPES["p256"](), file, PASSPHRASE)
    return file


@pytest.mark.parametrize("command", ["generate", "change-passphrase", "inspect"])
def test_closed_standard_input_asks_nobody(path: Path, command: str) -> None:
    """A job that was started with its standard input closed is told where the passphrase could come from."""
    file = path.with_name("new.key") if command == "generate" else path
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    words = ["sh", "-c", 'exec "$@" <&-', "sh", str(PROGRAM), "keys", command, str(file)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "PKI_REVOCATION_PASSPHRASE_" in line
    assert not path.with_name("new.key").exists()


@pytest.mark.parametrize("subject", ["", "CN=", "Issuing CA", "C=NLD", "CN=a,"])
def test_request_needs_a_name(path: Path, subject: str) -> None:
    """A certificate for nobody is asked for by mistake alone."""
    out = path.with_name("issuing.csr")
    done = keys("request", path, "--subject", subject, "--out", out)

    assert done.exit_code == 1
    assert "is no name: write it as" in done.output
    assert not out.exists()


def test_request_overwrites_nothing(path: Path) -> None:
    """What is there stays, be it the key itself; and a folder that is not there is not made."""
    before = path.read_bytes()
    there = keys("request", path, "--subject", "CN=a", "--out", path)
    nowhere = keys("request", path, "--subject", "CN=a", "--out", path.parent / "none" / "issuing.csr")

    assert f"{path} exists already: name a new file" in there.output
    assert "cannot be written: No such file" in nowhere.output
    assert (there.exit_code, nowhere.exit_code) == (1, 1)
    assert path.read_bytes() == before


def test_new_passphrase_is_another_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise somebody believes that the old one, which was seen, is worth nothing any more."""
    monkeypatch.setenv(_NEW, PASSPHRASE)
    before = path.read_bytes()
    done = keys("change-passphrase", path)

    assert done.exit_code == 1
    assert "is the one that it has" in done.output
    assert path.read_bytes() == before


def test_passphrase_of_what_has_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that holds no key is named; a token has a PIN, which another tool changes."""
    monkeypatch.setenv(_NEW, f"{PASSPHRASE} staple")
    junk = path.with_name("junk.key")
    junk.touch(mode=0o600)
    broken, token = keys("change-passphrase", junk), keys("change-passphrase", softhsm.uri("CA", "issuing"))

    assert f"The key {junk} cannot be opened: it is no PKCS#8 key" in broken.output
    assert "has no passphrase" in token.output
    assert (broken.exit_code, token.exit_code) == (1, 1)


def test_scheme_is_known_in_any_case() -> None:
    """RFC 3986 section 3.1: PKCS11: is no file of that name."""
    done = keys("generate", "PKCS11:token=CA;object=issuing?pin-value=1234")

    assert done.exit_code == 1
    assert "holds no PIN" in done.output
    assert "1234" not in done.output


def test_library_that_does_not_start_says_what_to_look_at(
    on_token: OnToken, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SoftHSM with a configuration that is not there, in a process of its own."""
    monkeypatch.setenv(softhsm.CONFIG_VARIABLE, str(tmp_path / "none.conf"))
    words = [str(PROGRAM), "keys", "inspect", softhsm.uri(on_token.label, "issuing")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 1
    assert "does not start" in done.stderr
    assert "its own configuration" in done.stderr
    assert on_token.pin not in done.stderr


def test_section_of_no_issuer_is_a_problem(tmp_path: Path) -> None:
    """A misspelt [keys.ISSUER] would otherwise be a key that nobody uses; without any, that is said."""
    base = '[database]\nurl = "sqlite:///revocation.db"\n'
    made = set_up(tmp_path / "register", f'{base}[keys.isuing]\ncrl_key = "issuing.key"\n')
    misspelt = keys("inspect", "--directory", made.directory)
    made.config.write_text(f"{base}[keys.issuing]\nnope = 1\n")
    unknown = keys("inspect", "--directory", made.directory)
    made.config.write_text(base)
    none = keys("inspect", "--directory", made.directory)

    assert misspelt.exit_code == 1
    assert "[keys.isuing] is of no issuer here; there are: none." in misspelt.output
    assert unknown.exit_code == 1
    assert "[keys.issuing] has an unknown setting 'nope'" in unknown.output
    assert none.exit_code == 0
    assert "No issuer has a key" in none.output
