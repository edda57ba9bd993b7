"""OpenSSL on every kind of CRL: it verifies each, and uses each for exactly the certificates that it is for."""

import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.interop.crl_kinds import FATES, PARTS, CrlKinds

pytestmark = [
    pytest.mark.skipif(which("openssl") is None, reason="needs openssl: apt-get install openssl"),
    pytest.mark.parametrize("kinds", ["rsa2048", "p256", "ed25519"], indirect=True),
]
ACCEPTED, REVOKED, WRONG_SCOPE, NONE = (
    "OK",
    "certificate revoked",
    "different CRL scope",
    "unable to get certificate CRL",
)


def run(*words: str | Path) -> str:
    """What openssl says, on both streams."""
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def verify(kinds: CrlKinds, certificate: Path, *crls: Path, deltas: bool = False) -> str:
    """What `openssl verify` makes of a certificate with these CRLs and no others."""
    options: list[str | Path] = ["-crl_check", "-extended_crl", *(["-use_deltas"] if deltas else [])]
    files: list[str | Path] = ["-CAfile", kinds.folder / "ca.pem", "-CRLfile", kinds.pem(*crls)]
    said = run("verify", *options, *files, certificate)
    found = [each for each in (REVOKED, WRONG_SCOPE, NONE) if each in said]
    if not found:
        assert said == f"{certificate}: OK\n"
    return found[0] if found else ACCEPTED


def test_every_signature_is_right(kinds: CrlKinds) -> None:
    """`openssl crl -verify` on complete CRLs, deltas, and the last one."""
    crls = [kinds.crl(part, delta=delta) for part in PARTS for delta in (False, True)]
    for crl in (*crls, kinds.last):
        said = run("crl", "-inform", "DER", "-in", crl, "-CAfile", kinds.folder / "ca.pem", "-noout")
        assert said == "verify OK\n", crl.name


@pytest.mark.parametrize("part", PARTS)
def test_each_crl_is_used_for_its_own_certificates_alone(kinds: CrlKinds, part: str) -> None:
    """Good is accepted, revoked is refused, and what belongs on another CRL is not judged by this one."""
    expected = {
        "full": {"full", "shard-1", "shard-2", "ca"},
        "shard-1": {"shard-1"},
        "shard-2": {"shard-2"},
        "ca": {"ca"},
        "users": {"full", "shard-1", "shard-2"},
    }
    for group in ("full", "shard-1", "shard-2", "ca"):
        said = [verify(kinds, kinds.certificate(group, fate), kinds.crl(part)) for fate in ("good", "revoked")]
        assert said == ([ACCEPTED, REVOKED] if group in expected[part] else [WRONG_SCOPE] * 2), group


@pytest.mark.parametrize(("part", "group"), [("full", "full"), ("shard-1", "shard-1"), ("ca", "ca"), ("users", "full")])
def test_base_and_delta_are_the_newest_state(kinds: CrlKinds, part: str, group: str) -> None:
    """What was revoked since the base is refused with the delta, and accepted without it; the rest stays as it was."""
    crls = (kinds.crl(part), kinds.crl(part, delta=True))
    certificates = [kinds.certificate(group, fate) for fate in FATES]

    assert [verify(kinds, each, *crls, deltas=True) for each in certificates] == [ACCEPTED, REVOKED, REVOKED]
    assert [verify(kinds, each, *crls) for each in certificates] == [ACCEPTED, REVOKED, ACCEPTED]


def test_delta_alone_is_no_crl(kinds: CrlKinds) -> None:
    """Nor does the delta of another part go with a base."""
    late = kinds.certificate("shard-2", "late")

    assert verify(kinds, late, kinds.crl("shard-2", delta=True), deltas=True) == NONE
    assert verify(kinds, late, kinds.crl("shard-2"), kinds.crl("shard-1", delta=True), deltas=True) == ACCEPTED
    assert verify(kinds, late, kinds.crl("shard-2"), kinds.crl("full", delta=True), deltas=True) == ACCEPTED


def test_last_crl_holds_for_ever(kinds: CrlKinds) -> None:
    """Read, in force, and everything on it is refused."""
    text = run("crl", "-inform", "DER", "-in", kinds.last, "-noout", "-nextupdate", "-lastupdate")

    assert "nextUpdate=Dec 31 23:59:59 9999 GMT" in text
    for group in ("full", "shard-1", "ca"):
        for fate in FATES:
            assert verify(kinds, kinds.certificate(group, fate), kinds.last) == REVOKED


def test_text_shows_what_each_kind_says(kinds: CrlKinds) -> None:
    """Distribution point and base are critical, and the shard's address is the certificate's own."""
    delta = run("crl", "-inform", "DER", "-in", kinds.crl("shard-1", delta=True), "-noout", "-text")
    certificate = x509.load_pem_x509_certificate(kinds.certificate("shard-1", "good").read_bytes())
    (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    address = (point.full_name or [])[0]

    assert "X509v3 Issuing Distribution Point: critical" in delta
    assert f"URI:{address.value}" in delta
    assert "X509v3 Delta CRL Indicator: critical" in delta
    assert "X509v3 Freshest CRL" not in delta
    assert "X509v3 Freshest CRL" in run("crl", "-inform", "DER", "-in", kinds.crl("full"), "-noout", "-text")
    assert "Only CA Certificates" in run("crl", "-inform", "DER", "-in", kinds.crl("ca"), "-noout", "-text")
    assert "Only User Certificates" in run("crl", "-inform", "DER", "-in", kinds.crl("users"), "-noout", "-text")


def test_falsified_crl_is_refused(kinds: CrlKinds, tmp_path: Path) -> None:
    """The judge is awake: with one bit of a serial changed, its word is another."""
    octets = bytearray(kinds.crl("full").read_bytes())
    octets[octets.index(kinds.serials["full", "revoked"].to_bytes(20).lstrip(b"\0")) + 3] ^= 1
    falsified = tmp_path / "falsified.crl"
    falsified.write_bytes(octets)

    said = run("crl", "-inform", "DER", "-in", falsified, "-CAfile", kinds.folder / "ca.pem", "-noout")

    assert "verify failure" in said
    pem = tmp_path / "falsified.pem"
    pem.write_bytes(x509.load_der_x509_crl(bytes(octets)).public_bytes(Encoding.PEM))
    good = kinds.certificate("full", "good")
    assert "CRL signature failure" in run(
        "verify", "-crl_check", "-CAfile", kinds.folder / "ca.pem", "-CRLfile", pem, good
    )
