"""Where an installation's CRLs are public: in the folder of this machine, and at the public address."""

import logging
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import LOOPBACK
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, exchange

from .addresses import distribution_address

_log = logging.getLogger(__name__)
# The octets at a path such as crl/issuing.crl, wherever they are public: none, one, or several that differ.
Fetch: TypeAlias = Callable[[str], Iterable[bytes]]
_LARGEST = 100 << 20
_SECONDS = 5.0
# For all of an installation's CRLs together: a start does not wait longer for an address that is slow.
_SECONDS_FOR_ALL = 20.0


def public_files(installation: Installation, *, asks_public_address: bool = True) -> Fetch:
    """Where an installation's CRLs are public: in the folder of this machine, and at the public address.

    A public address on this machine is that same folder's, and one that does not answer is not asked again: services
    must start all the same, and whether the journal is whole cannot be told from there then.
    """
    folder = installation.path("published")
    address = distribution_address(installation)
    elsewhere = urlsplit(address.public).hostname not in {LOOPBACK, "localhost", "::1"}
    asks, left = asks_public_address and elsewhere, _SECONDS_FOR_ALL

    def fetch(path: str) -> Iterable[bytes]:
        nonlocal asks, left
        here = _read(folder / path)
        if here is not None:
            yield here
        if asks:
            begun = time.monotonic()
            try:
                answer = exchange(
                    "GET", address.below(path).public, limits=ExchangeLimits(seconds=_SECONDS, octets=_LARGEST)
                )
            except ExchangeFailed as error:
                asks = False
                _log.warning("the public CRL cannot be compared with the journal: %s", error)
                return
            left -= time.monotonic() - begun
            if left < 0:
                asks = False
                _log.warning("%s is slow: its other CRLs are not compared with the journal", address.public)
            if answer.status == HTTPStatus.OK and answer.body != here:
                yield answer.body

    return fetch


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        # Nothing was published yet, or no deltas are made.
        return None
    except OSError as error:
        _log.warning("%s cannot be read: %s", file, error.strerror)
        return None
