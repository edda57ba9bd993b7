"""`keys delegate`: registering, and a CA whose key is off-line, with OpenSSL in its place."""

import hashlib
import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from keys.delegate_key_store import Delegate, DelegateKeyStore
from keys.delegation.renewal import DelegateRenewal
from keys.delegation.requests import latest_delegates, waiting
from keys.doctor import check
from keys.files.file_key import save_key
from keys.keyring import Keyring
from pki_revocation.cli.check_result import CheckResult
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import audit
from pki_revocation.model import serial_text
from pki_revocation.register.issuers import add_issuer
from pki_revocation.runtime.new_installation import set_up
from tests.pki import CertificateAuthority

pytestmark = pytest.mark.usefixtures("light_key_files")

PASSPHRASE = "correct horse battery"
VARIABLE = "PKI_REVOCATION_PASSPHRASE_OCSP"
_RIGHT = "keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n"
_WRONG = {
    "another usage beside": (_RIGHT.replace("OCSPSigning", "OCSPSigning,serverAuth"), "OCSPSigning alone"),
    "no nocheck": (_RIGHT.replace("noCheck=ignored\n", ""), "lacks OCSPNoCheck"),
    "usage not critical": (_RIGHT.replace("critical,", ""), "critical key usage"),
    "may sign CRLs": (_RIGHT.replace("digitalSignature", "digitalSignature,cRLSign"), "beside digitalSignature"),
    "names CRLs": (f"{_RIGHT}crlDistributionPoints=URI:http://x.example/1.crl\n", "names CRLs"),
    "names addresses": (f"{_RIGHT}authorityInfoAccess=OCSP;URI:http://x.example/\n", "authorityInfoAccess"),
    "a CA's": (f"{_RIGHT}basicConstraints=CA:TRUE\n", "is a CA's"),
}


