"""The addresses in a certificate's CRL distribution points (RFC 5280 section 4.2.1.13)."""

from collections.abc import Iterator

from .der import DerError
from .values import values_in

# DistributionPoint.distributionPoint and DistributionPointName.fullName are both [0]; a URI is [6] of a GeneralName.
_NAMED, _URI = 0xA0, 0x86


def addresses(value: bytes) -> Iterator[str]:
    """The URIs of DistributionPoint.distributionPoint.fullName, as far as they can be read."""
    try:
        for _, points in values_in(value):
            for _, point in values_in(points):
                for name in _under(point, _NAMED):
                    for full_name in _under(name, _NAMED):
                        for uri in _under(full_name, _URI):
                            yield uri.decode("latin-1")
    except DerError:
        return


def _under(data: bytes, tag: int) -> Iterator[bytes]:
    return (contents for found, contents in values_in(data) if found == tag)
