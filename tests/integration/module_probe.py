"""Put on a process's path as `sitecustomize`: notes the loaded modules in a file at SIGUSR1.

It starts no thread, because a process that has one must not fork; what is forked has the handler too.
"""

import json
import os
import signal
import sys
from pathlib import Path


def _note(*_: object) -> None:
    note = Path(os.environ["MODULE_PROBE_FOLDER"], f"{os.getpid()}.part")
    note.write_text(json.dumps({"arguments": sys.argv, "modules": sorted(sys.modules)}))
    note.rename(note.with_suffix(".modules"))


if "MODULE_PROBE_FOLDER" in os.environ:
    signal.signal(signal.SIGUSR1, _note)
