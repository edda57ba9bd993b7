"""The published files as they are served: opened once, and known by their contents' SHA-256."""

import hashlib
import logging
import os
import re
import stat
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

from .errors import UnreadableCrl
from .reading import read_crl

# The folder of an installation that everybody may read.
PUBLISHED = "published"
_log = logging.getLogger(__name__)
# What issuers are named like: nothing hidden, no half-written file, and no way to another folder.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """An open file, and what is said of it; whoever asked for it closes it."""

    stream: BufferedReader
    size: int
    modified: datetime
    sha256: str
    next_update: datetime | None


@dataclass(frozen=True, slots=True)
class _Version:
    """What was found out about one version of a file, so that it is read once and not for each answer."""

    identity: tuple[int, int, int]
    sha256: str
    next_update: datetime | None


class PublishedFiles:
    """The folder that the publisher's outlet writes."""

    def __init__(self, root: Path) -> None:
        """*root* holds crl/ and aia/; it need not be there yet."""
        self._root = root
        self._versions: dict[Path, _Version] = {}
        self._reading: dict[Path, threading.Lock] = {}

    def open(self, folder: str, name: str, suffix: str) -> PublishedFile | None:
        """Open what is published under this name, or give None."""
        if not _NAME.fullmatch(name):
            return None
        path = self._root / folder / f"{name}.{suffix}"
        try:
            # No links: what was published is a plain file in this folder.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.error("%s cannot be served: %s", path, error.strerror)
            return None
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            return None
        stream = os.fdopen(descriptor, "rb")
        version = self._version(path, stream, found)
        if version is None:
            stream.close()
            return None
        return PublishedFile(
            stream=stream,
            size=found.st_size,
            modified=datetime.fromtimestamp(int(found.st_mtime), UTC),
            sha256=version.sha256,
            next_update=version.next_update,
        )

    def _version(self, path: Path, stream: BufferedReader, found: os.stat_result) -> _Version | None:
        identity = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = self._versions.get(path)
        if known is not None and known.identity == identity:
            return known
        # Whoever asks at the moment of a replacement waits for the first to read it, and reads nothing.
        with self._reading.setdefault(path, threading.Lock()):
            known = self._versions.get(path)
            if known is not None and known.identity == identity:
                return known
            return self._read(path, stream, identity)

    def _read(self, path: Path, stream: BufferedReader, identity: tuple[int, int, int]) -> _Version | None:
        data = stream.read()
        stream.seek(0)
        next_update = None
        if path.suffix == ".crl":
            try:
                next_update = read_crl(data).next_update
            except UnreadableCrl as error:
                _log.error("%s is not served: %s", path, error)
                return None
        version = _Version(identity, hashlib.sha256(data).hexdigest(), next_update)
        self._versions[path] = version
        return version
