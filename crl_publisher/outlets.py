"""Where CRLs become public: the port, and the folder that the distribution service or a web server reads.

A file is replaced as a whole or not at all, and only by one with a higher number: the number that is really public is
checked, and the file renamed, under one lock, because a publisher that was paused can wake long after its lease.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from pki_revocation.failpoints import reach

from .errors import NumberNotAbove, OutletError
from .processes import boot, lives, place

NumberOf = Callable[[bytes], int | None]
_LOCK_SECONDS = 10.0
_LOCK_PAUSE_SECONDS = 0.02
_SUFFIX = ".tmp"
# Nobody takes this long between writing a file and renaming it.
_OLD_SECONDS = 3600.0


class Outlet(Protocol):
    """A place that relying parties fetch from; paths are those of the addresses, such as crl/issuing.crl."""

    def fetch(self, path: str) -> bytes | None:
        """What is public there now, or None.

        Raises:
            OutletError: when that cannot be found out.
        """
        ...

    def open(self, path: str) -> AbstractContextManager[BinaryIO | None]:
        """The same as a stream that can be read anywhere, for what is too large to be held twice.

        Raises:
            OutletError: when that cannot be found out.
        """
        ...

    def exists(self, path: str) -> bool:
        """Whether anything is public there: cheap enough to be asked twice a second."""
        ...

    def replace(self, path: str, crl: bytes, *, number: int, number_of: NumberOf) -> None:
        """Make a CRL public, unless the one that is public has this number or a higher one.

        Args:
            path: where.
            crl: the whole CRL.
            number: its number.
            number_of: reads the number of what is public now; None when that is not the issuer's CRL at all.

        Raises:
            NumberNotAbove: when the public one is as new or newer; it stays.
            OutletError: when it cannot be written; what was there stays.
        """
        ...

    def put(self, path: str, data: bytes) -> None:
        """Make anything else public, such as a CA certificate.

        Raises:
            OutletError: when it cannot be written; what was there stays.
        """
        ...


class DirectoryOutlet:
    """A folder: write beside, fsync, rename, fsync the folder."""

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

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return (self._root / path).is_file()

    def replace(self, path: str, crl: bytes, *, number: int, number_of: NumberOf) -> None:
        """Replace the file, unless it holds this number or a higher one."""
        target = self._root / path
        with _named(target):
            temporary = _write_beside(target, crl)
            try:
                reach("crl.written")
                with _locked(target):
                    public = self.fetch(path)
                    found = None if public is None else number_of(public)
                    if found is not None and found >= number:
                        raise NumberNotAbove(
                            f"{target} holds CRL number {found} already, and {number} is not above it."
                        )
                    _rename(temporary, target)
                    reach("crl.renamed")
                    _clear_leftovers(target)
            finally:
                temporary.unlink(missing_ok=True)

    def put(self, path: str, data: bytes) -> None:
        """Write the file, unless it is there with these contents already."""
        target = self._root / path
        if self.fetch(path) == data:
            return
        with _named(target):
            temporary = _write_beside(target, data)
            try:
                with _locked(target):
                    _rename(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)


def _write_beside(target: Path, data: bytes) -> Path:
    """A hidden file in the same folder, safely on disk; its name says whose it is."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{_here()}.{os.getpid()}.{secrets.token_hex(4)}{_SUFFIX}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            # The web server that reads it may have an account of its own.
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _rename(temporary: Path, target: Path) -> None:
    temporary.rename(target)
    descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear_leftovers(target: Path) -> None:
    """Take away what processes of this place that no longer live left half done, and what is old.

    On a shared folder another machine's or container's process ids say nothing here. Age is measured against the file
    that was written just now, so that it is the file system's own time on both sides.
    """
    here, now = _here(), target.stat().st_mtime
    for leftover in target.parent.glob(f".{target.name}.*{_SUFFIX}"):
        where, _, rest = leftover.name.removeprefix(f".{target.name}.").partition(".")
        owner = rest.partition(".")[0]
        is_dead = where == here and owner.isdigit() and not lives(int(owner))
        with contextlib.suppress(FileNotFoundError):
            if is_dead or leftover.stat().st_mtime < now - _OLD_SECONDS:
                leftover.unlink()


def _here() -> str:
    """Where this process runs, as a part of a file's name."""
    return hashlib.sha256(f"{place()}/{boot()}".encode()).hexdigest()[:16]


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """The lock of one published file; a process that ends lets it go, however it ends."""
    descriptor = os.open(target.with_name(f".{target.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        give_up_at = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_at:
                    raise OutletError(f"Another process has held the lock of {target} for too long.") from None
                time.sleep(_LOCK_PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _named(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutletError(f"{target} cannot be published: {error.strerror or error}.") from error
