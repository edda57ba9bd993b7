"""Gives one module with one change to every Python that starts with this folder in PYTHONPATH.

The checkout is never edited: what is read from the file is changed on its way to the compiler. The variable names a
JSON file with `path`, `start`, `end` and `text`. Nothing of the project is imported here, because this runs before
anything else in processes that tests start.
"""

import importlib.machinery
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

VARIABLE = "MUTANT"


class _Loader(importlib.machinery.SourceFileLoader):
    """Reads the changed source, and no cached octets of the unchanged one."""

    def __init__(self, name: str, path: str, change: dict[str, int | str]) -> None:
        super().__init__(name, path)
        self._change = change

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - as importlib has it
        """Compile what the file would hold."""
        source = Path(self.path).read_bytes()
        start, end = int(self._change["start"]), int(self._change["end"])
        text = str(self._change["text"]).encode()
        return self.source_to_code(source[:start] + text + source[end:], self.path)


class _Finder:
    """Stands before all other finders, and minds one file."""

    def __init__(self, change: dict[str, int | str]) -> None:
        self._change = change

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's own spec, with another loader, where it is the changed one."""
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin != self._change["path"]:
            return None
        spec.loader = _Loader(name, spec.origin, self._change)
        return spec


if VARIABLE in os.environ:
    sys.meta_path.insert(0, _Finder(json.loads(Path(os.environ[VARIABLE]).read_text())))
