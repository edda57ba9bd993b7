"""What every outlet does, whatever it is made of."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from typing import BinaryIO, Protocol

NumberOf = Callable[[bytes], int | None]
# RFC 2585 section 4.
_MEDIA_TYPES = {".crl": "application/pkix-crl", ".cer": "application/pkix-cert"}


def media_type(path: str) -> str:
    """The media type of the file at a path, by its suffix (RFC 2585 section 4)."""
    return _MEDIA_TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")


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

    def sha256(self, path: str) -> bytes | None:
        """The digest of what is public there, or None.

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
