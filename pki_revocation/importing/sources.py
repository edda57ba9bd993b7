"""Which files an import reads, in which order, and what each of them is: told by its contents, not its name."""

import os
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

from .candidates import Refusal, RefusalKind, Source
from .csv_rows import separator

_HEAD_OCTETS = 64 * 1024
_INDEX_ROW = re.compile(rb"[VRE]\t[0-9]{12,14}Z?\t")
_PEM_CERTIFICATE = re.compile(rb"^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----", re.MULTILINE)
_PEM = b"-----BEGIN "
_DER_SEQUENCES = (b"\x30\x81", b"\x30\x82", b"\x30\x83")
# Files beside certificates in a CA's folder that are none; only passed over in folders, never when named.
_PASSED_SUFFIXES = {
    ".attr",
    ".cnf",
    ".conf",
    ".crl",
    ".csr",
    ".json",
    ".key",
    ".log",
    ".md",
    ".old",
    ".p12",
    ".pfx",
    ".pub",
    ".req",
    ".sh",
    ".srl",
    ".toml",
    ".yaml",
    ".yml",
}  # fmt: skip - one name a line would say no more
_PASSED_NAMES = {"serial", "crlnumber", "readme", "makefile", ".rand"}
_STATUS_SUFFIXES = {".txt", ".csv"}


class Format(Enum):
    """What a file is, by its contents: one of the formats that an import takes, or nothing of the kind."""

    INDEX = "index.txt"
    CSV = "CSV"
    PEM = "PEM"
    DER = "DER"
    NOTHING = "nothing to import"


_TELLING = {Format.INDEX, Format.CSV}


def sources(paths: Iterable[Path]) -> Iterator[tuple[Path, Format] | Refusal]:
    """The files to read, folders walked; a file that cannot be read or understood is a refusal.

    Files that say what is revoked come before all others, whatever the order of the paths: otherwise the bare
    certificate would go in as live, and its revocation be refused as a duplicate.
    """
    found = list(_found(paths))
    yield from (each for each in found if not isinstance(each, Refusal) and each[1] in _TELLING)
    yield from (each for each in found if isinstance(each, Refusal) or each[1] not in _TELLING)


def _found(paths: Iterable[Path]) -> Iterator[tuple[Path, Format] | Refusal]:
    for path in paths:
        if path.is_dir():
            for file in _walked(path):
                yield _recognised(file, named=False)
        else:
            yield _recognised(path, named=True)


def format_of(head: bytes) -> Format | None:
    """What a file that begins like this is; None for what no reader takes.

    Columns of CSV are tried last, so that a file with other columns gets the sentence that names the right ones.
    """
    if head.startswith(_DER_SEQUENCES):
        return Format.DER
    lines = [line for line in head.splitlines() if line and not line.startswith(b"#")]
    if not lines or (lines[0].startswith(_PEM) and not _PEM_CERTIFICATE.search(head)):
        return Format.NOTHING
    if _INDEX_ROW.match(lines[0]):
        return Format.INDEX
    header = lines[0].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lower()
    names = {name.strip().strip('"') for name in header.split(separator(header))}
    if names & {"serial", "certificate"}:
        return Format.CSV
    if _PEM_CERTIFICATE.search(head):
        return Format.PEM
    return Format.CSV if len(names) > 1 and header.isprintable() else None


def _walked(folder: Path) -> Iterator[Path]:
    """The folder's files in a fixed order; what tells of revocations first, so that a revoked certificate stays so."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(parent, name) for name in files if not name.startswith(".") and name.lower() not in _PASSED_NAMES
        ]
    found = [file for file in found if file.suffix.lower() not in _PASSED_SUFFIXES]
    yield from sorted(found, key=lambda file: (file.suffix.lower() not in _STATUS_SUFFIXES, file))


def _recognised(path: Path, *, named: bool) -> tuple[Path, Format] | Refusal:
    def refusal(reason: str) -> Refusal:
        return Refusal(Source(path, "line"), None, RefusalKind.BROKEN, reason)

    try:
        if not path.is_file():
            return refusal("It is no file and no folder." if path.exists() else "There is no such file.")
        with path.open("rb") as file:
            head = file.read(_HEAD_OCTETS)
    except OSError as error:
        return refusal(f"It cannot be read: {error.strerror or error}.")
    found = format_of(head)
    if found is Format.NOTHING and named and head:
        return refusal("It has no certificate in it.")
    if found is None:
        return refusal("It is neither PEM, DER, an index.txt nor CSV with a header.")
    return path, found
