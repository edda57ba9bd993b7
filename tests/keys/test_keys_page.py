"""docs/keys.md is run: its `sh` blocks in their order, those on a token where SoftHSM is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.running_demo import environment
from tests.keys import softhsm

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
_TOKENS = "\n## Tokens\n"


def _run(page: str, folder: Path) -> str:
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert blocks
    done = subprocess.run(
        ["sh", "-eu"],
        input="\n".join(blocks),
        cwd=folder,
        env=environment({"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_ceremony_works_as_written(tmp_path: Path) -> None:
    """Make, request, look, change the passphrase, look again: the key is the same, and encrypted."""
    said = _run(PAGE.read_text().partition(_TOKENS)[0], tmp_path)

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
    said = _run(page.replace("/usr/lib/softhsm/libsofthsm2.so", str(softhsm.MODULE)), tmp_path)

    assert "on a token, never leaves it" in said
    assert "self-signature verify OK" in said
