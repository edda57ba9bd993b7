"""`openssl ocsp` as the relying party of a responder that runs as a process: good before, and revoked after."""

import base64
import re
import shutil
import subprocess
import urllib.parse
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper
from pki_revocation.database import Database
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService
from tests.ocsp_responder import registers
from tests.ocsp_responder.installations import DIRECT, Installed, install, running
from tests.pki import EPOCH, CertificateAuthority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt install openssl")

# With a nonce, as openssl asks by itself, and without; with SHA-1, as it asks by itself, and with SHA-256.
WAYS = {
    "nonce": [],
    "no nonce": ["-no_nonce"],
    "SHA-256": ["-sha256"],
    "SHA-256, no nonce": ["-sha256", "-no_nonce"],
    "SHA-512": ["-sha512"],
}


class RelyingParty:
    """Somebody with openssl, the root, the issuing CA and the responder's address."""

    def __init__(self, installed: Installed, folder: Path, root: x509.Certificate, issuer: x509.Certificate) -> None:
        """Trusts the root alone."""
        self.folder, self.url = folder, installed.url
        self._installed = installed
        self.keep("root", root)
        self.keep("issuer", issuer)

    def keep(self, name: str, certificate: x509.Certificate) -> str:
        """Write a certificate to a file; its name."""
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        return f"{name}.pem"

    def openssl(self, *arguments: str) -> str:
        """What `openssl ocsp` says, on both streams."""
        done = subprocess.run(
            ["openssl", "ocsp", *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def ask(self, *arguments: str) -> str:
        """Over POST, with every check that openssl has."""
        trust = ["-CAfile", "root.pem", "-verify_other", "issuer.pem"]
        return self.openssl("-url", self.url, "-issuer", "issuer.pem", *trust, *arguments)

    def get(self, certificate: str, quoted: str) -> str:
        """Over GET: openssl writes the request, urllib carries it, openssl judges the answer (RFC 6960 A.1)."""
        self.openssl("-issuer", "issuer.pem", "-sha256", "-cert", certificate, "-no_nonce", "-reqout", "request.der")
        encoded = base64.b64encode((self.folder / "request.der").read_bytes()).decode()
        address = f"{self.url}/{urllib.parse.quote(encoded, safe=quoted)}"
        with DIRECT.open(address, timeout=10) as response:
            (self.folder / "answer.der").write_bytes(response.read())
        return self.openssl(
            "-respin", "answer.der", "-issuer", "issuer.pem", "-sha256", "-cert", certificate,
            "-CAfile", "root.pem", "-verify_other", "issuer.pem",
        )  # fmt: skip

    def revoke(self, certificate: x509.Certificate, reason: RevocationReason) -> str:
        """Revoke it; the moment as openssl writes it."""
        clock = SystemClock()
        verifier = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)
        with self._installed.installation.database() as database:
            service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
            moment = registers.revoke(service, self._installed.issuer, certificate.serial_number, reason)
        return f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S %Y} GMT"


def issuing_under(root: CertificateAuthority) -> CertificateAuthority:
    """An issuing CA whose certificate the root signed."""
    issuing = CertificateAuthority("Uitgevende CA")
    own = issuing.certificate
    builder = x509.CertificateBuilder(
        issuer_name=root.certificate.subject,
        subject_name=own.subject,
        public_key=issuing.key.public_key(),
        serial_number=77,
        not_valid_before=EPOCH,
        not_valid_after=EPOCH + timedelta(days=3000),
    )
    for extension in own.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root.ski), critical=False
    )
    issuing.certificate = builder.sign(root.key, hashes.SHA256())
    return issuing


ROOT = CertificateAuthority("Stam CA")
ISSUING = issuing_under(ROOT)


@pytest.fixture(scope="module")
def certificates() -> list[x509.Certificate]:
    """Enough for each test to take its own."""
    return [ISSUING.issue(f"Zorg {place}", SystemClock().now()) for place in range(10)]


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory, certificates: list[x509.Certificate]) -> Iterator[RelyingParty]:
    """A relying party, and two workers that answer it."""
    folder = tmp_path_factory.mktemp("openssl")
    (folder / "install").mkdir()
    with Database(f"sqlite:///{folder}/install/revocation.db") as database:
        database.upgrade()
        installed = install(folder / "install", database, ISSUING)
        registers.add(database, installed.issuer, SystemClock(), *certificates)
    with running(installed, workers=2):
        yield RelyingParty(installed, folder, ROOT.certificate, ISSUING.certificate)


@pytest.mark.parametrize(("place", "way"), list(enumerate(WAYS.values())), ids=WAYS.keys())
def test_good_then_revoked(
    party: RelyingParty, certificates: list[x509.Certificate], place: int, way: list[str]
) -> None:
    """RFC 6960 section 2.2 by POST: verified, good, and after the revocation revoked with its time and reason."""
    name = party.keep(f"post-{place}", certificates[place])

    before = party.ask(*way, "-cert", name)
    moment = party.revoke(certificates[place], RevocationReason.KEY_COMPROMISE)
    after = party.ask(*way, "-cert", name)

    for said in (before, after):
        assert "Response verify OK" in said
        assert "WARNING" not in said
        assert "Next Update" in said
    assert f"{name}: good" in before
    assert f"{name}: revoked" in after
    assert "Reason: keyCompromise" in after
    assert f"Revocation Time: {moment}" in after


@pytest.mark.parametrize("quoted", ["", "/+="], ids=["percent-encoded", "raw"])
def test_get(party: RelyingParty, certificates: list[x509.Certificate], quoted: str) -> None:
    """The same by GET (RFC 6960 A.1), without a reason where none was given."""
    place = 5 + bool(quoted)
    name = party.keep(f"get-{place}", certificates[place])

    before = party.get(name, quoted)
    moment = party.revoke(certificates[place], RevocationReason.UNSPECIFIED)
    after = party.get(name, quoted)

    assert "Response verify OK" in before
    assert f"{name}: good" in before
    assert f"{name}: revoked" in after
    assert f"Revocation Time: {moment}" in after
    assert "Reason" not in after


def test_two_certificates_at_once(party: RelyingParty, certificates: list[x509.Certificate]) -> None:
    """One answer for each, one of them unknown to the register (RFC 6960 section 4.2.2.3)."""
    name = party.keep("both", certificates[7])

    said = party.ask("-sha256", "-cert", name, "-serial", "0x1234")

    assert "Response verify OK" in said
    assert re.search(r"both\.pem: good.*0x1234: unknown", said, re.DOTALL)


def test_foreign_issuer_is_unauthorized(party: RelyingParty) -> None:
    """RFC 9919 section 3.2.3: the refusal that openssl names."""
    other = CertificateAuthority("Vreemde CA")
    issuer = party.keep("foreign", other.certificate)
    name = party.keep("theirs", other.issue("Zorg BV", SystemClock().now()))

    said = party.openssl("-url", party.url, "-issuer", issuer, "-cert", name, "-CAfile", "root.pem")

    assert "Responder Error: unauthorized (6)" in said


def test_signed_request_is_answered(party: RelyingParty, certificates: list[x509.Certificate]) -> None:
    """RFC 9919 section 3.1.2: the signature is passed over, and the answer is the same."""
    name = party.keep("signed", certificates[8])
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
         "/CN=asker", "-keyout", "asker-key.pem", "-out", "asker.pem"],
        cwd=party.folder, check=True, capture_output=True,
    )  # fmt: skip

    said = party.ask("-cert", name, "-signer", "asker.pem", "-signkey", "asker-key.pem")

    assert "Response verify OK" in said
    assert f"{name}: good" in said
