"""What is imported before services are forked: nothing that one of them must not have, and nothing that is begun."""

import json
import subprocess
import sys

_LOADED = """
import json, os, sys, threading
from pki_revocation.runtime.preloading import preload
before = set(os.listdir("/proc/self/fd"))
preload()
print(json.dumps({
    "modules": sorted(sys.modules),
    "threads": threading.active_count(),
    "descriptors": sorted(set(os.listdir("/proc/self/fd")) - before),
}))
"""
# What the subscriber's service must not have, and what a service on SQLite has no use for.
_FORBIDDEN = {
    "keys",
    "crl_publisher",
    "ocsp_responder",
    "alembic",
    "psycopg",
    "psutil",
    "typst",
    "pypdf",
    "apscheduler",
}


def test_what_is_shared_is_harmless() -> None:
    """No key code in a process that faces the internet, no thread whose locks a fork would copy, and no open file."""
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(done.stdout)

    assert not {name.partition(".")[0] for name in found["modules"]} & _FORBIDDEN
    assert {"flask", "sqlalchemy", "cryptography", "uvloop"} <= set(found["modules"])
    assert found["threads"] == 1
    assert found["descriptors"] == []
