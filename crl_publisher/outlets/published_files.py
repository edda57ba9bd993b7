"""The published files as they are served: opened once, and known by their contents' SHA-256.

A new version of a CRL is read once, in blocks: for its digest, and to see that it is whole and signed by the CA whose
certificate is published beside it. So neither a torn file nor another CA's is ever served, whichever program wrote it.
"""

import contextlib
import hashlib
import logging
import os
import re
import stat
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

from cryptography import x509

from crl_publisher.crl.frame import read_frame
from crl_publisher.errors import UnreadableCrl
from pki_revocation.encoding.names import subject_text
from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.host.outage_log import OutageLog

# The folder of an installation that every account may read.
PUBLISHED = "published"
_log = logging.getLogger(__name__)
# An issuer's CRL or its delta, the CRLs of its parts and their deltas, and its certificate: nothing hidden, no
# half-written file, and no way to another folder.
_ISSUER = r"(?P<issuer>[A-Za-z0-9][A-Za-z0-9_-]*)"
_CRL = re.compile(rf"crl/{_ISSUER}(?:/(?P<part>[0-9]{{1,10}}|ca|users)(?P<delta>-delta)?)?\.crl")
_CERTIFICATE = re.compile(rf"aia/{_ISSUER}\.cer")
_DELTA = "-delta"
_LARGEST_CERTIFICATE = 1 << 20
_REFUSED_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """An open file with its size, date and SHA-256; the caller closes it."""

    stream: BufferedReader
    size: int
    modified: datetime
    sha256: str
    next_update: datetime | None


@dataclass(frozen=True, slots=True)
class _Version:
    """What was found out about one version of a file, so that it is read once and not for each answer.

    One that is not served is looked at again after a while: the certificate beside it may have been put right.
    """

    identity: tuple[int, int, int]
    sha256: str
    next_update: datetime | None
    refused_at: float | None = None

    def answers_for(self, identity: tuple[int, int, int]) -> bool:
        """Whether nothing has to be read for this version of the file."""
        if self.identity != identity:
            return False
        return self.refused_at is None or time.monotonic() < self.refused_at + _REFUSED_SECONDS


class PublishedFiles:
    """The folder that the publisher's outlet writes."""

    def __init__(self, root: Path) -> None:
        """*root* holds crl/ and aia/; it need not be there yet."""
        self._root = root
        self._versions: dict[str, _Version] = {}
        self._reading: dict[str, threading.Lock] = {}
        self._outages = OutageLog(_log, failing="it is not served", working="it is served")

    def paths(self) -> list[str]:
        """The paths of all CRLs that there are."""
        found = (path.relative_to(self._root).as_posix() for path in (self._root / "crl").rglob("*.crl"))
        return sorted(path for path in found if _CRL.fullmatch(path))

    def open(self, path: str) -> PublishedFile | None:
        """Open what is published under a path such as crl/issuing.crl, or give None."""
        if not (_CRL.fullmatch(path) or _CERTIFICATE.fullmatch(path)):
            return None
        opened = self._opened(path)
        if opened is None:
            return None
        stream, found = opened
        version = self._version(path, stream, found)
        if version.refused_at is not None:
            stream.close()
            return None
        return PublishedFile(
            stream=stream,
            size=found.st_size,
            modified=datetime.fromtimestamp(int(found.st_mtime), UTC),
            sha256=version.sha256,
            next_update=version.next_update,
        )

    def _version(self, path: str, stream: BufferedReader, found: os.stat_result) -> _Version:
        identity = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = self._versions.get(path)
        if known is not None and known.answers_for(identity):
            return known
        # Requests at the moment of a replacement wait for the first one to read the file, and read nothing.
        with self._reading.setdefault(path, threading.Lock()):
            known = self._versions.get(path)
            if known is None or not known.answers_for(identity):
                known = self._versions[path] = self._read(path, stream, identity)
            return known

    def _read(self, path: str, stream: BufferedReader, identity: tuple[int, int, int]) -> _Version:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        next_update, complaint = self._judge(path, stream) if _CRL.fullmatch(path) else (None, "")
        if complaint:
            self._outages.failed(path, complaint)
        else:
            self._outages.worked(path)
        stream.seek(0)
        return _Version(identity, sha256, next_update, time.monotonic() if complaint else None)

    def _judge(self, path: str, stream: BufferedReader) -> tuple[datetime | None, str]:
        """The CRL's nextUpdate, and a sentence why it must not be served, empty for one that may."""
        try:
            frame = read_frame(stream)
        except UnreadableCrl as error:
            return None, str(error)
        certificates = self.certificates(path)
        if certificates and not any(frame.is_signed_by(each, stream) for each in certificates):
            return None, f"Its signature is not that of {subject_text(certificates[0])}."
        return frame.next_update, ""

    def certificates(self, path: str) -> list[x509.Certificate]:
        """The certificates of the CA that lie beside a CRL, the one in use first.

        None before the first publication; several where the CA was renewed, of which one may let its key sign in
        another way.
        """
        for name in issuer_names(path):
            in_use = self._certificate(f"aia/{name}.cer")
            if in_use is not None:
                others = sorted((self._root / "aia").glob(f"{name}_*.cer"))
                found = (self._certificate(f"aia/{each.name}") for each in others)
                return [in_use, *(each for each in found if each is not None and each != in_use)]
        return []

    def _certificate(self, path: str) -> x509.Certificate | None:
        opened = self._opened(path)
        if opened is None:
            return None
        with opened[0] as stream:
            try:
                return x509.load_der_x509_certificate(stream.read(_LARGEST_CERTIFICATE))
            except (ValueError, x509.InvalidVersion) as error:
                self._outages.failed(path, f"It is no certificate: {plain_cause(error)}.")
        return None

    def strangers(self, issuers: Collection[str]) -> list[str]:
        """What lies under a CRL's name and is none of the publisher's, a sentence each; *issuers* are ours by name."""
        found = []
        for path in self.paths():
            if not stat.S_ISREG(os.lstat(self._root / path).st_mode):
                found.append(f"{path} is not a plain file, and is not served.")
            elif not any(name in issuers for name in issuer_names(path)):
                found.append(f"{path} is of an issuer that is not registered here.")
        return found

    def _opened(self, path: str) -> tuple[BufferedReader, os.stat_result] | None:
        try:
            return _open_below(self._root, path)
        except OSError as error:
            # A probe asks every few seconds.
            self._outages.failed(path, f"{error.strerror}.")
            return None


def issuer_names(path: str) -> tuple[str, ...]:
    """How the issuer of the CRL at a path may be called, the likeliest first: `x-delta` can be a name too."""
    found = _CRL.fullmatch(path)
    if found is None:
        return ()
    name = found["issuer"]
    if found["part"] is None and name.endswith(_DELTA):
        return (name.removesuffix(_DELTA), name)
    return (name,)


def _open_below(root: Path, path: str) -> tuple[BufferedReader, os.stat_result] | None:
    """A plain file below the folder, open; None where there is none. What was published is no link, nor behind one.

    Raises:
        OSError: when there is something that cannot be opened, or is a link.
    """
    *folders, name = path.split("/")
    with contextlib.ExitStack() as closing:
        try:
            at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
            closing.callback(os.close, at)
            for folder in folders:
                at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
                closing.callback(os.close, at)
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
        except (FileNotFoundError, NotADirectoryError):
            return None
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        os.close(file)
        return None
    return os.fdopen(file, "rb"), found
