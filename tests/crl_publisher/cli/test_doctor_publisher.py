"""What `doctor` says of a publisher that does not run, and of what it failed with last."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.register.service_failures import FailureRecord
from tests.pki import CertificateAuthority

NONE_RUNS = "WRONG  publisher: none runs, so that no CRL follows a revocation or the schedule: start"


@pytest.fixture
def directory(tmp_path: Path, authority: CertificateAuthority) -> Path:
    """An installation with an issuer, whose key is elsewhere."""
    folder = tmp_path / "register"
    pem = tmp_path / "ca.pem"
    pem.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    for arguments in (["init"], ["issuer", "add", "--name", "issuing", str(pem)]):
        done = CliRunner().invoke(program, [*arguments, "--directory", str(folder)])
        assert done.exit_code == 0, done.output
    return folder


def told(directory: Path) -> list[str]:
    """The lines about the publisher."""
    output = CliRunner().invoke(program, ["doctor", "--directory", str(directory)]).output
    return [line for line in output.splitlines() if line[7:].startswith("publisher")]


def test_no_publisher_is_wrong_where_a_crl_is_signed_here(directory: Path, authority: CertificateAuthority) -> None:
    """Not where every key is elsewhere; and the last failure of one that is gone is still there, with its sentence."""
    assert told(directory) == []
    key = directory / "secrets" / "ca.key"
    key.write_bytes(authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o600)
    with (directory / "config.toml").open("a") as config:
        config.write('\n[keys.issuing]\ncrl_key = "secrets/ca.key"\nunencrypted = true\n')
    (line,) = told(directory)
    assert line.startswith(NONE_RUNS)

    with Installation.open(directory).database() as database:
        FailureRecord(database, SystemClock(), "publisher").keep({"full CRL of issuing": "The token is away."})
    none, failure = told(directory)
    assert none.startswith(NONE_RUNS)
    assert failure.startswith("WRONG  publisher, full CRL of issuing: its last failure since")
    assert failure.endswith("The token is away.")
