"""A backup's file: a tar with the database, the configuration and the manifest, and the digest of each.

The digests come first, and are believed only with every octet: a file that was cut off, or changed by its medium, is
refused before anything is put anywhere. It is its owner's alone, since the configuration may hold a password.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pki_revocation.host import durable_files

from .errors import BackupFailed, BackupUnfit
from .manifest import Manifest

DATABASES = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
CONFIG = "config.toml"
_MANIFEST = "manifest.json"
_DIGESTS = "SHA256SUMS.json"
_MEMBERS = frozenset({*DATABASES.values(), CONFIG, _MANIFEST})
_LARGEST_TEXT = 1 << 24


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
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                for member, text in {_DIGESTS: json.dumps(digests).encode(), **texts}.items():
                    header = tarfile.TarInfo(member)
                    header.size, header.mode = len(text), 0o600
                    tar.addfile(header, io.BytesIO(text))
                header = tarfile.TarInfo(name)
                header.size, header.mode = database.stat().st_size, 0o600
                with database.open("rb") as stream:
                    tar.addfile(header, stream)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        durable_files.move(draft, target)
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return sha256


@contextmanager
def opened(file: Path, beside: Path) -> Iterator[OpenedBackup]:
    """What a backup holds, in a temporary folder *beside* something, until the block ends.

    Raises:
        BackupUnfit: when it is no backup, or not whole.
    """
    with TemporaryDirectory(prefix=".pki-revocation-backup-", dir=beside) as folder:
        try:
            with file.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            digests = _extracted(file, Path(folder))
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            if isinstance(error, OSError) and error.filename == str(file):
                raise
            raise BackupUnfit(f"{file} is no backup, or was cut off: {error}.") from error
        _refuse_other_octets(file, Path(folder), digests)
        manifest = Manifest.from_json((Path(folder) / _MANIFEST).read_bytes())
        database = Path(folder) / DATABASES.get(manifest.kind, "")
        if not database.is_file():
            raise BackupUnfit(f"{file} holds no database of the kind {manifest.kind}.")
        yield OpenedBackup(manifest, database, (Path(folder) / CONFIG).read_bytes(), sha256)


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
                    while piece := stream.read(1 << 20):
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
