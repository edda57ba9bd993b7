"""A CA whose certificate is renewed while its responder runs, one with an odd name, and bound keys."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from keys.config import KeySettings
from keys.delegation.certificate import issue_delegate
from keys.files.file_key import save_key
from keys.identity import Purpose, identify
from keys.keyring import Keyring
from ocsp_responder.answering.issuers import HASHES, Issuers, issuer_hashes
from ocsp_responder.bootstrap import responder
from ocsp_responder.client.query import Question, verify
from ocsp_responder.signing.answer_signers import CurrentSigners, answer_signers
from ocsp_responder.signing.response import AnswerSigner
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.model import Issuer
from pki_revocation.proof.signatures import is_signed_with
from pki_revocation.register.issuer_changes import IssuerChanges
from tests.bound_authorities import RSA_ENCRYPTION, UNBOUND, BoundAuthority, delegate_extensions, pss
from tests.fakes import FakeClock
from tests.keys.delegation.scene import LIFETIME, Scene
from tests.odd_authorities import ODD_EXTENSIONS, ODD_NAMES, UTF8, OddAuthority, odd_name
from tests.pki import DAY

openssl_is_here = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt install openssl")
KEY, OTHER = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)


def renewed(database: Database, clock: FakeClock, certificate: x509.Certificate) -> Issuer:
    """The issuer with another certificate, as the command registers it."""
    with database.write() as connection:
        return IssuerChanges(clock).renew(connection, "issuing", certificate, takes_other_identifier=False)


class OwnSigner:
    """A CA that signs its answers itself, and a responder that was started with its first certificate."""

    def __init__(self, folder: Path, database: Database, clock: FakeClock) -> None:
        """Its first certificate ends in eight days."""
        self.ca = OddAuthority(odd_name(UTF8, b"Verlengde CA"))
        self.first = self.ca.certified(clock.now() - 3000 * DAY, clock.now() + 8 * DAY)
        with database.write() as connection:
            IssuerChanges(clock).add(connection, self.first, name="issuing", makes_default=True)
        save_key(self.ca.key, folder / "ca.key")
        keyring = Keyring(
            settings={"issuing": KeySettings(ocsp_key="ca.key", unencrypted=True)}, directory=folder, clock=clock
        )
        self.signers = CurrentSigners(keyring, answer_signers(keyring, database), database)

    def taken(self) -> list[AnswerSigner]:
        """What a look takes up."""
        return [signer for _, signer in self.signers.renewed()]


def test_own_answers_go_on_under_the_new_certificate(tmp_path: Path, database: Database, clock: FakeClock) -> None:
    """From its beginning on, without a restart, and with the same name, key hash and archive cutoff in every answer."""
    own = OwnSigner(tmp_path, database, clock)
    (old,) = own.signers
    assert own.taken() == []
    second = own.ca.certified(clock.now() + 2 * DAY, clock.now() + 900 * DAY)
    issuer = renewed(database, clock, second)
    assert own.taken() == []
    clock.advance(3 * DAY)
    (new,) = own.taken()

    assert (old.not_after, new.not_after) == (own.first.not_valid_after_utc, second.not_valid_after_utc)
    assert (new.name, new.issuer_id, new.issuer_not_before) == (old.name, old.issuer_id, own.first.not_valid_before_utc)
    assert own.taken() == []
    assert {issuer_hashes(issuer, oid) for oid in HASHES} == {
        issuer_hashes(Issuer(id=1, name="x", certificate_der=own.first.public_bytes(Encoding.DER)), oid)
        for oid in HASHES
    }
    Issuers([issuer])
    clock.advance(100 * DAY)
    new.validity(clock.now(), timedelta(hours=1))


def test_database_that_is_away_takes_no_signer_away(tmp_path: Path, database: Database, clock: FakeClock) -> None:
    """What is known of the issuers stays known, and is read again when it is back."""
    own = OwnSigner(tmp_path, database, clock)
    second = own.ca.certified(clock.now() - DAY, clock.now() + 900 * DAY)
    broken = CurrentSigners(own.signers._keyring, {}, Database("sqlite:////nowhere/revocation.db"))  # noqa: SLF001
    assert list(broken.renewed()) == []
    renewed(database, clock, second)

    assert [signer.not_after for signer in own.taken()] == [second.not_valid_after_utc]


def test_delegates_go_on_under_the_new_certificate(tmp_path: Path, database: Database, clock: FakeClock) -> None:
    """A responder that knows of the first certificate alone asks on, and gets one that lasts longer than that."""
    scene = Scene(tmp_path, database, clock)
    scene.turn()
    before = scene.signing().certificate
    ca = scene.authority
    second = ca.certified(clock.now(), ca.certificate.not_valid_after_utc + 900 * DAY)
    issuer = renewed(database, clock, second)
    clock.advance(ca.certificate.not_valid_after_utc - clock.now() + DAY)
    scene.renewal.poll()
    scene.issuing.answer(issuer)
    scene.renewal.poll()
    after = scene.signing().certificate

    assert scene.refusals() == []
    assert before.serial_number != after.serial_number
    assert after.not_valid_after_utc > ca.certificate.not_valid_after_utc + LIFETIME / 2


class Served:
    """An issuer in an installation, its certificate in files, and its responder in this process."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        ca: OddAuthority | BoundAuthority,
        leaf: x509.Certificate,
        delegate: tuple[CertificateIssuerPrivateKeyTypes, x509.Certificate],
    ) -> None:
        """Register both, and configure the delegate."""
        self.folder = folder
        clock = SystemClock()
        with database.write() as connection:
            self.issuer = IssuerChanges(clock).add(connection, ca.certificate, name="issuing", makes_default=True)
        save_key(delegate[0], folder / "ocsp.key")
        for name, certificate in (("ca", ca.certificate), ("leaf", leaf), ("ocsp", delegate[1])):
            (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / "config.toml").write_text(
            f'[database]\nurl = "{database.url.render_as_string(hide_password=False)}"\n[keys.issuing]\n'
            'ocsp_key = "ocsp.key"\nocsp_certificate = "ocsp.pem"\nunencrypted = true\n'
        )
        self.asks = responder(Installation.open(folder), database).test_client()

    def answer(self, question: bytes) -> bytes:
        """The OCSPResponse to a request."""
        answered: bytes = self.asks.post("/ocsp", data=question, content_type="application/ocsp-request").data
        return answered

    def said(self) -> str:
        """What `openssl ocsp` makes of an answer about the leaf."""
        asked = ["openssl", "ocsp", "-issuer", "ca.pem", "-cert", "leaf.pem", "-no_nonce"]
        subprocess.run([*asked, "-reqout", "ask.der"], cwd=self.folder, check=True, timeout=60, capture_output=True)
        (self.folder / "answer.der").write_bytes(self.answer((self.folder / "ask.der").read_bytes()))
        done = subprocess.run(
            [*asked, "-CAfile", "ca.pem", "-respin", "answer.der"],
            cwd=self.folder,
            check=False,
            timeout=60,
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr


@openssl_is_here
@pytest.mark.parametrize(
    "ca",
    [
        *(OddAuthority(name) for name in ODD_NAMES.values()),
        *(OddAuthority(odd_name(UTF8, b"CA"), each) for each in list(ODD_EXTENSIONS.values())[:3]),
    ],
    ids=[*ODD_NAMES, *list(ODD_EXTENSIONS)[:3]],
)
def test_odd_ca_is_answered_for(tmp_path: Path, database: Database, ca: OddAuthority) -> None:
    """CertIDs are hashes of octets, and its delegate's issuer is the CA's name octet for octet.

    OpenSSL verifies it where it takes such a CA at all.
    """
    now = SystemClock().now()
    authority = identify(ca.key, ca.certificate, Purpose.CRL, issuer=ca.certificate, now=now)
    key = ec.generate_private_key(ec.SECP256R1())
    delegate = issue_delegate(authority, key.public_key(), now=now, lifetime=14 * DAY)
    leaf = ca.issue(now)
    served = Served(tmp_path, database, ca, leaf, (key, delegate))
    question = Question(issuer=served.issuer, serial=leaf.serial_number, nonce=b"n" * 32)
    found = verify(served.answer(question.der), question, now)

    assert (found.status, parts_of(delegate).issuer) == ("unknown", ca.subject)
    verified = ["openssl", "verify", "-CAfile", "ca.pem", "leaf.pem"]
    loads = subprocess.run(verified, cwd=tmp_path, check=False, capture_output=True, timeout=60)
    if loads.returncode == 0:
        said = served.said()
        assert "Response verify OK" in said
        assert "leaf.pem: unknown" in said


@openssl_is_here
@pytest.mark.parametrize(
    "binding",
    [UNBOUND, pss("sha256", 32), pss("sha384", 48), pss("sha512", 64)],
    ids=["unbound", "SHA-256", "SHA-384", "SHA-512"],
)
def test_bound_ca_and_bound_delegate(tmp_path: Path, database: Database, binding: bytes) -> None:
    """Both sign with what their certificates say: PKCS#1 v1.5 would be the wrong public key type to OpenSSL."""
    now = SystemClock().now()
    ca = BoundAuthority(binding, KEY)
    authority = identify(KEY, ca.certificate, Purpose.CRL, issuer=ca.certificate, now=now)
    delegate = issue_delegate(authority, OTHER.public_key(), now=now, lifetime=14 * DAY)
    served = Served(tmp_path, database, ca, ca.issue(now - DAY, RSA_ENCRYPTION, OTHER), (OTHER, delegate))
    assert "Response verify OK" in served.said()


@openssl_is_here
@pytest.mark.parametrize("binding", [UNBOUND, pss("sha384", 48)], ids=["unbound", "SHA-384"])
def test_bound_delegate_of_another_ca(tmp_path: Path, database: Database, binding: bytes) -> None:
    """An `ocsp_key` that its certificate binds signs in that way, whatever the CA's own key does."""
    now = SystemClock().now()
    ca = BoundAuthority(RSA_ENCRYPTION, KEY)
    bound = ca.issue(now - DAY, binding, OTHER, *delegate_extensions())
    served = Served(tmp_path, database, ca, ca.issue(now - DAY, RSA_ENCRYPTION, OTHER), (OTHER, bound))

    assert "Response verify OK" in served.said()
    # A receipt's proof is checked as a stranger's would be.
    response = ocsp.load_der_ocsp_response((tmp_path / "answer.der").read_bytes())
    assert is_signed_with(response, bound)
    assert not is_signed_with(response, ca.certificate)
