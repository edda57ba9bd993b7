"""`pki-revocation keys`: what it makes, shows and changes, and that it shows no secret."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding

from keys.files.encryption import protection_of
from keys.files.file_key import KEY_TYPES, KeyFile, load_key, save_key
from keys.signing_audit import unfinished
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.register.issuers import add_issuer
from pki_revocation.runtime.new_installation import set_up
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.tokens import OnToken
from tests.pki import CertificateAuthority

pytestmark = pytest.mark.usefixtures("light_key_files")

PASSPHRASE = "correct horse battery"
VARIABLE = "PKI_REVOCATION_PASSPHRASE_ISSUING"


def keys(*words: str | Path) -> Result:
    """Run `keys` and give what came of it."""
    return CliRunner().invoke(program, ["keys", *map(str, words)])


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a key is to be, with its passphrase in the environment."""
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    return tmp_path / "issuing.key"


@pytest.fixture
def installation(tmp_path: Path, authority: CertificateAuthority) -> Installation:
    """A CA with an encrypted key."""
    made = set_up(
        tmp_path / "register",
        '[database]\nurl = "sqlite:///revocation.db"\n\n[keys.issuing]\ncrl_key = "issuing.key"\n'
        'ocsp_key = "issuing-ocsp.key"\nocsp_certificate = "issuing-ocsp.pem"\n',
    )
    save_key(authority.key, made.path("issuing.key"), PASSPHRASE)
    with made.database() as database, database.write() as connection:
        add_issuer(connection, name="issuing", certificate=authority.certificate, is_default=True, clock=SystemClock())
    return made


@pytest.mark.parametrize("key_type", list(KEY_TYPES))
def test_generate_makes_an_encrypted_key(path: Path, key_type: str) -> None:
    """Encrypted without being asked, its owner's alone, and of the type that was asked for; no secret is shown."""
    done = keys("generate", path, "--key-type", key_type)

    assert done.exit_code == 0, done.output
    assert protection_of(path.read_bytes()).derivation == "scrypt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert type(load_key(path, unencrypted=False)) is type(KEY_TYPES[key_type]())
    assert PASSPHRASE not in done.output


def test_generate_overwrites_nothing(path: Path) -> None:
    """A second time is refused, and the first key stays."""
    keys("generate", path)
    before = path.read_bytes()
    done = keys("generate", path)

    assert done.exit_code == 1
    assert "never overwritten" in done.output
    assert path.read_bytes() == before


