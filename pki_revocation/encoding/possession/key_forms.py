"""One key has one hash, in whichever of its forms a certificate or a proof writes it.

A key is known by the SHA-256 of its SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). The same RSA key may stand there
as rsaEncryption, with or without the NULL, or bound to RSASSA-PSS (RFC 4055 section 1.2), and the same point of a curve
compressed or not (RFC 5480 section 2.2). A list of compromised keys that took these for different keys would miss some.
"""

import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from pki_revocation.encoding.der import BIT_STRING, NULL, OBJECT_IDENTIFIER, SEQUENCE, DerError, sequence, tlv
from pki_revocation.encoding.values import values_in

_RSA = bytes.fromhex("2a864886f70d010101")
_RSASSA_PSS = bytes.fromhex("2a864886f70d01010a")
_EC = bytes.fromhex("2a8648ce3d0201")
_UNCOMPRESSED = 0x04
HASH_OCTETS = 32


def key_hash(public_key: bytes) -> bytes:
    """The hash of a key in the form in which it is usually written; *public_key* is a SubjectPublicKeyInfo."""
    return hashlib.sha256(usual_form(public_key)).digest()


def key_hashes(public_key: bytes) -> tuple[bytes, ...]:
    """The hash of the key's usual form, and of the octets as they stand there where these differ.

    Lists that others keep may have either.
    """
    return tuple(dict.fromkeys((key_hash(public_key), hashlib.sha256(public_key).digest())))


def usual_form(public_key: bytes) -> bytes:
    """A SubjectPublicKeyInfo as nearly all certificates write this key; what cannot be read is its own usual form."""
    try:
        ((outer, contents),) = values_in(public_key)
        (kind, algorithm), (bits, key) = values_in(contents)
        (first, oid), *parameters = values_in(algorithm)
    except (DerError, ValueError):
        return public_key
    if (outer, kind, bits, first) != (SEQUENCE, SEQUENCE, BIT_STRING, OBJECT_IDENTIFIER):
        return public_key
    if oid in {_RSA, _RSASSA_PSS}:
        return sequence(sequence(tlv(OBJECT_IDENTIFIER, _RSA), tlv(NULL)), tlv(BIT_STRING, key))
    is_named = [tag for tag, _ in parameters] == [OBJECT_IDENTIFIER]
    if oid == _EC and not (is_named and key[1:2] == bytes([_UNCOMPRESSED])):
        return _as_the_library_writes(public_key)
    return public_key


def _as_the_library_writes(public_key: bytes) -> bytes:
    try:
        return load_der_public_key(public_key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return public_key
