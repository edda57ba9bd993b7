"""The machine that figures were measured on."""

import os
import platform

from pki_revocation.host.machine import this_machine


def test_names_this_machine() -> None:
    """Its own Python, the cores that this process may use, and a processor with a name."""
    machine = this_machine()

    assert machine.python == platform.python_version()
    assert machine.cores == len(os.sched_getaffinity(0))
    assert machine.memory_gib > 0
    assert machine.processor.strip()
    assert machine.processor in str(machine)
    assert machine.as_dict()["system"] == machine.system
