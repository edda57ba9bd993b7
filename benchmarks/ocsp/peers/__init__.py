"""Other responders, where they install: each gets certificates of its own making and the same load."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.ocsp.contenders import Contender
from benchmarks.ocsp.installation import Prepared

Peer = Callable[[Prepared, Path], AbstractContextManager[Contender]]

PEERS: dict[str, Peer] = {}
