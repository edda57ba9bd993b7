"""RFC 9654 section 2.1: nonces of every length, and what is none."""

from pki_revocation.encoding.der import extension, integer, octet_string, sequence
from tests.vectors.authorities import GOOD, NEVER_ISSUED, REVOKED
from tests.vectors.pieces import MALFORMED, NONCE, Vector, cert_id, nonce, request, single, tbs

_SECTION = "RFC 9654 2.1"


def vectors() -> list[Vector]:
    """All of them."""
    return [*_echoed(), *_refused(), *_elsewhere()]


def _value(octets: int) -> bytes:
    return bytes(place * 7 % 256 for place in range(octets))


def _echoed() -> list[Vector]:
    lengths = [
        Vector(
            name=f"nonce-{octets}",
            section=_SECTION,
            request=request(cert_id(GOOD), extensions=(nonce(_value(octets)),)),
            expected=("good",),
            cert_ids=(cert_id(GOOD),),
            nonce=_value(octets),
        )
        for octets in (1, 15, 16, 32, 33, 128)
    ]
    of_other_statuses = [
        Vector(
            name=f"nonce-{status}",
            section=_SECTION,
            request=request(cert_id(serial), extensions=(nonce(_value(32)),)),
            expected=(status,),
            cert_ids=(cert_id(serial),),
            nonce=_value(32),
        )
        for status, serial in (("revoked", REVOKED), ("unknown", NEVER_ISSUED))
    ]
    critical = Vector(
        name="nonce-critical",
        section=_SECTION,
        request=request(cert_id(GOOD), extensions=(nonce(_value(32), critical=True),)),
        expected=("good",),
        cert_ids=(cert_id(GOOD),),
        nonce=_value(32),
    )
    return [*lengths, *of_other_statuses, critical]


def _refused() -> list[Vector]:
    whole = octet_string(_value(32))
    values = {
        "nonce-0": (nonce(b""),),
        "nonce-129": (nonce(_value(129)),),
        "nonce-1000": (nonce(_value(1000)),),
        "nonce-twice": (nonce(_value(32)), nonce(_value(16))),
        "nonce-twice-the-same": (nonce(_value(32)), nonce(_value(32))),
        "nonce-bare": (extension(NONCE, _value(32)),),
        "nonce-integer": (extension(NONCE, integer(int.from_bytes(_value(32)))),),
        "nonce-sequence": (extension(NONCE, sequence(whole)),),
        "nonce-constructed": (extension(NONCE, b"\x24" + (len(whole)).to_bytes(1) + whole),),
        "nonce-with-trailing-octets": (extension(NONCE, whole + b"\0"),),
        "nonce-with-another-behind": (extension(NONCE, whole + whole),),
        "nonce-cut-off": (extension(NONCE, whole[:-1]),),
        "nonce-with-long-length": (extension(NONCE, b"\x04\x81\x20" + _value(32)),),
        "nonce-of-nothing": (extension(NONCE, b""),),
    }
    return [
        Vector(name=name, section=_SECTION, request=request(cert_id(GOOD), extensions=listed), expected=MALFORMED)
        for name, listed in values.items()
    ]


def _elsewhere() -> list[Vector]:
    """In singleRequestExtensions a nonce is an extension like any other that has no place there."""
    asked = cert_id(GOOD)
    return [
        Vector(
            name="nonce-in-single-request",
            section="RFC 6960 4.4",
            request=sequence(tbs(single(asked, nonce(_value(32))))),
            expected=("good",),
            cert_ids=(asked,),
        ),
        Vector(
            name="nonce-in-single-request-critical",
            section="RFC 6960 4.4",
            request=sequence(tbs(single(asked, nonce(_value(32), critical=True)))),
            expected=MALFORMED,
        ),
    ]
