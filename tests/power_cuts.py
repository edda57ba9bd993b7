"""What a power cut may leave of a folder: every state that the calls made so far allow, and no other.

A disk keeps what was brought to it: a file's content as of its last fsync, a folder's names as of the folder's. Of all
that came later it may keep any part, in the order of the calls within one folder or not: names that were given without
the content behind them, the second of two renames without the first. Only a single rename is never done by half. That
is less than today's file systems promise, and no more than POSIX does.

The code under test runs as it is. Its calls are passed on to the operating system and watched from beside, and the
folder is read before and after each.
"""

import itertools
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_CHANGING = ("rename", "replace", "link", "unlink", "remove", "mkdir", "rmdir")
_FOLDER = -1
# By folder, then by name: the inode, or `_FOLDER`.
Names = dict[str, dict[str, int]]
# What a name in a folder stands for from then on; None when it is gone.
Change = tuple[tuple[str, str, int | None], ...]


@dataclass(frozen=True)
class Left:
    """What lies there after a power cut: each file's content and permission by its path."""

    files: tuple[tuple[str, bytes, int], ...]
    folders: tuple[str, ...]

    def content(self, name: str) -> bytes | None:
        """Of a file by its path; None when it is not there."""
        return next((content for path, content, _ in self.files if path == name), None)

    def put(self, root: Path) -> Path:
        """Make a folder of it, which must not be there yet."""
        root.mkdir(mode=0o700)
        for name in self.folders:
            (root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content, mode in self.files:
            (root / name).write_bytes(content)
            (root / name).chmod(mode)
        return root


@dataclass
class _Disk:
    root: Path
    names: Names = field(default_factory=dict)
    kept: Names = field(default_factory=dict)
    pending: list[tuple[Change, set[str]]] = field(default_factory=list)
    contents: dict[int, bytes] = field(default_factory=dict)
    kept_contents: dict[int, bytes] = field(default_factory=dict)
    modes: dict[int, int] = field(default_factory=dict)
    states: dict[Left, None] = field(default_factory=dict)

    def observe(self) -> None:
        """Note what has changed since the last time as one change, and every state that is possible now."""
        found: Names = {}
        for folder, folders, files in os.walk(self.root):
            where = str(Path(folder).relative_to(self.root))
            found[where] = dict.fromkeys(folders, _FOLDER)
            for name in files:
                file = Path(folder, name)
                status = file.stat()
                found[where][name] = status.st_ino
                self.contents[status.st_ino] = file.read_bytes()
                self.modes[status.st_ino] = stat.S_IMODE(status.st_mode)
        change = tuple(
            (where, name, found.get(where, {}).get(name))
            for where in sorted({*found, *self.names})
            for name in sorted({*found.get(where, {}), *self.names.get(where, {})})
            if found.get(where, {}).get(name) != self.names.get(where, {}).get(name)
        )
        if change:
            self.pending.append((change, {where for where, _, _ in change}))
        self.names = found
        self.states.update(dict.fromkeys(self._possible()))

    def bring(self, descriptor: int) -> None:
        """An fsync of a file or folder here is done."""
        status, path = os.fstat(descriptor), Path(f"/proc/self/fd/{descriptor}").readlink()
        if not path.is_relative_to(self.root):
            return
        if stat.S_ISREG(status.st_mode):
            self.kept_contents[status.st_ino] = self.contents.get(status.st_ino, b"")
        else:
            where = str(path.relative_to(self.root))
            for change, folders in self.pending:
                folders.discard(where)
                if not folders:
                    _apply(change, self.kept)
            self.pending = [each for each in self.pending if each[1]]
        self.states.update(dict.fromkeys(self._possible()))

    def start(self) -> None:
        """All that lies there now is on disk."""
        self.observe()
        self.kept, self.pending = {where: dict(names) for where, names in self.names.items()}, []
        self.kept_contents = dict(self.contents)
        self.states = {}
        self.observe()

    def _possible(self) -> Iterator[Left]:
        for chosen in itertools.product((False, True), repeat=len(self.pending)):
            names = {where: dict(each) for where, each in self.kept.items()}
            for (change, _), is_kept in zip(self.pending, chosen, strict=True):
                if is_kept:
                    _apply(change, names)
            for contents in (self.contents, self.kept_contents):
                yield self._left(names, contents)

    def _left(self, names: Names, contents: dict[int, bytes]) -> Left:
        """What can be reached from the root: a folder that was lost is lost with all that is in it."""
        folders, files = ["."], []
        for where in folders:
            for name, inode in sorted(names.get(where, {}).items()):
                path = str(Path(where, name))
                if inode == _FOLDER:
                    folders.append(path)
                else:
                    files.append((path, contents.get(inode, b""), self.modes[inode]))
        return Left(tuple(sorted(files)), tuple(folders))


def _apply(change: Change, names: Names) -> None:
    for where, name, inode in change:
        if inode is None:
            names.get(where, {}).pop(name, None)
        else:
            names.setdefault(where, {})[name] = inode


@dataclass(frozen=True)
class PowerCuts:
    """What is left after a power cut at some moment: *during* the calls, or once they had *ended*."""

    during: tuple[Left, ...]
    ended: tuple[Left, ...]


def power_cuts(root: Path, act: Callable[[], object]) -> PowerCuts:
    """Run *act*, and give each state that a power cut may leave of *root*; all that lies there before is on disk."""
    disk = _Disk(root.resolve())
    disk.start()
    with pytest.MonkeyPatch.context() as patched:
        for name in _CHANGING:
            patched.setattr(os, name, _watched(disk, getattr(os, name)))
        patched.setattr(os, "fsync", _bringing(disk, os.fsync))
        act()
        during = tuple(disk.states)
        disk.states = {}
        disk.observe()
    return PowerCuts(during, tuple(disk.states))


def _watched(disk: _Disk, call: Callable[..., Any]) -> Callable[..., Any]:
    def watched(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the call itself
        disk.observe()
        try:
            return call(*given, **named)
        finally:
            disk.observe()

    return watched


def _bringing(disk: _Disk, fsync: Callable[[int], None]) -> Callable[[int], None]:
    def bringing(descriptor: int) -> None:
        disk.observe()
        fsync(descriptor)
        disk.bring(descriptor)

    return bringing
