"""The publisher as a process with its key on a token: a wrong PIN, a token that goes, and both put right."""

from pathlib import Path

import pkcs11
import pytest

from crl_publisher.crl.reading import parse_crl
from keys.demo.hierarchy import self_signed
from keys.files.private_files import replace, write_new
from pki_revocation.clock import SystemClock
from tests.crl_publisher.installations import DIRECT, Installed, install, running
from tests.databases import new_sqlite
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.tokens import OnToken
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

# None of SoftHSM's own, which are eight digits.
_WRONG = "no such PIN"
_FLAGS = """
import sys, pkcs11
library = pkcs11.lib(sys.argv[1])
(slot,) = [each for each in library.get_slots(token_present=True) if each.get_token().label == sys.argv[2]]
print(int(slot.get_token().flags))
"""


def _failures(installed: Installed, error: str) -> float:
    """How often publishing failed so, as /metrics says."""
    name = f'crl_publication_failures_total{{error="{error}",issuer="issuing"}}'
    try:
        with DIRECT.open(f"{installed.operations_url}/metrics", timeout=120) as response:
            lines = response.read().decode().splitlines()
    except OSError:
        return 0
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0)


def _serials(installed: Installed) -> set[int]:
    crl = parse_crl(installed.public_file.read_bytes())
    assert crl.is_signed_by(installed.issuer.certificate)
    return {each.serial_number for each in crl.parsed}


@pytest.fixture
def installed(on_token: OnToken, tmp_path: Path) -> Installed:
    """An issuer whose key is on the token, and a file with a wrong PIN."""
    folder = tmp_path / "register"
    folder.mkdir()
    authority = CertificateAuthority("On a token")
    authority.certificate = self_signed(on_token.generate("p256", "ca").load(), SystemClock().now())
    database = new_sqlite(folder / "revocation.db")
    made = install(folder, database, authority)
    write_new(folder / "pin", _WRONG.encode(), "PIN file")
    config = made.installation.config
    config.write_text(
        config.read_text()
        .replace("keys/issuing.pem", softhsm.uri(on_token.label, "ca"))
        .replace("unencrypted = true", 'crl_secret = "file:pin"')
    )
    return made


@pytest.mark.long
def test_publisher_waits_for_pin_and_token_and_locks_nothing(
    on_token: OnToken, installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it tries again, the token sees one wrong PIN; the CRL of before stays; nobody restarts anything."""
    monkeypatch.delenv(on_token.variable)
    with running(installed, "publisher") as process:
        wait_until(lambda: _failures(installed, "PinRefused") >= 3)
        said = softhsm.in_a_process_of_its_own(_FLAGS, on_token.hsm, str(softhsm.MODULE), on_token.label)
        flags = pkcs11.TokenFlag(int(said.stdout))
        assert pkcs11.TokenFlag.USER_PIN_COUNT_LOW in flags
        assert not flags & (pkcs11.TokenFlag.USER_PIN_FINAL_TRY | pkcs11.TokenFlag.USER_PIN_LOCKED)
        replace(installed.installation.path("pin"), on_token.pin.encode(), "PIN file")
        wait_until(installed.public_file.exists)
        before = installed.public_file.read_bytes()

        on_token.hsm.take_away()
        (serial,) = installed.population.issue_revoked(1)
        wait_until(lambda: _failures(installed, "TokenAbsent") >= 1)
        assert installed.public_file.read_bytes() == before
        on_token.hsm.bring_back()
        wait_until(lambda: serial in _serials(installed))
        assert process.poll() is None
