"""Checks the entries' own octets for what strict DER allows and a CRL does not.

A strict parser leaves two choices to whoever encodes an entry: the type of its date, and an empty list of extensions.
What the entry says is compared elsewhere; both together determine each octet. RFC 5280 sections 5.1.2.6 and 5.1.
"""

from pki_revocation.der import GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME, DerError, elements

from .errors import UnreadableCrl
from .findings import Findings

# Tag and length of a Time with its seconds and its Z, and nothing else (RFC 5280 section 4.1.2.5).
_UTC_TIME = bytes((UTC_TIME, 13))
_GENERALIZED_TIME = bytes((GENERALIZED_TIME, 15))
_FIRST_GENERALIZED_YEAR = b"2050"
_EMPTY = bytes((SEQUENCE, 0))


def check_encodings(listed: bytes, findings: Findings) -> None:
    """Report entries with the wrong type of time, or with an empty list of extensions.

    Args:
        listed: the contents of revokedCertificates, which a strict parser has taken already.
        findings: gets crl.entry.encoding.

    Raises:
        UnreadableCrl: when these are no entries one after the other.
    """
    try:
        for entry in elements(listed):
            complaint = _complaint(entry.content)
            if complaint:
                findings.error("crl.entry.encoding", f"The entry {entry.raw.hex()[:80]} has {complaint}.")
    except DerError as error:
        raise UnreadableCrl(f"The list of entries is broken: {error}.") from error


def _complaint(entry: bytes) -> str:
    """What is wrong with an entry's contents, or nothing; by offsets, because there may be a million of them."""
    serial, rest = entry[:2], entry[2:]
    # No serial has more than 20 octets, so that its length is one octet.
    if len(serial) < len(_EMPTY) or serial[0] != INTEGER:
        return "no serial"
    date = rest[serial[1] :]
    header = date[:2]
    if header == _UTC_TIME:
        extensions = date[15:]
    elif header == _GENERALIZED_TIME and date[2:6] >= _FIRST_GENERALIZED_YEAR:
        extensions = date[17:]
    else:
        return "a date of another form than UTCTime through 2049 and GeneralizedTime from 2050 (RFC 5280 5.1.2.6)"
    return "an empty list of extensions (RFC 5280 section 5.1)" if extensions == _EMPTY else ""
