"""Puts a CRL together: stored entries in portions, hashed, signed, and never more than once in memory.

RFC 5280 section 5.1: version 2, no empty list, and the issuer's name in the very bytes of the CA certificate's subject
(BR 7.2). What stands before the list says how long it is, so that the list goes to a temporary file first.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.identity import SigningIdentity, subject_key_identifier
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import SEQUENCE, bit_string, header, integer, sequence, time

from .crl_extensions import CrlParameters, encoded_extensions

_VERSION_2 = integer(1)
_PIECE = 1 << 20
# Room in front of the list for what is known only when the list is: no name of a CA comes near it.
_ROOM = 1 << 16


def build(
    identity: SigningIdentity, parameters: CrlParameters, entries: Iterable[bytes], spool: Path | None = None
) -> bytes:
    """A signed CRL.

    Args:
        identity: the CA's.
        parameters: what it says beside its entries.
        entries: each the DER of one or more elements of revokedCertificates, in the order of the list.
        spool: the folder of the temporary file; the system's own when None.
    """
    with tempfile.TemporaryFile(dir=spool) as file:
        file.seek(_ROOM)
        file.writelines(entries)
        listed = file.tell() - _ROOM
        algorithm = identity.algorithm.identifier
        before = _before(algorithm, identity.certificate_der, parameters, listed)
        after = encoded_extensions(identity.subject_key_identifier, parameters)
        before = header(SEQUENCE, len(before) + listed + len(after)) + before
        tail = after + algorithm + bit_string(identity.sign_stream(_signed(file, before, listed, after)))
        before = header(SEQUENCE, len(before) + listed + len(tail)) + before
        file.seek(_ROOM + listed)
        file.write(tail)
        file.seek(_ROOM - len(before))
        file.write(before)
        file.seek(_ROOM - len(before))
        return file.read()


def to_be_signed(
    certificate: x509.Certificate, algorithm: bytes, parameters: CrlParameters, entries: Iterable[bytes]
) -> bytes:
    """A TBSCertList whose signature is made elsewhere: what is signed, octet for octet (RFC 5280 section 5.1.1.1).

    Args:
        certificate: the CA's.
        algorithm: the AlgorithmIdentifier of the signature.
        parameters: what it says beside its entries.
        entries: as for `build`.
    """
    listed = b"".join(entries)
    before = _before(algorithm, certificate.public_bytes(Encoding.DER), parameters, len(listed))
    return sequence(before, listed, encoded_extensions(subject_key_identifier(certificate), parameters))


def _before(algorithm: bytes, certificate: bytes, parameters: CrlParameters, listed: int) -> bytes:
    """The octets of a TBSCertList before a list of so many octets, the list's own header included."""
    return b"".join(
        (
            _VERSION_2,
            algorithm,
            subject_name(certificate),
            time(parameters.this_update),
            time(parameters.next_update),
            header(SEQUENCE, listed) if listed else b"",
        )
    )


def subject_name(certificate: bytes) -> bytes:
    """The subject of a DER certificate in its own bytes: encoding the name anew could change its string types."""
    return parts_of(certificate).subject


def _signed(file: IO[bytes], before: bytes, listed: int, after: bytes) -> Iterator[bytes]:
    """The octets of the TBSCertList, piece by piece."""
    yield before
    file.seek(_ROOM)
    while listed:
        piece = file.read(min(_PIECE, listed))
        listed -= len(piece)
        yield piece
    yield after