def test_generate_needs_a_passphrase_of_some_length(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, and with one that is guessed at once, nothing is made; `--unencrypted` says so loudly."""
    monkeypatch.setenv(VARIABLE, "short")
    assert "too short" in keys("generate", path).output
    monkeypatch.delenv(VARIABLE)
    missing = keys("generate", path)
    assert missing.exit_code == 1
    assert VARIABLE in missing.output
    assert not path.exists()
    assert "NOT ENCRYPTED" in keys("generate", path, "--unencrypted").output


def test_inspect_shows_all_but_secrets(path: Path, tmp_path: Path, authority: CertificateAuthority) -> None:
    """Type, size, hash of the public key, protection, permissions, and whether a certificate belongs to it."""
    save_key(authority.key, path, PASSPHRASE)
    certificate = tmp_path / "ca.pem"
    certificate.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    shown = json.loads(keys("inspect", path, "--certificate", certificate, "--json").output)
    for_people = keys("inspect", path, "--certificate", certificate).output

    numbers = authority.key.private_numbers().private_value
    assert shown["type"] == "EC secp256r1"
    assert shown["bits"] == 256
    assert shown["encrypted"] == "encrypted, scrypt"
    assert shown["permissions"].startswith("-rw-------")
    assert shown["certificate"] is True
    assert shown["signs"] == ["ECDSA with SHA-256"]
    assert shown["spki_sha256"] in for_people
    assert "belongs to it" in for_people
    for secret in (PASSPHRASE, str(numbers), f"{numbers:x}"):
        assert secret not in for_people + json.dumps(shown)


def test_inspect_tells_what_does_not_belong(path: Path, tmp_path: Path, authority: CertificateAuthority) -> None:
    """Another CA's certificate: said, and by the exit status too."""
    save_key(KEY_TYPES["p256"](), path, PASSPHRASE)
    certificate = tmp_path / "ca.pem"
    certificate.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    done = keys("inspect", path, "--certificate", certificate)

    assert done.exit_code == 1
    assert "DOES NOT BELONG" in done.output


def test_passphrase_is_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same key, with the new one alone."""
    keys("generate", path)
    public = load_key(path, unencrypted=False).public_key()
    monkeypatch.setenv("PKI_REVOCATION_NEW_PASSPHRASE", f"{PASSPHRASE} staple")
    done = keys("change-passphrase", path)

    assert done.exit_code == 0, done.output
    assert "staple" not in done.output
    assert "passphrase right" in keys("inspect", path).output
    monkeypatch.setenv(VARIABLE, f"{PASSPHRASE} staple")
    assert load_key(path, unencrypted=False).public_key() == public


def test_open_key_is_encrypted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that lay open gets its first passphrase."""
    save_key(KEY_TYPES["p256"](), path)
    monkeypatch.setenv("PKI_REVOCATION_NEW_PASSPHRASE", PASSPHRASE)
    done = keys("change-passphrase", path)

    assert done.exit_code == 0, done.output
    load_key(path, unencrypted=False)


def test_wrong_passphrase_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays as it was."""
    keys("generate", path)
    before = path.read_bytes()
    monkeypatch.setenv("PKI_REVOCATION_NEW_PASSPHRASE", f"{PASSPHRASE} staple")
    monkeypatch.setenv(VARIABLE, "something else, and long")
    done = keys("change-passphrase", path)

    assert done.exit_code == 1
    assert path.read_bytes() == before


def test_key_that_changes_is_read_again(path: Path) -> None:
    """A file is decrypted once, and again when another one lies in its place."""
    keys("generate", path)
    location = KeyFile(path, unencrypted=False)
    first = location.load()
    assert location.load() is first
    path.unlink()
    keys("generate", path)

    assert location.load().public_key() != first.public_key()


def test_delegate_is_audited_and_encrypted(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Intent before and result after, by one number; the new key is encrypted like every other."""
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    refused = keys("delegate", "issue", "--directory", installation.directory)
    assert "PKI_REVOCATION_PASSPHRASE_ISSUING_OCSP" in refused.output
    assert not installation.path("issuing-ocsp.key").exists()
    monkeypatch.setenv("PKI_REVOCATION_PASSPHRASE_ISSUING_OCSP", PASSPHRASE)
    done = keys("delegate", "issue", "--directory", installation.directory)

    assert done.exit_code == 0, done.output
    assert protection_of(installation.path("issuing-ocsp.key").read_bytes()).encrypted
    with installation.database() as database, database.read() as connection:
        assert unfinished(connection) == []


def test_key_that_is_replaced_is_overwritten(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What had the old file's octets has zeros in their place, and the new key is whole."""
    for name in ("ISSUING", "ISSUING_OCSP"):
        monkeypatch.setenv(f"PKI_REVOCATION_PASSPHRASE_{name}", PASSPHRASE)
    keys("delegate", "issue", "--directory", installation.directory)
    key = installation.path("issuing-ocsp.key")
    (tmp_path / "seen").hardlink_to(key)
    done = keys("delegate", "issue", "--directory", installation.directory)

    assert done.exit_code == 0, done.output
    assert set((tmp_path / "seen").read_bytes()) == {0}
    assert keys("inspect", "--directory", installation.directory).exit_code == 0
    load_key(key, unencrypted=False)


def test_inspect_of_an_installation_says_what_is_wrong_beside_what_works(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bad identity hides no other, and the exit status tells."""
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    done = keys("inspect", "--directory", installation.directory)

    assert done.exit_code == 1
    assert "CRL signing with ECDSA with SHA-256" in done.output
    assert "issuing-ocsp.key cannot be read" in done.output


def test_token_is_used_from_the_command_line(
    on_token: OnToken, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is made, shown and logged in to by its URI; the PIN is shown nowhere."""
    uri = softhsm.uri(on_token.label, "issuing")
    made, shown = keys("generate", uri, "--key-type", "rsa2048"), keys("inspect", uri)
    config = installation.config
    config.write_text(config.read_text().replace('crl_key = "issuing.key"', f'crl_key = "{uri}"'))
    logged_in = keys("login", "--directory", installation.directory)
    described = keys("inspect", "--directory", installation.directory)

    for done in (made, shown, logged_in):
        assert done.exit_code == 0, done.output
    assert "RSA, 2048 bits" in shown.output
    assert "on a token, never leaves it" in shown.output
    assert "RSASSA-PSS with SHA-256" in shown.output
    assert "does not belong to the certificate" in described.output
    for done in (made, shown, logged_in, described):
        assert on_token.pin not in done.output


def test_use_that_ends_in_between_leaves_its_intent(installation: Installation) -> None:
    """The evidence of a crash: an intent without a result. The detail of a failure names its kind alone."""
    clock = SystemClock()
    with installation.database() as database:
        audit = AuditTrail(clock)
        with database.write() as connection:
            intent = audit.record(connection, "delegate.intended", {})
        with database.read() as connection:
            assert [(each.sequence, each.act) for each in unfinished(connection)] == [(intent, "delegate")]
