"""OpenSSL as a relying party of published CRLs, with every key type; `cryptography` where OpenSSL is too old."""

import subprocess
from datetime import timedelta
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crl_publisher.outlets import DirectoryOutlet
from keys.algorithms import algorithm_for
from keys.demo.hierarchy import make_root
from keys.files.file_key import KEY_TYPES
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import issuance_of

pytestmark = pytest.mark.skipif(which("openssl") is None, reason="needs openssl: apt-get install openssl")
# OpenSSL 3.0 knows no ML-DSA.
OPENSSL_KEY_TYPES = sorted(each for each in KEY_TYPES if not each.startswith("mldsa"))
HOUR = timedelta(hours=1)


class Publisher:
    """A CA of one key type with two certificates, of which one is revoked for keyCompromise, and its published CRL."""

    def __init__(self, folder: Path, database: Database, key_type: str) -> None:
        """Make the CA, issue, revoke and publish."""
        clock = SystemClock()
        self.authority = make_root(key_type, clock.now())
        with database.write() as connection:
            issuer = add_issuer(
                connection, name="ca", certificate=self.authority.certificate, is_default=True, clock=clock
            )
        population = Population(database, issuer, clock)
        self.folder = folder
        self.good, self.revoked = population.issue(2)
        population.revoke(self.revoked, reason=RevocationReason.KEY_COMPROMISE, invalidity_date=clock.now() - 24 * HOUR)
        for reason in (RevocationReason.SUPERSEDED, RevocationReason.CESSATION_OF_OPERATION):
            population.revoke(*population.issue(1), reason=reason)
        population.revoke(*population.issue(serials=[0x7F, (1 << 159) - 1]))
        keys = OneKey(self.authority.key, self.authority.certificate, clock)
        issuance_of(database, clock, keys, DirectoryOutlet(folder)).publish(issuer)
        self.crl = folder / "crl" / "ca.crl"
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.authority.certificate.public_bytes(Encoding.PEM))

    def certificate(self, serial: int) -> Path:
        """The certificate with this serial, issued by the CA."""
        now = SystemClock().now()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zorg.example")])
        key: CertificateIssuerPrivateKeyTypes = self.authority.key
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.authority.certificate.subject)
            .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
            .serial_number(serial)
            .not_valid_before(now - HOUR)
            .not_valid_after(now + 24 * HOUR)
            .sign(key, algorithm_for(key.public_key()).hash_algorithm)
        )
        path = self.folder / f"{serial:x}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        return path


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone: relying parties see the same bytes whatever keeps them."""
    return sqlite_database


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program and give its answer, whatever its exit status."""
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("key_type", OPENSSL_KEY_TYPES)
def test_openssl_verifies_and_reads_the_crl(key_type: str, tmp_path: Path, database: Database) -> None:
    """`openssl crl` finds the signature right, and shows number, key identifier, reasons and invalidity date."""
    publisher = Publisher(tmp_path, database, key_type)

    verified = run("openssl", "crl", "-inform", "DER", "-in", publisher.crl, "-CAfile", publisher.ca, "-noout")
    text = run("openssl", "crl", "-inform", "DER", "-in", publisher.crl, "-text", "-noout").stdout

    assert "verify OK" in verified.stderr
    assert "Version 2" in text
    for expected in (
        "X509v3 CRL Number",
        "X509v3 Authority Key Identifier",
        "Key Compromise",
        "Superseded",
        "Cessation Of Operation",
        "Invalidity Date",
        f"Serial Number: {publisher.revoked:X}",
        "Serial Number: 7F",
        f"Serial Number: {(1 << 159) - 1:X}",
    ):
        assert expected in text
    assert "Unspecified" not in text


@pytest.mark.parametrize("key_type", OPENSSL_KEY_TYPES)
def test_openssl_tells_good_from_revoked(key_type: str, tmp_path: Path, database: Database) -> None:
    """`openssl verify -crl_check` accepts the one certificate and refuses the other."""
    publisher = Publisher(tmp_path, database, key_type)
    pem = tmp_path / "crl.pem"
    pem.write_bytes(x509.load_der_x509_crl(publisher.crl.read_bytes()).public_bytes(Encoding.PEM))

    def check(serial: int) -> subprocess.CompletedProcess[str]:
        certificate = publisher.certificate(serial)
        return run("openssl", "verify", "-crl_check", "-CAfile", publisher.ca, "-CRLfile", pem, certificate)

    assert check(publisher.good).stdout.endswith(": OK\n")
    refused = check(publisher.revoked)
    assert refused.returncode != 0
    assert "certificate revoked" in refused.stderr


def test_ml_dsa_crl_is_verified_by_cryptography(tmp_path: Path, database: Database) -> None:
    """RFC 9881: pure ML-DSA-65, and an AlgorithmIdentifier without parameters."""
    publisher = Publisher(tmp_path, database, "mldsa65")

    crl = x509.load_der_x509_crl(publisher.crl.read_bytes())

    assert crl.is_signature_valid(publisher.authority.key.public_key())
    assert crl.get_revoked_certificate_by_serial_number(publisher.revoked) is not None
    assert crl.get_revoked_certificate_by_serial_number(publisher.good) is None
