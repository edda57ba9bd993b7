"""The folder that the distribution service or a web server reads.

A file is replaced as a whole or not at all, and only by one with a higher number: the number that is really public is
checked, and the file renamed, under one lock, because a publisher that was paused can wake long after its lease.
"""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from crl_publisher.errors import NumberNotAbove, OutletError
from pki_revocation.host import durable_files
from pki_revocation.host.failpoints import reach
from pki_revocation.host.processes import place

from .port import NumberOf

_LOCK_SECONDS = 10.0
_LOCK_PAUSE_SECONDS = 0.02
_HOLDER_OCTETS = 300
_SECOND_NS = 1_000_000_000
# Which version of a file it is: what a replacement always changes.
Identity = tuple[int, int, int]


class DirectoryOutlet:
    """A folder of durable files."""

    def __init__(self, root: Path) -> None:
        """*root* is made when the first file is published."""
        self._root = root

    def fetch(self, path: str) -> bytes | None:
        """The file as it is now, or None."""
        with _named(self._root / path):
            try:
                return (self._root / path).read_bytes()
            except FileNotFoundError:
                return None

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO | None]:
        """The file as it is now, whatever replaces it meanwhile, or None."""
        target = self._root / path
        with contextlib.ExitStack() as closing:
            stream = None
            with _named(target), contextlib.suppress(FileNotFoundError):
                stream = closing.enter_context(target.open("rb"))
            yield stream

    def sha256(self, path: str) -> bytes | None:
        """Over the file, a block at a time."""
        target = self._root / path
        with _named(target), contextlib.suppress(FileNotFoundError), target.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
        return None

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return (self._root / path).is_file()

    def contents(self) -> dict[str, Identity]:
        """All that is public, by its path, each with the version that it is in.

        Raises:
            OutletError: when the folder cannot be read.
        """
        found = {}
        with _named(self._root):
            for folder, folders, names in os.walk(self._root, onerror=_raised):
                folders[:] = [name for name in folders if not name.startswith(".")]
                for name in names:
                    with contextlib.suppress(FileNotFoundError):
                        if name.startswith("."):
                            continue
                        file = Path(folder, name)
                        status = file.stat()
                        identity = (status.st_ino, status.st_mtime_ns, status.st_size)
                        found[file.relative_to(self._root).as_posix()] = identity
        return found

    def replace(self, path: str, crl: bytes, *, number: int, number_of: NumberOf) -> None:
        """Replace the file, unless it holds this number or a higher one."""
        target = self._root / path
        with _named(target), _drafted(target, crl) as draft:
            # Slow until here, and harmless: nothing is public yet, so that no lock was held while 50 MB were flushed.
            reach("crl.written")
            # Why the lease is not enough: it says who may begin, and a publisher that was stopped after that (by a
            # debugger, a suspended machine) wakes long after it ran out, its CRL signed and its gate passed. It
            # cannot know, but the file can: the number that is public is read and the file renamed under one lock
            # of the folder itself, so that between the two no other publisher renames. The late one finds a higher
            # number and gives up. The kernel lets the lock go when its holder dies.
            with _locked(target):
                public = self.fetch(path)
                found = None if public is None else number_of(public)
                if found is not None and found >= number:
                    raise NumberNotAbove(f"{target} holds CRL number {found} already, and {number} is not above it.")
                reach("crl.checked")
                _rename(draft, target)
                reach("crl.renamed")
                durable_files.clear_abandoned(target)

    def put(self, path: str, data: bytes) -> None:
        """Write the file, unless it is there with these contents already."""
        target = self._root / path
        if self.fetch(path) == data:
            return
        with _named(target), _drafted(target, data) as draft, _locked(target):
            _rename(draft, target)


@contextlib.contextmanager
def _drafted(target: Path, data: bytes) -> Iterator[Path]:
    """A draft on disk beside its target, before the lock is asked for: no writer waits for a disk behind the lock."""
    durable_files.make_folder(target.parent, 0o755)
    # The web server that reads it may have an account of its own.
    with durable_files.drafted(durable_files.File(target, data, mode=0o644)) as draft:
        yield draft


def _rename(draft: Path, target: Path) -> None:
    _date_after(draft, target)
    durable_files.move(draft, target)


def _date_after(draft: Path, target: Path) -> None:
    """Date the draft at least a second after its target, for Last-Modified and nginx's ETag (RFC 9110 8.8.2)."""
    with contextlib.suppress(FileNotFoundError):
        before, after = target.stat().st_mtime_ns, draft.stat().st_mtime_ns
        if after // _SECOND_NS <= before // _SECOND_NS:
            dated = (before // _SECOND_NS + 1) * _SECOND_NS
            os.utime(draft, ns=(dated, dated))


def _raised(error: OSError) -> None:
    """A folder that is not there yet holds nothing; any other that cannot be read must not look empty.

    Raises:
        OSError: the one that it was given.
    """
    if not isinstance(error, FileNotFoundError):
        raise error


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """The lock of one published file; a process that ends lets it go, however it ends.

    No `FolderLock`: a folder holds the files of many issuers, a writer waits for its turn, and says for whom.
    """
    descriptor = os.open(target.with_name(f".{target.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        give_up_at = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_at:
                    raise OutletError(
                        f"{_holder(descriptor)} has held the lock of {target} for too long: end it if it is stopped."
                    ) from None
                time.sleep(_LOCK_PAUSE_SECONDS)
        # A writer that waits in vain names the holder; on a full disk the lock is held without a name in it.
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, f"{os.getpid()} on {place()}\n".encode().ljust(_HOLDER_OCTETS), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    written = os.pread(descriptor, _HOLDER_OCTETS, 0).decode(errors="replace").strip()
    return f"Process {written}" if written else "Another process"


@contextlib.contextmanager
def _named(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutletError(f"{target} cannot be published: {error.strerror or error}.") from error
