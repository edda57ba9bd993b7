"""nginx with a configuration of a test's own, as long as a block lasts."""

import contextlib
import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crl_publisher.installations import status_of
from tests.waiting import wait_until

# Debian puts it where only root's path leads.
_NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@contextlib.contextmanager
def real_nginx(folder: Path, http: str, url: str) -> Iterator[None]:
    """Run it with *http* inside its http block, until *url* answers and then as long as the block."""
    if _NGINX is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    # Started by root it would give up the rights to this very folder.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    folders = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{ }} "
        f"http {{ access_log off; {folders} {http} }}"
    )
    command = [_NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: status_of(url) != 0)
        yield
    finally:
        process.terminate()
        process.wait()
