"""Runs the `sh` blocks of a page of the documentation, as a reader would paste them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.integration.running_demo import environment
from tests.program_server import shim_folder


def blocks_of(page: str, language: str) -> list[str]:
    """What stands between the fences of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def run_blocks(page: str, folder: Path) -> str:
    """All blocks in their order, in one shell that ends at the first failure; give what was printed on both outputs."""
    blocks = blocks_of(page, "sh")
    assert blocks
    path = os.pathsep.join([str(shim_folder()), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-eu"],
        input="\n".join(blocks),
        cwd=folder,
        env=environment({"PATH": path}),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
