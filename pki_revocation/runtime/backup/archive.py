"""A backup's file: a tar with the database, the configuration and the manifest, and the digest of each.

The digests come first, and are believed only with every octet: a file that was cut off, or changed by its medium, is
refused before anything is put anywhere. It is its owner's alone, since the configuration may hold a password.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.host import durable_files
from pki_revocation.host.temporary_folders import remove_abandoned_folders, temporary_folder

from .errors import BackupFailed, BackupUnfit
from .manifest import Manifest

DATABASES = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
CONFIG = "config.toml"
_MANIFEST = "manifest.json"
_DIGESTS = "SHA256SUMS.json"
_MEMBERS = frozenset({*DATABASES.values(), CONFIG, _MANIFEST})
_LARGEST_TEXT = 1 << 24
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class OpenedBackup:
    """A backup's contents, out of the file: *database* is a SQLite file or a dump in a folder of their own."""

    manifest: Manifest
    database: Path
    config: bytes
    sha256: str


def write(target: Path, manifest: Manifest, database: Path, config: bytes) -> str:
    """Write a backup in place of what has its name; give its SHA-256 in hexadecimal.

    Raises:
        BackupFailed: when it cannot be written; what was there is still there.
    """
    texts = {_MANIFEST: manifest.to_json(), CONFIG: config}
    digests = {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}
    name = DATABASES[manifest.kind]
    with database.open("rb") as stream:
        digests[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    sha256 = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        with database.open("rb") as stream:
            members: dict[str, tuple[int, Iterable[bytes]]] = {
                member: (len(text), [text])
                for member, text in {_DIGESTS: json.dumps(digests).encode(), **texts}.items()
            }
            members[name] = (database.stat().st_size, pieces_of(stream))
            for piece in _tar(members):
                sha256.update(piece)
                yield piece

    try:
        durable_files.write(target, pieces())
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror or error}.") from error
    return sha256.hexdigest()


def pieces_of(stream: IO[bytes]) -> Iterator[bytes]:
    """A file's octets, never all at once."""
    while piece := stream.read(_PIECE):
        yield piece


def _tar(members: Mapping[str, tuple[int, Iterable[bytes]]]) -> Iterator[bytes]:
    """A tar's octets, member by member: by their names, with size and contents of each."""
    for name, (size, contents) in members.items():
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        yield header.tobuf()
        yield from contents
        yield bytes(-size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


@contextmanager
def opened(file: Path, beside: Path) -> Iterator[OpenedBackup]:
    """What a backup holds, in a temporary folder *beside* something, until the block ends.

    Raises:
        BackupUnfit: when it is no backup, or not whole.
    """
    remove_abandoned_folders(beside)
    with temporary_folder("backup", beside) as folder:
        try:
            with file.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            digests = _extracted(file, folder)
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            if isinstance(error, OSError) and error.filename == str(file):
                raise
            raise BackupUnfit(f"{file} is no backup, or was cut off: {plain_cause(error)}.") from error
        _refuse_other_octets(file, folder, digests)
        manifest = Manifest.from_json((folder / _MANIFEST).read_bytes())
        database = folder / DATABASES.get(manifest.kind, "")
        if not database.is_file():
            raise BackupUnfit(f"{file} holds no database of the kind {manifest.kind}.")
        yield OpenedBackup(manifest, database, (folder / CONFIG).read_bytes(), sha256)


def _extracted(file: Path, folder: Path) -> Mapping[str, str]:
    digests: dict[str, str] = {}
    with tarfile.open(file, "r:") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is None:
                raise ValueError(f"it holds {member.name!r}, which is no file")
            if member.name == _DIGESTS:
                digests = json.loads(stream.read(_LARGEST_TEXT))
                if not isinstance(digests, dict):
                    raise ValueError("its digests cannot be read")
            elif member.name in _MEMBERS:
                # Names of our own alone: nothing in a file leads out of the folder.
                with (folder / member.name).open("xb") as target:
                    for piece in pieces_of(stream):
                        target.write(piece)
    return digests


def _refuse_other_octets(file: Path, folder: Path, digests: Mapping[str, str]) -> None:
    there = {path.name for path in folder.iterdir()}
    if not {_MANIFEST, CONFIG} <= there or there != set(digests):
        raise BackupUnfit(f"{file} lacks a part: it is no backup of this product, or was cut off.")
    for name, digest in digests.items():
        with (folder / name).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                raise BackupUnfit(f"{file} was changed: {name} in it is not what was written.")
