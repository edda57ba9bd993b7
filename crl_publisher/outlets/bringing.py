"""Makes one outlet hold what the installation's folder holds at a path, and makes sure that it does."""

import hashlib
from dataclasses import dataclass
from io import BytesIO

from crl_publisher.crl.frame import read_frame
from crl_publisher.errors import NumberNotAbove, OutletError, UnreadableCrl

from .directory import DirectoryOutlet
from .port import Outlet
from .published_files import PublishedFiles


@dataclass(frozen=True, slots=True)
class HeldCrl:
    """What an outlet holds at a path: the CRL's number, None for anything else, and the digest."""

    number: int | None
    sha256: bytes


class OutletSync:
    """Copies what one origin holds to one outlet."""

    def __init__(self, origin: DirectoryOutlet, outlet: Outlet, files: PublishedFiles) -> None:
        """*files* are the origin's, for the certificates in it."""
        self._origin = origin
        self._outlet = outlet
        self._files = files

    def run(self, path: str) -> HeldCrl | None:
        """Make the outlet hold the origin's version, and give it; None when the origin has none, or a newer one by now.

        Raises:
            NumberNotAbove: when the outlet holds a newer CRL than the origin.
            OutletError: when the outlet cannot be read or written, or holds something else afterwards.
            UnreadableCrl: when what the origin holds is no CRL.
        """
        digest = self._origin.sha256(path)
        if digest is None:
            return None
        number = self._number(path)
        if self._outlet.sha256(path) != digest:
            data = self._origin.fetch(path)
            if data is None or hashlib.sha256(data).digest() != digest:
                return None
            try:
                self._write(path, data, number)
            except NumberNotAbove:
                if self._origin.sha256(path) == digest:
                    raise
                # The origin went on meanwhile, and another publisher brought what is there now.
                return None
            if self._outlet.sha256(path) != digest and self._origin.sha256(path) == digest:
                raise OutletError(f"{path} was accepted, and yet something else is there.")
        return HeldCrl(number, digest)

    def _number(self, path: str) -> int | None:
        if not path.endswith(".crl"):
            return None
        with self._origin.open(path) as stream:
            return None if stream is None else read_frame(stream).number

    def _write(self, path: str, data: bytes, number: int | None) -> None:
        if number is None:
            self._outlet.put(path, data)
        else:
            self._outlet.replace(path, data, number=number, number_of=lambda found: self._number_of(path, found))

    def _number_of(self, path: str, data: bytes) -> int | None:
        """The number of what the outlet holds, when the same CA signed it: rubbish keeps nothing away."""
        try:
            frame = read_frame(BytesIO(data))
        except UnreadableCrl:
            return None
        certificates = self._files.certificates(path)
        if certificates and not any(frame.is_signed_by(each, BytesIO(data)) for each in certificates):
            return None
        return frame.number
