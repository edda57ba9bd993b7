"""What most clients send, known by its first octets: one CertID, and a nonce of the usual length or nothing else.

All lengths of such a request follow from the hash, the serial's length and the nonce's. So everything but hashes,
serial and nonce is compared with what it must be, and what is not exactly so is left to the reader of any request. That
one says the same, and a test holds both against each other; but with it alone an answer that is signed live would cost
1.4 times as much of the processor in the loop, which `make bench-ocsp ROWS=nonce` would show.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pki_revocation.encoding.der import INTEGER, NULL, explicit, extension, octet_string, sequence, tlv

from .certid_hashes import HASHES
from .extensions import NONCE

# Up to the length of the AlgorithmIdentifier, wherever it stands: from there on everything follows.
_KEY_OCTETS = 18
_NEGATIVE = 0x80
_SERIAL_OCTETS = range(1, 21)
# OpenSSL sends 16 octets, Java 32, as RFC 9654 section 2.1 asks for.
_NONCES = (None, 16, 32)
_DIGEST_OCTETS = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}


class CommonRequest(NamedTuple):
    """One way in which a request can be written: what stands in it, and where.

    *length* of all of it; *prefix* up to the name hash; *before_key_hash*, *before_serial*, *before_nonce*: the octets
    there; the places of the CertID, its parts, its end, and the nonce, or 0.
    """

    length: int
    prefix: bytes
    before_key_hash: bytes
    before_serial: bytes
    before_nonce: bytes
    hash_algorithm: bytes
    cert_id: int
    name_hash: int
    key_hash: int
    serial: int
    end: int
    nonce: int


def match_common_request(data: bytes) -> CommonRequest | None:
    """The shape of a request that is well-formed and means what its shape says; None for any other octets."""
    common = _COMMON_REQUESTS.get(data[:_KEY_OCTETS])
    if common is None:
        return None
    length, prefix, before_key_hash, before_serial, before_nonce, _, _, _, key_hash, serial, end, nonce = common
    if (
        len(data) != length
        or not data.startswith(prefix)
        or data[key_hash - 2 : key_hash] != before_key_hash
        or data[serial - 2 : serial] != before_serial
        or data[end : nonce or length] != before_nonce
    ):
        return None
    # Negative and redundant ones (X.690 section 8.3.2) are not looked into here.
    first = data[serial]
    if 0 < first < _NEGATIVE or (first == 0 and end - serial > 1 and data[serial + 1] >= _NEGATIVE):
        return common
    return None


def _common_requests() -> Iterator[tuple[bytes, CommonRequest]]:
    for oid, name in HASHES.items():
        for parameters in (b"", tlv(NULL)):
            for serial_octets in _SERIAL_OCTETS:
                for nonce_octets in _NONCES:
                    yield _common_request(
                        sequence(oid, parameters), _DIGEST_OCTETS[name], serial_octets, nonce_octets, oid
                    )


def _common_request(
    algorithm: bytes, digest_octets: int, serial_octets: int, nonce_octets: int | None, oid: bytes
) -> tuple[bytes, CommonRequest]:
    digest, serial = octet_string(bytes(digest_octets)), tlv(INTEGER, bytes(serial_octets))
    cert_id = sequence(algorithm, digest, digest, serial)
    nonce = b"" if nonce_octets is None else explicit(2, sequence(extension(NONCE, octet_string(bytes(nonce_octets)))))
    request = sequence(sequence(sequence(sequence(cert_id)), nonce))
    end = len(request) - len(nonce)
    start = end - len(cert_id)
    serial_at = end - serial_octets
    key_hash = serial_at - 2 - digest_octets
    name_hash = key_hash - 2 - digest_octets
    nonce_at = 0 if nonce_octets is None else len(request) - nonce_octets
    return request[:_KEY_OCTETS], CommonRequest(
        length=len(request),
        prefix=request[:name_hash],
        before_key_hash=request[key_hash - 2 : key_hash],
        before_serial=request[serial_at - 2 : serial_at],
        before_nonce=request[end : nonce_at or len(request)],
        hash_algorithm=oid,
        cert_id=start,
        name_hash=name_hash,
        key_hash=key_hash,
        serial=serial_at,
        end=end,
        nonce=nonce_at,
    )


_COMMON_REQUESTS = dict(_common_requests())
