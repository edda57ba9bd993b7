"""The yardstick: nginx with one worker that gives a static file of 300 octets."""

import contextlib
import getpass
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from .processes import SERVER_CORE, free_port, needed, pinned, wait_for_port

_OCTETS = 300
_GET, _POST = "/file", "/return"


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """The process, and its address without a path. nginx refuses POST to files: it gets as many octets by `return`.

    Raises:
        NotHere: when nginx is not installed.
    """
    needed(("nginx", "nginx-light"))
    port, body = free_port(), "x" * _OCTETS
    root = folder / "www"
    root.mkdir(parents=True)
    (root / "file").write_text(body)
    paths = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Started by root it would give up the rights to this very folder.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""
        {user} worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 4096; }}
        http {{
            access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on; open_file_cache max=10;
            default_type application/ocsp-response; {paths}
            server {{
                listen 127.0.0.1:{port};
                location {_GET} {{ root {root}; }}
                location {_POST} {{ return 200 '{body}'; }}
            }}
        }}
        """
    )
    log = folder / "nginx.log"
    with pinned(["nginx", "-c", configuration, "-p", folder], SERVER_CORE, log=log) as process:
        wait_for_port(port, process, log)
        yield process, f"127.0.0.1:{port}"


def requests(host: str, method: str, count: int, octets: int = 100) -> list[bytes]:
    """As many requests as the responder gets, so that the load costs its maker the same."""
    if method == "GET":
        return [f"GET {_GET} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()] * count
    head = f"POST {_POST} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {octets}\r\n\r\n"
    return [head.encode() + b"x" * octets] * count
