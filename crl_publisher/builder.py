"""Puts a CRL together: stored entries joined, hashed as they go, and signed.

RFC 5280 section 5.1: version 2, no empty list, AKI and CRLNumber in every CRL, and the issuer's name in the very bytes
of the CA certificate's subject (BR 7.2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from keys.identity import SigningIdentity
from pki_revocation.der import (
    SEQUENCE,
    bit_string,
    elements,
    explicit,
    extension,
    header,
    integer,
    object_identifier,
    read_whole,
    sequence,
    time,
    tlv,
)

_VERSION_2 = integer(1)
_AUTHORITY_KEY_IDENTIFIER = object_identifier("2.5.29.35")
_CRL_NUMBER = object_identifier("2.5.29.20")
_KEY_IDENTIFIER_TAG = 0x80
# In a TBSCertificate: [0] version, serialNumber, signature, issuer, validity, subject.
_SUBJECT_PLACE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What a CRL says beside its entries."""

    number: int
    this_update: datetime
    next_update: datetime


def build(identity: SigningIdentity, particulars: Particulars, entries: Iterable[bytes]) -> bytes:
    """A signed CRL over the entries as they are given, each one the DER of an element of revokedCertificates."""
    joined = BytesIO()
    joined.writelines(entries)
    body = joined.getvalue()
    algorithm = identity.algorithm.identifier
    before = b"".join(
        (
            _VERSION_2,
            algorithm,
            subject_name(identity.certificate_der),
            time(particulars.this_update),
            time(particulars.next_update),
            header(SEQUENCE, len(body)) if body else b"",
        )
    )
    after = explicit(
        0,
        sequence(
            extension(_AUTHORITY_KEY_IDENTIFIER, sequence(tlv(_KEY_IDENTIFIER_TAG, identity.subject_key_identifier))),
            extension(_CRL_NUMBER, integer(particulars.number)),
        ),
    )
    signed = (header(SEQUENCE, len(before) + len(body) + len(after)) + before, body, after)
    tail = algorithm + bit_string(identity.sign_stream(signed))
    length = sum(len(part) for part in signed) + len(tail)
    return b"".join((header(SEQUENCE, length), *signed, tail))


def subject_name(certificate: bytes) -> bytes:
    """The subject of a DER certificate in its own bytes: encoding the name anew could change its string types."""
    to_be_signed = next(elements(read_whole(certificate, SEQUENCE)))
    return list(elements(to_be_signed.content))[_SUBJECT_PLACE].raw