class Desk:
    """An installation without a CA's key, and the off-line CA."""

    def __init__(self, folder: Path, authority: CertificateAuthority) -> None:
        """The responder keeps its keys in `ocsp`."""
        self.folder = folder
        self.installation: Installation = set_up(
            folder / "register",
            '[database]\nurl = "sqlite:///revocation.db"\n\n[keys.issuing]\nocsp_delegates = "ocsp"\n',
        )
        save_key(authority.key, folder / "ca.key")
        (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        with self.installation.database() as database, database.write() as connection:
            self.issuer = add_issuer(
                connection, name="issuing", certificate=authority.certificate, is_default=True, clock=SystemClock()
            )
        found = Keyring.open(self.installation, SystemClock()).delegates(self.issuer)
        assert found is not None
        self.delegates: DelegateKeyStore = found

    def run(self, *words: str | Path) -> Result:
        """`keys delegate …` on it."""
        command = ["keys", "delegate", *map(str, words), "--directory", str(self.installation.directory)]
        return CliRunner().invoke(program, command)

    def doctor(self) -> list[CheckResult]:
        """What the keys' part of `doctor` says."""
        with self.installation.database() as database:
            return list(check(self.installation, database))

    def sign(self, request: Path, extensions: str) -> Path:
        """What an operator does off-line."""
        (self.folder / "profile").write_text(extensions)
        out = self.folder / "delegate.pem"
        subprocess.run(
            [
                *("openssl", "x509", "-req", "-in", request, "-CA", self.folder / "ca.pem"),
                *("-CAkey", self.folder / "ca.key", "-set_serial", "0x7001", "-days", "14", "-sha256"),
                *("-extfile", self.folder / "profile", "-out", out),
            ],
            check=True,
            capture_output=True,
        )
        return out


@pytest.fixture
def desk(tmp_path: Path, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The same."""
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    return Desk(tmp_path, authority)


def test_request_and_install(desk: Desk) -> None:
    """The key is made here, encrypted, and stays here; the certificate makes it the responder's."""
    csr = desk.folder / "ocsp.csr"
    asked = desk.run("request", "-o", csr)
    installed = desk.run("install", desk.sign(csr, _RIGHT))

    for done in (asked, installed):
        assert done.exit_code == 0, done.output
        assert PASSPHRASE not in done.output
    (key,) = desk.delegates.path.glob("*.key")
    assert b"ENCRYPTED" in key.read_bytes()
    current = desk.delegates.current(SystemClock().now())
    assert current is not None
    assert current.certificate.serial_number == 0x7001
    assert current.location.load().public_key() == current.certificate.public_key()


@pytest.mark.parametrize(("extensions", "why"), _WRONG.values(), ids=list(_WRONG))
def test_certificate_of_another_profile_is_not_installed(desk: Desk, extensions: str, why: str) -> None:
    """One sentence says what is wrong with it, and the request goes on waiting."""
    csr = desk.folder / "ocsp.csr"
    desk.run("request", "-o", csr)
    done = desk.run("install", desk.sign(csr, extensions))

    assert done.exit_code == 1
    assert why in done.output
    assert "Traceback" not in done.output
    assert desk.delegates.delegates() == []
    assert desk.delegates.pending() is not None


def test_certificate_of_another_key_or_ca_is_not_installed(desk: Desk, authority: CertificateAuthority) -> None:
    """Whatever it may be used for."""
    csr = desk.folder / "ocsp.csr"
    desk.run("request", "-o", csr)
    _, foreign = authority.delegate(SystemClock().now(), timedelta(days=14))
    (desk.folder / "foreign.pem").write_bytes(foreign.public_bytes(Encoding.PEM))
    other_key = desk.run("install", desk.folder / "foreign.pem")
    other = CertificateAuthority("Another CA")
    (desk.folder / "ca.key").unlink()
    save_key(other.key, desk.folder / "ca.key")
    (desk.folder / "ca.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    other_ca = desk.run("install", desk.sign(csr, _RIGHT))

    assert "does not belong" in other_key.output
    assert "was not issued by" in other_ca.output
    assert desk.delegates.delegates() == []


def test_nothing_is_overwritten_and_nothing_installed_twice(desk: Desk) -> None:
    """A request's file that is there stays; a second one names the same key; an installed one waits no more."""
    csr, again = desk.folder / "ocsp.csr", desk.folder / "again.csr"
    desk.run("request", "-o", csr)
    refused = desk.run("request", "-o", csr)
    desk.run("request", "-o", again)
    certificate = desk.sign(csr, _RIGHT)
    desk.run("install", certificate)
    twice = desk.run("install", certificate)

    assert "exists already" in refused.output
    assert again.read_bytes() == csr.read_bytes()
    assert twice.exit_code == 1
    assert "keys delegate request" in twice.output


def test_registering(desk: Desk) -> None:
    """Of this installation, or of another machine by its public half; the list says who may ask, until it ends."""
    public = desk.folder / "enrolment.pem"
    made = desk.run("enrolment", "-o", public)
    first = desk.run("register", "--name", "here")
    again = desk.run("register", "--name", "elsewhere", "--key", public)
    listed = json.loads(desk.run("list", "--json").output)
    ended = desk.run("unregister", "--name", "here")
    nobody = desk.run("unregister", "--name", "nobody")

    for done in (made, first, ended):
        assert done.exit_code == 0, done.output
    assert "under the name 'here'" in again.output
    assert [(each["responder"], each["until"]) for each in listed] == [("here", None)]
    assert json.loads(desk.run("list", "--json").output) == []
    assert "No responder 'nobody'" in nobody.output


def test_names_of_responders(desk: Desk) -> None:
    """As the database keeps them; one key has one name, and what was ended is not ended again."""
    for name in ("", "x" * 65, "a\nb"):
        refused = desk.run("register", "--name", name)
        assert refused.exit_code == 1
        assert "1 to 64 characters" in refused.output
    assert "No responder is registered" in desk.run("list").output
    desk.run("register", "--name", "one")
    assert "under the name 'one'" in desk.run("register", "--name", "two").output
    desk.run("unregister", "--name", "one")
    again = desk.run("unregister", "--name", "one")

    assert again.exit_code == 1
    assert "No responder 'one'" in again.output


def test_what_is_no_enrolment_key(desk: Desk) -> None:
    """One sentence of ours, and not the library's."""
    done = desk.run("register", "--key", desk.folder / "ca.pem")

    assert done.exit_code == 1
    assert done.output.strip().endswith("holds no public key in PEM: 'keys delegate enrolment' writes one.")


def _digest(delegate: Delegate) -> str:
    public = delegate.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()


def _audited(desk: Desk, event: str) -> list[dict[str, object]]:
    with desk.installation.database() as database, database.read() as connection:
        rows = connection.scalars(select(audit.c.detail).where(audit.c.event == event).order_by(audit.c.sequence))
        return [json.loads(each) for each in rows]


def test_what_operators_do_is_audited_and_recorded(desk: Desk) -> None:
    """Which key was made, and which certificate came; a registered responder's is in the list, and asked for once.

    The request that its service wrote for the same key waits no more.
    """
    desk.run("register", "--name", "here")
    with desk.installation.database() as database:
        renewal = DelegateRenewal(issuer=desk.issuer, folder=desk.delegates, database=database, clock=SystemClock())
        renewal.poll()
        with database.read() as connection:
            assert len(waiting(connection, desk.issuer)) == 1
        csr = desk.folder / "ocsp.csr"
        desk.run("request", "-o", csr)
        installed = desk.run("install", desk.sign(csr, _RIGHT))
        with database.read() as connection:
            assert waiting(connection, desk.issuer) == []
            (latest,) = latest_delegates(connection, desk.issuer)
    current = desk.delegates.current(SystemClock().now())

    assert installed.exit_code == 0, installed.output
    assert current is not None
    assert latest.not_after == current.certificate.not_valid_after_utc
    assert json.loads(desk.run("list", "--json").output)[0]["until"] == iso(latest.not_after)
    digest = _digest(current)
    assert [each["delegated_spki_sha256"] for each in _audited(desk, "delegate.requested")] == [digest]
    (said,) = _audited(desk, "delegate.installed")
    assert (said["delegated_spki_sha256"], said["serial"]) == (digest, "7001")
    assert said["until"] == iso(current.certificate.not_valid_after_utc)


def test_issued_here_is_audited_and_recorded(desk: Desk) -> None:
    """With the CA's key here: the intent names the key before anything is signed. None is issued that nobody uses."""
    config = desk.installation.config
    config.write_text(config.read_text() + 'crl_key = "../ca.key"\nunencrypted = true\n')
    desk.run("register", "--name", "here")
    done = desk.run("issue", "--days", "10")
    shorter = desk.run("issue", "--days", "9")
    (intent,) = _audited(desk, "delegate.intended")
    (result,) = _audited(desk, "delegate.done")
    (current,) = desk.delegates.delegates()

    assert done.exit_code == 0, done.output
    assert intent["delegated_spki_sha256"] == _digest(current)
    assert result["serial"] == serial_text(current.certificate.serial_number)
    assert json.loads(desk.run("list", "--json").output)[0]["until"] == result["until"]
    assert shorter.exit_code == 1
    assert "No responder would sign with it" in shorter.output
    assert desk.delegates.pending() is None


def test_nothing_is_left_where_the_ca_key_cannot_be_opened(desk: Desk) -> None:
    """No key without a certificate, and no intent."""
    config = desk.installation.config
    config.write_text(config.read_text() + 'crl_key = "missing.key"\n')
    done = desk.run("issue")

    assert done.exit_code == 1
    assert "missing.key cannot be read" in done.output
    assert not desk.delegates.path.exists()
    assert _audited(desk, "delegate.intended") == []


def test_doctor_says_what_ends(desk: Desk) -> None:
    """No certificate is wrong; a fresh one is well; one past three quarters of its life is wrong before it ends."""

    def found() -> list[tuple[bool, str]]:
        with desk.installation.database() as database:
            return [(each.well, each.says) for each in check(desk.installation, database) if "OCSP" in each.check]

    assert [well for well, _ in found()] == [False]
    csr = desk.folder / "ocsp.csr"
    desk.run("request", "-o", csr)
    desk.run("install", desk.sign(csr, _RIGHT))
    assert [well for well, _ in found()] == [True]
    (pem,) = desk.delegates.path.glob("*.pem")
    pem.write_bytes(
        CertificateAuthority("x")
        .delegate(SystemClock().now() - timedelta(days=12), timedelta(days=14))[1]
        .public_bytes(Encoding.PEM)
    )
    ((well, says),) = found()
    assert not well
    assert "no successor" in says


def test_second_node_does_not_take_the_first_ones_name(desk: Desk) -> None:
    """It would end the first one's certificates unseen; the same key again is no trouble, and --replace says it."""
    assert desk.run("register").exit_code == 0
    assert desk.run("register").exit_code == 0
    desk.delegates.enrolment.path.unlink()

    refused = desk.run("register")

    assert (refused.exit_code, "--name" in refused.output) == (1, True), refused.output
    assert desk.run("register", "--name", "second").exit_code == 0
    desk.delegates.enrolment.path.unlink()
    assert desk.run("register", "--replace").exit_code == 0


def test_doctor_tells_of_a_responder_that_nothing_is_issued_to(desk: Desk) -> None:
    """Another node has the name: its certificate is no good sign for the responder of this folder, which has none."""
    csr = desk.folder / "ocsp.csr"
    desk.run("register")
    desk.run("request", "-o", csr)
    desk.run("install", desk.sign(csr, _RIGHT))
    assert all(each.well for each in desk.doctor())
    for file in desk.delegates.path.iterdir():
        file.unlink()
    desk.run("enrolment", "-o", desk.folder / "public.pem")

    assert [each.check for each in desk.doctor() if not each.well] == ["OCSP certificate of issuing, here"]
