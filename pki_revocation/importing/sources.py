"""Which files an import reads, in which order, and what each of them is: told by its contents, not its name."""

import os
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

from .candidates import Refusal, RefusalKind, Source
from .csv_columns import separator
from .pem_der import blocks_of, holds_certificates
from .text_files import text_of

_HEAD_OCTETS = 64 * 1024
_INDEX_ROW = re.compile(r"[VRE]\t[0-9]{12,14}Z?\t")
_PEM_CERTIFICATE = re.compile(r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_PEM = "-----BEGIN "
_DER_SEQUENCES = (b"\x30\x80", b"\x30\x81", b"\x30\x82", b"\x30\x83", b"\x30\x84")
_LINE_END = re.compile(r"\r\n|\r|\n")
# Files beside certificates in a CA's folder that are none; only passed over in folders, never when named, and not
# where there is a certificate in them.
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
# Of those, what holds certificates that no reader takes: it is named, and not passed over in silence.
_CONTAINERS = {".p12", ".pfx"}
_PASSED_NAMES = {"serial", "crlnumber", "readme", "makefile", ".rand"}
_STATUS_SUFFIXES = {".txt", ".csv"}


class Format(Enum):
    """What a file is, by its contents: one of the formats that an import takes, or nothing of the kind."""

    INDEX = "index.txt"
    CSV = "CSV"
    PEM = "PEM"
    DER = "DER"
    NOTHING = "nothing to import"
    PASSED = "a container that is not read"


# What says of certificates whether they are revoked.
TELLING = frozenset({Format.INDEX, Format.CSV})


def sources(paths: Iterable[Path]) -> Iterator[tuple[Path, Format] | Refusal]:
    """The files to read, folders walked; a file that cannot be read or understood is a refusal.

    Files that say what is revoked come before all others, whatever the order of the paths: what they say of a serial
    stands before its certificate comes.
    """
    found = list(_found(paths))
    yield from (each for each in found if not isinstance(each, Refusal) and each[1] in TELLING)
    yield from (each for each in found if isinstance(each, Refusal) or each[1] not in TELLING)


def _found(paths: Iterable[Path]) -> Iterator[tuple[Path, Format] | Refusal]:
    for path in paths:
        if path.is_dir():
            for file in _walked(path):
                recognised = _recognised(file, named=False)
                if not _is_passed(file):
                    yield recognised
                elif file.suffix.lower() in _CONTAINERS:
                    yield file, Format.PASSED
                elif not isinstance(recognised, Refusal) and recognised[1] is Format.PEM:
                    yield recognised
        else:
            yield _recognised(path, named=True)


def format_of(head: bytes) -> Format | None:
    """What a file that begins like this is; None for what no reader takes.

    One row of an index.txt among the lines is enough: a broken line before it must not hide what is revoked. Columns of
    CSV are tried last, so that a file with other columns gets the sentence that names the right ones.
    """
    if head.startswith(_DER_SEQUENCES):
        return Format.DER
    text = text_of(head)
    lines = [line for line in _LINE_END.split(text) if line and not line.startswith("#")]
    if not lines:
        return Format.NOTHING
    if any(_INDEX_ROW.match(line) for line in lines):
        return Format.INDEX
    header = lines[0].lower()
    names = {name.strip().strip('"') for name in header.split(separator(header))}
    if names & {"serial", "certificate"}:
        return Format.CSV
    if _PEM in text:
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
    yield from sorted(found, key=lambda file: (file.suffix.lower() not in _STATUS_SUFFIXES, file))


def _is_passed(path: Path) -> bool:
    return path.suffix.lower() in _PASSED_SUFFIXES


def _recognised(path: Path, *, named: bool) -> tuple[Path, Format] | Refusal:
    def refusal(reason: str) -> Refusal:
        return Refusal(Source(path, "line"), None, RefusalKind.BROKEN, reason, is_named=named)

    try:
        if not path.is_file():
            return refusal("It is no file and no folder." if path.exists() else "There is no such file.")
        with path.open("rb") as file:
            head = file.read(_HEAD_OCTETS)
        found = format_of(head)
        # A certificate may stand behind any number of keys and words.
        if found is Format.PEM and not _PEM_CERTIFICATE.search(text_of(head)):
            found = Format.PEM if any(holds_certificates(each.label) for each in blocks_of(path)) else Format.NOTHING
    except OSError as error:
        return refusal(f"It cannot be read: {error.strerror or error}.")
    if found is Format.NOTHING and named and head:
        return refusal("It has no certificate in it.")
    if found is None:
        return refusal("It is neither PEM, DER, an index.txt nor CSV with a header.")
    return path, found
