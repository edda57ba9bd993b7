"""GnuTLS's `certtool` on every kind of CRL: signatures, what it reads there, and which certificates it refuses.

Of extensions it judges none: it looks for the serial on whatever CRL it is given, a delta as well. So nothing is asked
of it about certificates that belong on another CRL.
"""

import subprocess
from pathlib import Path
from shutil import which

import pytest

from tests.interop.crl_kinds import PARTS, CrlKinds

pytestmark = [
    pytest.mark.skipif(which("certtool") is None, reason="certtool is missing: apt install gnutls-bin"),
    pytest.mark.parametrize("kinds", ["rsa2048", "p256", "ed25519"], indirect=True),
]


def certtool(*words: str | Path) -> str:
    """What it says, on both streams."""
    done = subprocess.run(["certtool", *words], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def verify(kinds: CrlKinds, group: str, fate: str, crl: Path) -> str:
    """What it says of a certificate with one CRL."""
    trust: list[str | Path] = ["--load-ca-certificate", kinds.folder / "ca.pem", "--load-crl", kinds.pem(crl)]
    return certtool("--verify", *trust, "--infile", kinds.certificate(group, fate))


def test_every_signature_is_right(kinds: CrlKinds) -> None:
    """`certtool --verify-crl` on complete CRLs, deltas, and the last one; a falsified one is not."""
    crls = [kinds.crl(part, delta=delta) for part in PARTS for delta in (False, True)]
    trust: list[str | Path] = ["--load-ca-certificate", kinds.folder / "ca.pem"]
    for crl in (*crls, kinds.last):
        assert "Verification output: Verified" in certtool("--verify-crl", *trust, "--infile", kinds.pem(crl)), crl.name


@pytest.mark.parametrize(
    ("part", "group"), [("full", "full"), ("full", "ca"), ("shard-1", "shard-1"), ("ca", "ca"), ("users", "shard-2")]
)
def test_good_is_accepted_and_revoked_is_refused(kinds: CrlKinds, part: str, group: str) -> None:
    """On each kind of complete CRL; and on a delta what came since."""
    good, revoked = (verify(kinds, group, fate, kinds.crl(part)) for fate in ("good", "revoked"))
    late = verify(kinds, group, "late", kinds.crl(part, delta=True))

    assert "Verified. The certificate is trusted." in good
    assert "The certificate chain is revoked." in revoked
    assert "The certificate chain is revoked." in late


def test_last_crl_holds_for_ever(kinds: CrlKinds) -> None:
    """It reads the year 9999, and refuses what is listed."""
    info = certtool("--crl-info", "--inder", "--infile", kinds.last)

    assert "Next at: Fri Dec 31 23:59:59 UTC 9999" in info
    assert "Revoked certificates (12):" in info
    assert "The certificate chain is revoked." in verify(kinds, "full", "good", kinds.last)


def test_info_shows_the_kind(kinds: CrlKinds) -> None:
    """Critical distribution point and base; the number; and no list where there is none."""
    info = certtool("--crl-info", "--inder", "--infile", kinds.crl("shard-1", delta=True))

    assert "Unknown extension 2.5.29.27 (critical):" in info
    assert "Unknown extension 2.5.29.28 (critical):" in info
    assert "Authority Key Identifier (not critical):" in info
    assert "CRL Number (not critical):" in info
    assert "Revoked certificates (1):" in info


def test_falsified_crl_is_refused(kinds: CrlKinds, tmp_path: Path) -> None:
    """The judge is awake: with one bit changed the signature is not verified."""
    octets = bytearray(kinds.crl("full").read_bytes())
    octets[octets.index(kinds.serials["full", "revoked"].to_bytes(20).lstrip(b"\0")) + 3] ^= 1
    falsified = tmp_path / "falsified.crl"
    falsified.write_bytes(octets)
    kinds_pem = kinds.pem(falsified)

    said = certtool("--verify-crl", "--load-ca-certificate", kinds.folder / "ca.pem", "--infile", kinds_pem)

    assert "Not verified" in said
