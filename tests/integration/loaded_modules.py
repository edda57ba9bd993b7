"""What the processes of a running demo have loaded, as `module_probe` notes it in each of them."""

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

import psutil

from tests.integration.running_demo import RunningDemo
from tests.waiting import wait_until

# What only one service loads, from the most particular: processes are told by what they have, whatever they are called.
MARKS = {
    "demo": "keys.demo.command",
    "publisher": "crl_publisher.serve",
    "distribution": "crl_publisher.distribution.app",
    "ocsp": "ocsp_responder.serve",
    "web": "pki_revocation.web.serve",
    "console": "pki_revocation.console.serve",
    "arrivals": "pki_revocation.arrivals.serve",
    "notifier": "pki_revocation.notification.serve",
    "web worker": "pki_revocation.web.app",
    "console worker": "pki_revocation.console.app",
    "ocsp worker": "ocsp_responder.http.app",
}


def probed(folder: Path) -> dict[str, str]:
    """The variables with which a demo's processes note their modules in a folder."""
    shutil.copy(Path(__file__).parent / "module_probe.py", folder / "sitecustomize.py")
    return {"PYTHONPATH": str(folder), "MODULE_PROBE_FOLDER": str(folder)}


def loaded_modules(demo: RunningDemo) -> dict[str, list[set[str]]]:
    """For each service the modules of each of its processes; `other` are the supervisor's and the like."""
    folder = Path(demo.variables["MODULE_PROBE_FOLDER"])
    for note in folder.glob("*.modules"):
        note.unlink()
    asked = {each.pid for each in demo.processes() if "resource_tracker" not in " ".join(each.cmdline())}
    for process in asked:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGUSR1)

    def all_noted() -> bool:
        noted = {int(note.stem) for note in folder.glob("*.modules")}
        return {process for process in asked if psutil.pid_exists(process)} <= noted

    wait_until(all_noted, what="the notes of all processes")
    found: dict[str, list[set[str]]] = {}
    for note in folder.glob("*.modules"):
        modules = set(json.loads(note.read_text())["modules"])
        service = next((service for service, mark in MARKS.items() if mark in modules), "other")
        found.setdefault(service.partition(" ")[0], []).append(modules)
    return found
