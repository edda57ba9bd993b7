"""NSS: `crlutil` takes CRLs into a database of its own, and `certutil` and `vfychain` judge certificates by them.

It knows neither distribution points nor deltas, and takes no CRL with a critical extension that it does not know (RFC
5280 section 5.2): relying parties on NSS use the complete CRL, which lists everything. Nor does it know Ed25519.
"""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest

from tests.interop.crl_kinds import FATES, PARTS, CrlKinds

pytestmark = [
    pytest.mark.skipif(which("crlutil") is None, reason="crlutil is missing: apt install libnss3-tools"),
    pytest.mark.parametrize("kinds", ["rsa2048", "p256"], indirect=True),
]
GROUPS = ("full", "shard-1")


class Nss:
    """A fresh database that trusts the CA."""

    def __init__(self, folder: Path, kinds: CrlKinds) -> None:
        """Make it, and put all certificates in."""
        self._database = f"sql:{folder}"
        self.run("certutil", "-N", "--empty-password")
        self.run("certutil", "-A", "-n", "the-ca", "-t", "CT,C,C", "-i", kinds.folder / "ca.pem")
        for group in GROUPS:
            for fate in FATES:
                self.run("certutil", "-A", "-n", f"{group}-{fate}", "-t", ",,", "-i", kinds.certificate(group, fate))

    def run(self, program: str, *words: str | Path) -> str:
        """What a program of NSS says of this database, on both streams."""
        command = [program, *words[:1], "-d", self._database, *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout + done.stderr

    def take(self, crl: Path) -> str:
        """Take a CRL in; its complaint, or nothing."""
        return self.run("crlutil", "-I", "-i", crl).strip()

    def judge(self, group: str, fate: str) -> str:
        """What it makes of a server's certificate."""
        said = self.run("certutil", "-V", "-n", f"{group}-{fate}", "-u", "V", "-e")
        return said.strip().removeprefix("certutil: ")


VALID, REVOKED = "certificate is valid", "certificate is invalid: Peer's Certificate has been revoked."


@pytest.fixture
def nss(kinds: CrlKinds, tmp_path: Path) -> Nss:
    """Of the test's own."""
    folder = tmp_path / "nss"
    folder.mkdir()
    return Nss(folder, kinds)


def test_complete_crl_is_taken_and_used(nss: Nss, kinds: CrlKinds) -> None:
    """Also for what names a shard: good is accepted, and revoked is refused."""
    assert {nss.judge(group, fate) for group in GROUPS for fate in FATES} == {VALID}

    assert nss.take(kinds.crl("full")) == ""

    for group in GROUPS:
        assert [nss.judge(group, fate) for fate in ("good", "revoked")] == [VALID, REVOKED], group
    assert "Peer's Certificate has been revoked" in nss.run("vfychain", "-a", kinds.certificate("full", "revoked"))
    assert "Chain is good" in nss.run("vfychain", "-a", kinds.certificate("full", "good"))


def test_last_crl_is_taken_and_used(nss: Nss, kinds: CrlKinds) -> None:
    """It reads the year 9999; everything on it is refused."""
    assert nss.take(kinds.last) == ""

    assert "Next Update: Fri Dec 31 23:59:59 9999" in nss.run("crlutil", "-L", "-n", "the-ca")
    assert {nss.judge(group, fate) for group in GROUPS for fate in FATES} == {REVOKED}


def test_listing_shows_reasons_and_dates(nss: Nss, kinds: CrlKinds) -> None:
    """As they were given: keyCompromise with its date, cessation for the CA's, and no reason where there is none."""
    nss.take(kinds.crl("full"))

    said = nss.run("crlutil", "-L", "-n", "the-ca")

    entries = re.split(r"\n    Entry \d+ ", said.split("CRL Extensions:")[0])[1:]
    by_serial = {serial: entry for entry in entries for serial in [_serial(entry)]}
    assert set(by_serial) == {serial for (_, fate), serial in kinds.serials.items() if fate == "revoked"}
    compromised, plain = by_serial[kinds.serials["full", "revoked"]], by_serial[kinds.serials["shard-1", "revoked"]]
    assert "Data: 1 (0x1)" in compromised
    assert "Name: Invalid Date" in compromised
    assert "Data: 5 (0x5)" in by_serial[kinds.serials["ca", "revoked"]]
    assert "Name:" not in plain


def _serial(entry: str) -> int:
    lines = [line.strip() for line in entry.splitlines()]
    begin = lines.index("Serial Number:") + 1
    end = next(place for place, line in enumerate(lines) if line.startswith("Revocation Date:"))
    return int("".join(lines[begin:end]).replace(":", ""), 16)


@pytest.mark.parametrize("part", PARTS)
def test_what_it_does_not_understand_is_not_taken(nss: Nss, kinds: CrlKinds, part: str) -> None:
    """Because it is critical: as a complete CRL a part of one would let the others' revoked certificates pass."""
    crls = [kinds.crl(part, delta=True), *([] if part == "full" else [kinds.crl(part)])]

    for crl in crls:
        assert "SEC_ERROR_CRL_UNKNOWN_CRITICAL_EXTENSION" in nss.take(crl), crl.name
    assert "the-ca" not in nss.run("crlutil", "-L")


def test_falsified_crl_is_not_taken(nss: Nss, kinds: CrlKinds, tmp_path: Path) -> None:
    """The judge is awake: the signature is verified on the way in."""
    octets = bytearray(kinds.crl("full").read_bytes())
    octets[octets.index(kinds.serials["full", "revoked"].to_bytes(20).lstrip(b"\0")) + 3] ^= 1
    falsified = tmp_path / "falsified.crl"
    falsified.write_bytes(octets)

    assert "SEC_ERROR" in nss.take(falsified)
