"""pkilint on every kind of CRL, by the program that others run on ours: neither errors nor warnings."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.algorithms import algorithm_for
from keys.demo.hierarchy import make_root
from pki_revocation.clock import SystemClock
from tests.interop.crl_kinds import PARTS, CrlKinds

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("kinds", "profile"),
    [
        ("rsa2048", "BR"),
        pytest.param("rsa2048", "PKIX", marks=pytest.mark.long),
        pytest.param("p256", "BR", marks=pytest.mark.long),
        pytest.param("p256", "PKIX", marks=pytest.mark.long),
        pytest.param("ed25519", "PKIX", marks=pytest.mark.long),
    ],
    indirect=["kinds"],
)
def test_nothing_is_found(kinds: CrlKinds, profile: str) -> None:
    """C29: with all that [crl] can add, in the Baseline Requirements' profile too, whose keys these are."""
    for part in PARTS:
        for delta in (False, True):
            assert lint(kinds.crl(part, delta=delta), profile, is_ca=part == "ca") == "", part


@pytest.mark.parametrize(
    "kinds",
    ["rsa2048", *(pytest.param(key_type, marks=pytest.mark.long) for key_type in ("p256", "ed25519"))],
    indirect=True,
)
def test_last_crl_is_one_of_rfc_5280(kinds: CrlKinds) -> None:
    """And none of the Baseline Requirements, where ten days are the most."""
    assert lint(kinds.last, "PKIX") == ""
    assert "cabf.crl_invalid_validity_period (ERROR)" in lint(kinds.last, "BR")


def test_pkilint_would_find_a_hold(tmp_path: Path) -> None:
    """The judge is awake: a CRL with certificateHold is an error to it (BR 7.2.2)."""
    root = make_root("p256", SystemClock().now())
    now = SystemClock().now()
    hold = x509.RevokedCertificateBuilder().serial_number(1).revocation_date(now)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(now)
        .next_update(now + HOUR)
        .add_revoked_certificate(
            hold.add_extension(x509.CRLReason(x509.ReasonFlags.certificate_hold), critical=False).build()
        )
        .sign(root.key, algorithm_for(root.key.public_key()).hash_algorithm)
    )
    (tmp_path / "hold.crl").write_bytes(crl.public_bytes(Encoding.DER))

    assert "ERROR" in lint(tmp_path / "hold.crl", "BR")


def lint(crl: Path, profile: str, *, is_ca: bool = False) -> str:
    """What pkilint says, from warnings up; *is_ca* for a CRL of CA certificates."""
    linter = Path(sys.executable).with_name("lint_crl")
    options = ["--type", "ARL" if is_ca else "CRL", "--profile", profile, "--severity", "WARNING"]
    report = subprocess.run([linter, "lint", *options, crl], capture_output=True, text=True, check=False, timeout=60)
    return (report.stdout + report.stderr).strip()
