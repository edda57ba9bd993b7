"""`doctor` on receipts: what is not set up is said, and what is set up and does not work is wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki_revocation.cli.check_result import CheckResult
from pki_revocation.cli.receipt_check import check
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import write_private
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError
from tests.receipts import Certified, Register
from tests.time_stamps import TimeStampAuthority, serving

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def authority_of_time(tmp_path: Path) -> Iterator[TimeStampAuthority]:
    """An authority that answers."""
    with serving(TimeStampAuthority(tmp_path / "tsa", NOW)) as running:
        yield running


def found(folder: Path, database: Database, text: str) -> dict[str, CheckResult]:
    """What is found with this configuration."""
    (folder / "config.toml").write_text(text)
    return {each.check: each for each in check(Installation.open(folder), database)}


def hold(folder: Path, held: Certified) -> str:
    """Put a key in its place; give the settings that name it."""
    (folder / "r.key").unlink(missing_ok=True)
    write_private(folder / "r.key", held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    (folder / "r.pem").write_bytes(held.pem)
    return '[receipts]\nkey = "r.key"\ncertificate = "r.pem"\n'


def test_nothing_is_wrong_where_nothing_is_set(sqlite_database: Database, tmp_path: Path) -> None:
    """Three hints: no roots, no signature, no time stamps."""
    results = found(tmp_path, sqlite_database, "")

    assert [each.well for each in results.values()] == [True] * 3
    assert all("names no" in each.says for each in results.values())


def test_signer_is_looked_at(sqlite_database: Database, tmp_path: Path) -> None:
    """A good one is well; one that ends soon, is not for documents, or has no passphrase is said with what to do."""
    register = Register(NOW)
    ends_soon = found(tmp_path, sqlite_database, hold(tmp_path, register.document_signer()))["receipts' signature"]
    assert (ends_soon.well, "renew it" in ends_soon.says) == (False, True)

    server = register.document_signer([ExtendedKeyUsageOID.SERVER_AUTH])
    wrong = found(tmp_path, sqlite_database, hold(tmp_path, server))["receipts' signature"]
    assert (wrong.well, "RFC 9336" in wrong.says) == (False, True)

    text = hold(tmp_path, register.document_signer()) + 'secret = "env:ABSENT_PASSPHRASE"\n'
    missing = found(tmp_path, sqlite_database, text)["receipts' signature"]
    assert (missing.well, "not set" in missing.says) == (False, True)


def test_authority_is_tried(sqlite_database: Database, tmp_path: Path, authority_of_time: TimeStampAuthority) -> None:
    """One that stamps is well, one that is away is not; an address or a root that cannot be used is a wrong setting."""
    text = f'[timestamps]\nauthorities = ["{authority_of_time.url}"]\ntrust = ["tsa/root.pem"]\n'
    name = f"time stamps of {authority_of_time.url}"
    results = found(tmp_path, sqlite_database, text)
    assert results["time stamps"].says == "0 revocations wait"
    assert results[name].well

    authority_of_time.is_away = True
    away = found(tmp_path, sqlite_database, text)[name]
    assert (away.well, "status 503" in away.says) == (False, True)

    for wrong, says in (
        ('[timestamps]\nauthorities = ["tsa.example"]\ntrust = ["tsa/root.pem"]\n', "no address"),
        (
            '[timestamps]\nauthorities = ["https://me:pw@tsa.example/"]\ntrust = ["tsa/root.pem"]\n',
            "without a user name",
        ),
        ('[timestamps]\nauthorities = ["https://tsa.example/"]\n', "trust is empty"),
        ('[timestamps]\nauthorities = ["https://tsa.example/"]\ntrust = ["absent.pem"]\n', "cannot be read"),
        ('[timestamps]\nauthorities = ["https://tsa.example/"]\ntrust = ["tsa/tsa.key"]\n', "no certificate"),
        ('[receipts]\ntrust_anchors = ["absent.pem"]\n', "cannot be read"),
        ("[receipts]\ntrust_anchors = [1]\n", "not a text in quotes"),
    ):
        with pytest.raises(ConfigurationError, match=says) as refused:
            found(tmp_path, sqlite_database, wrong)
        assert "pw@" not in str(refused.value)
