"""The one request that means one certificate and nothing else, for each way to write its CertID.

Only these are kept with their answers: there are eight of them for each certificate (four hashes, parameters NULL or
absent), so that no client can fill the cache by varying what does not matter, and so that all of them can be named, and
dropped, when the certificate's status changes.
"""

from ocsp_responder.answering.issuers import HASHES, issuer_hashes
from ocsp_responder.request.common_requests import match_common_request
from pki_revocation.encoding.der import NULL, integer, octet_string, sequence, tlv
from pki_revocation.model import Issuer

_WRAPPERS = 4


class PlainRequests:
    """The plain requests about one issuer's certificates."""

    def __init__(self, issuer: Issuer) -> None:
        """Encode once what is the same for all certificates of *issuer*."""
        self._before_serial = tuple(
            sequence(oid, parameters) + b"".join(octet_string(each) for each in issuer_hashes(issuer, oid))
            for oid in HASHES
            for parameters in (b"", tlv(NULL))
        )

    def about(self, serial: int) -> tuple[bytes, ...]:
        """The DER of every plain request about the certificate with this serial."""
        number = integer(serial)
        return tuple(_wrapped(sequence(before, number)) for before in self._before_serial)


def is_plain(request: bytes) -> bool:
    """Whether a request holds one CertID, as `about` writes it, and nothing else."""
    shape = match_common_request(request)
    return shape is not None and not shape.nonce


def _wrapped(cert_id: bytes) -> bytes:
    """A CertID inside Request, requestList, TBSRequest and OCSPRequest (RFC 6960 section 4.1.1), as DER."""
    for _ in range(_WRAPPERS):
        cert_id = sequence(cert_id)
    return cert_id
