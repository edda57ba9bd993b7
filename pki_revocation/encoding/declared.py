"""DER that `cryptography.hazmat.asn1` reads by declarations: what several packages declare, and octets of what it read.

What is read here is DER and nothing else: the library takes no indefinite or long length, no default that is written
out, no INTEGER or OBJECT IDENTIFIER that is not minimal, no other TRUE, and nothing behind a value. It calls this
interface unstable, so the lock file names one release, and the tests of each reader say what must be refused.
"""

from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat import asn1

from .der import NULL, DerError, sequence, tlv

# An AlgorithmIdentifier (RFC 5280 section 4.1.1.2), or an SMIMECapability, which has the same form: an OBJECT
# IDENTIFIER, and parameters of any type or none. The library has no word for an ANY that may be absent, so that it is
# declared as a list, and `identifier` says whether it is one.
Identifier: TypeAlias = list[asn1.TLV]


@asn1.sequence
class SubjectPublicKeyInfo:
    """RFC 5280 section 4.1.2.7."""

    algorithm: Identifier
    public_key: asn1.BitString


@asn1.sequence
class _Whole:
    """What a SEQUENCE of anything is put into, because the library reads no list that is not in a SEQUENCE."""

    values: list[asn1.TLV]


def values_of(data: bytes) -> list[asn1.TLV]:
    """The values of the one SEQUENCE that *data* is, whatever they are.

    Raises:
        ValueError: when it is something else, or is followed by something.
    """
    values: list[asn1.TLV] = asn1.decode_der(_Whole, sequence(data)).values
    return values


def octets(value: asn1.TLV) -> bytes:
    """All of a value that was read: tag, length and contents, as they stood there, because DER has one form alone.

    Raises:
        DerError: for a tag number above 30, which nothing that is read here has.
    """
    if len(value.tag_bytes) > 1:
        raise DerError("a tag number above 30 has no place here")
    return tlv(value.tag_bytes[0], bytes(value.data))


def identifier(values: Identifier) -> bytes:
    """The DER of an AlgorithmIdentifier that was read.

    Raises:
        ValueError: when it has no OBJECT IDENTIFIER in front, more than one value behind it, or a NULL with contents.
    """
    match values:
        case [oid] | [oid, _]:
            oid.parse(x509.ObjectIdentifier)
        case _:
            raise DerError("an identifier has no OBJECT IDENTIFIER, or more than its parameters")
    if values[-1].tag_bytes == bytes([NULL]):
        values[-1].parse(asn1.Null)
    return sequence(*(octets(each) for each in values))
