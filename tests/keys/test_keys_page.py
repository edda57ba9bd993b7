"""docs/keys.md is run: its `sh` blocks in their order, those on a token where SoftHSM is."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.documented import run_blocks
from tests.keys.pkcs11 import softhsm

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
_TOKENS = "\n## Tokens\n"


def test_ceremony_works_as_written(tmp_path: Path) -> None:
    """Make, request, look, change the passphrase, look again: the key is the same, and encrypted."""
    said = run_blocks(PAGE.read_text().partition(_TOKENS)[0], tmp_path)

    fingerprints = set(re.findall(r"[0-9a-f]{64}", said))
    assert len(fingerprints) == 1
    assert "encrypted, scrypt" in said
    assert "-rw-------" in said
    text = subprocess.run(
        ["openssl", "req", "-in", tmp_path / "issuing.csr", "-noout", "-verify", "-text"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "self-signature verify OK" in text.stdout + text.stderr
    assert "rsassaPss" in text.stdout


@pytest.mark.skipif(not softhsm.HERE, reason=softhsm.WHY_NOT)
def test_rehearsal_works_as_written(tmp_path: Path) -> None:
    """The same on a token, and OpenSSL finds the request signed."""
    page = PAGE.read_text().partition(_TOKENS)[2]
    said = run_blocks(page.replace("/usr/lib/softhsm/libsofthsm2.so", str(softhsm.MODULE)), tmp_path)

    assert "on a token, never leaves it" in said
    assert "self-signature verify OK" in said
