"""The files in this folder are what the command makes, and what openssl makes where the README says so."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.vectors.make import FOLDER, VECTORS, files, write


def test_made_anew_they_are_the_same(tmp_path: Path) -> None:
    """Octet for octet, none missing and none left over."""
    write(tmp_path)

    kept = {path.name for pattern in ("*.der", "*.pem", "*.json") for path in FOLDER.glob(pattern)}
    assert kept == {path.name for path in tmp_path.iterdir()} == set(files())
    assert [name for name in kept if (FOLDER / name).read_bytes() != (tmp_path / name).read_bytes()] == []


def test_each_is_another_request() -> None:
    """A name that is given twice, or two names for one request, would hide a vector."""
    by_request: dict[bytes, str] = {}
    twins = {
        (name, by_request[vector.request])
        for name, vector in VECTORS.items()
        if by_request.setdefault(vector.request, name) != name
    }
    # `good` and the like stand in the table of their own clause too.
    assert twins == {("sha256-absent-good", "good"), ("sha256-absent-revoked", "revoked")}
    assert len(VECTORS) > 150


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt install openssl")
def test_openssl_makes_the_same(tmp_path: Path) -> None:
    """The README's commands, run where nothing but the CA's certificate is."""
    (commands,) = re.findall(r"^```sh\n(.*?)^```", (FOLDER / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    shutil.copy(FOLDER / "issuing.pem", tmp_path)

    subprocess.run(["sh", "-eu"], input=commands, cwd=tmp_path, text=True, check=True, capture_output=True)

    made = {path.stem: path.read_bytes() for path in tmp_path.glob("*.der")}
    assert len(made) == commands.count("-reqout")
    assert [name for name, octets in made.items() if octets != VECTORS[name].request] == []
