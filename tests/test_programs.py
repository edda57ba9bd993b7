"""Tests that drive a system program: none is skipped for the want of one that `make test` could have installed."""

import re
from pathlib import Path

_TOP = Path(__file__).parents[1]
_WANTED = re.compile(r"\bwhich\(\"([a-z-]+)\"\)")


def test_what_tests_are_skipped_without_is_installed() -> None:
    """Each program that a test looks for is one of those that requirements/programs.sh looks for and installs."""
    script = (_TOP / "requirements" / "programs.sh").read_text()
    installed = {pair.partition(":")[0] for pair in re.findall(r"[a-z0-9-]+:[a-z0-9-]+", script)}
    looked_for = {
        (path.relative_to(_TOP).as_posix(), program)
        for path in (_TOP / "tests").rglob("*.py")
        for program in _WANTED.findall(path.read_text())
    }

    assert {"openssl", "ocsptool", "java", "javac"} <= {program for _, program in looked_for}
    # Debian has no PowerShell: what it would run is run by another shell where it is not here.
    elsewhere = {("tests/receipts.py", "pwsh")}
    assert {each for each in looked_for if each[1] not in installed} == elsewhere
