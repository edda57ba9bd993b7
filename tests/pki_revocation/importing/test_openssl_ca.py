"""Interoperability: a small CA made by `openssl ca`, with revocations of every kind, and its index imported."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import func, select

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates as certificates_table
from pki_revocation.importing.candidates import RefusalKind
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.listing import listed
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer

CONFIGURATION = """
[ca]
default_ca = here
[here]
dir = .
database = index.txt
new_certs_dir = newcerts
serial = serial
rand_serial = no
private_key = ca.key
certificate = ca.pem
default_md = sha256
default_days = 365
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = supplied
[req]
distinguished_name = empty
[empty]
"""
SUBJECTS = {
    "live": "/C=NL/O=Coöperatie Zorg & Zoon/CN=live.example",
    "plain": "/C=NL/O=Zorg, Zoon BV/CN=plain.example",
    "superseded": "/C=NL/O=A\\/B\\+C/CN=superseded.example",
    "compromised": "/C=NL/O=Zorg/OU=ICT/CN=compromised.example",
    "since": "/CN=since.example",
    "held": "/C=NL/O=Zorg/CN=held.example",
}
REVOCATIONS = {
    "plain": (),
    "superseded": ("-crl_reason", "superseded"),
    "compromised": ("-crl_reason", "keyCompromise"),
    "since": ("-crl_compromise", "20260102030405Z"),
    "held": ("-crl_reason", "certificateHold"),
}
# The elliptic curve as options of `openssl req`.
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "ca.cnf")


@pytest.fixture
def openssl_ca(tmp_path: Path) -> Path:
    """A CA's folder, as a user of `openssl ca` has it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path / "ca"
    (folder / "newcerts").mkdir(parents=True)
    for name, text in (("ca.cnf", CONFIGURATION), ("index.txt", ""), ("serial", "4B1F7C83A0E95D27\n")):
        (folder / name).write_text(text)
    _openssl(folder, "req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/C=NL/O=CA/CN=Openssl CA")
    for name, subject in SUBJECTS.items():
        _openssl(folder, "req", *KEY, "-utf8", "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
        _openssl(folder, "ca", "-config", "ca.cnf", "-batch", "-utf8", "-in", f"{name}.csr", "-out", f"{name}.crt")
    for name, options in REVOCATIONS.items():
        _openssl(folder, "ca", "-config", "ca.cnf", "-revoke", f"{name}.crt", *options)
    return folder


def test_index_of_a_real_ca(database: Database, openssl_ca: Path) -> None:
    """Reasons, dates, serials and subjects are those that openssl's own certificates have; the hold is refused."""
    clock = SystemClock()
    with database.write() as connection:
        authority = x509.load_pem_x509_certificate((openssl_ca / "ca.pem").read_bytes())
        issuer = add_issuer(connection, name="openssl", certificate=authority, is_default=True, clock=clock)

    report = Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([openssl_ca / "index.txt"])

    assert (report.added, report.numbered, report.revoked) == (5, 1, 4)
    assert report.refused == {RefusalKind.HOLD: 1}
    certificates = {
        name: x509.load_pem_x509_certificate((openssl_ca / f"{name}.crt").read_bytes()) for name in SUBJECTS
    }
    with database.read() as connection:
        lines = {line.serial: line for line in listed(connection, issuer, 10)}
        entries = {entry.serial: entry for entry in journal.entries_after(connection, issuer.id, 0)}
    for name, certificate in certificates.items():
        if name != "held":
            line = lines[certificate.serial_number]
            assert x509.Name.from_rfc4514_string(line.subject) == certificate.subject
            assert line.not_after == certificate.not_valid_after_utc
    reasons = {name: entries[certificates[name].serial_number].reason for name in REVOCATIONS if name != "held"}
    assert reasons == {
        "plain": RevocationReason.UNSPECIFIED,
        "superseded": RevocationReason.SUPERSEDED,
        "compromised": RevocationReason.KEY_COMPROMISE,
        "since": RevocationReason.KEY_COMPROMISE,
    }
    since = entries[certificates["since"].serial_number].invalidity_date
    assert since is not None
    assert since.isoformat() == "2026-01-02T03:04:05+00:00"


def test_whole_folder_of_a_real_ca(database: Database, openssl_ca: Path) -> None:
    """The index goes first, so that revoked certificates beside it stay revoked; keys and requests are passed over."""
    clock = SystemClock()
    with database.write() as connection:
        authority = x509.load_pem_x509_certificate((openssl_ca / "ca.pem").read_bytes())
        add_issuer(connection, name="openssl", certificate=authority, is_default=True, clock=clock)

    report = Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([openssl_ca])

    # The CA's own certificate comes in from ca.pem. The held one's row bars its own file.
    assert (report.added, report.revoked) == (6, 4)
    assert report.refused == {RefusalKind.HOLD: 1, RefusalKind.BARRED: 1}
    # Each stands as NAME.crt and in newcerts, and all but the held one in the index.
    assert report.agreed == 11
    assert report.text().startswith("ON HOLD: 1 certificate is on hold, and barred")
    with database.read() as connection:
        lacking = select(func.count()).select_from(certificates_table).where(certificates_table.c.der.is_(None))
        assert connection.scalar(lacking) == 0


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
