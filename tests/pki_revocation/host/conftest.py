"""An empty folder to write in."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty one."""
    made = tmp_path / "folder"
    made.mkdir(mode=0o700)
    return made
