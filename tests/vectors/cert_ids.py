"""RFC 6960 sections 4.1.1 and 4.2.2.3: which certificates are asked about, how many, and of whom."""

import hashlib

from pki_revocation.encoding.der import object_identifier, sequence
from tests.vectors.authorities import (
    DIFFICULT,
    FOREIGN,
    GOOD,
    ISSUING,
    LONG,
    NAMESAKE,
    NEVER_ISSUED,
    REVOKED,
    ROOT,
    SECOND,
    SECONDS_GOOD,
    SHORT,
)
from tests.vectors.pieces import (
    HASHES,
    MALFORMED,
    NULL_PARAMETERS,
    UNAUTHORIZED,
    Vector,
    cert_id,
    issuer_hashes,
    raw_cert_id,
    request,
    signed_integer,
)

_MOST = 100


def vectors() -> list[Vector]:
    """All of them."""
    return [*_one(), *_hashes(), *_several(), *_wrong_hashes(), *_serials()]


def _asked(name: str, section: str, expected: tuple[str, ...], *cert_ids: bytes) -> Vector:
    signed = expected not in {MALFORMED, UNAUTHORIZED}
    return Vector(
        name=name,
        section=section,
        request=request(*cert_ids),
        expected=expected,
        cert_ids=cert_ids if signed else (),
    )


def _one() -> list[Vector]:
    section = "RFC 6960 2.2"
    return [
        _asked("good", section, ("good",), cert_id(GOOD)),
        _asked("revoked", section, ("revoked",), cert_id(REVOKED)),
        _asked("never-issued", "RFC 6960 2.2, BR 4.9.9", ("unknown",), cert_id(NEVER_ISSUED)),
        _asked("foreign-issuer", "RFC 9919 3.2.3", UNAUTHORIZED, cert_id(GOOD, FOREIGN)),
        _asked("second-issuer", section, ("good",), cert_id(SECONDS_GOOD, SECOND)),
        _asked("sub-ca", section, ("good",), cert_id(ISSUING.certificate.serial_number, ROOT)),
        # One issuer's serial under another issuer that is served here too: never the first one's status.
        _asked("serial-of-another-issuer", "RFC 6960 4.1.1", ("unknown",), cert_id(GOOD, SECOND)),
        _asked("base64-with-plus-and-slashes", "RFC 6960 A.1", ("good",), cert_id(DIFFICULT)),
    ]


def _hashes() -> list[Vector]:
    section = "RFC 6960 4.1.1, RFC 5754 2"
    return [
        _asked(f"{name}-{form}-{status}", section, (status,), cert_id(serial, name=name, parameters=parameters))
        for name in HASHES
        for form, parameters in (("absent", b""), ("null", NULL_PARAMETERS))
        for status, serial in (("good", GOOD), ("revoked", REVOKED))
    ]


def _several() -> list[Vector]:
    section = "RFC 6960 4.2.2.3"
    ours, revoked, nobodys = cert_id(GOOD), cert_id(REVOKED), cert_id(NEVER_ISSUED)
    theirs, seconds = cert_id(GOOD, FOREIGN), cert_id(SECONDS_GOOD, SECOND)
    names = list(HASHES)
    mixed = [cert_id((GOOD, REVOKED)[place % 2], name=names[place % 4]) for place in range(8)]
    filled = [cert_id(NEVER_ISSUED + place) for place in range(_MOST - 2)]
    return [
        _asked("three-in-order", section, ("revoked", "good", "unknown"), revoked, ours, nobodys),
        _asked("three-in-another-order", section, ("unknown", "revoked", "good"), nobodys, revoked, ours),
        _asked("same-twice", section, ("good", "good"), ours, ours),
        _asked("four-hashes-mixed", section, ("good", "revoked") * 4, *mixed),
        _asked("foreign-first", "RFC 6960 4.2.2.2, 4.2.2.3", UNAUTHORIZED, theirs, ours),
        _asked("foreign-last", "RFC 6960 4.2.2.2, 4.2.2.3", UNAUTHORIZED, ours, theirs),
        _asked("two-issuers-served-here", "RFC 6960 4.2.2.2, 4.2.2.3", UNAUTHORIZED, ours, seconds),
        _asked("hundred", "RFC 9919 8.4", ("good", *["unknown"] * (_MOST - 2), "revoked"), ours, *filled, revoked),
        _asked("hundred-and-one", "RFC 9919 8.4", MALFORMED, ours, *filled, revoked, ours),
    ]


def _wrong_hashes() -> list[Vector]:
    section = "RFC 6960 4.1.1"
    serial = signed_integer(GOOD)
    found = []
    for name, oid in HASHES.items():
        name_hash, key_hash = issuer_hashes(ISSUING, name)
        _, other_key = issuer_hashes(NAMESAKE, name)
        other_name, _ = issuer_hashes(FOREIGN, name)
        wrong = {
            "wrong-key-hash": (name_hash, other_key),
            "wrong-name-hash": (other_name, key_hash),
            "hashes-swapped": (key_hash, name_hash),
            "short-hashes": (name_hash[:-1], key_hash[:-1]),
            "long-hashes": (name_hash + b"\0", key_hash + b"\0"),
            "empty-hashes": (b"", b""),
        }
        found += [
            _asked(f"{name}-{what}", section, UNAUTHORIZED, raw_cert_id(sequence(oid), *pair, serial))
            for what, pair in wrong.items()
        ]
    sha1, sha256 = issuer_hashes(ISSUING, "sha1"), issuer_hashes(ISSUING, "sha256")
    unsupported = {
        "md5": object_identifier("1.2.840.113549.2.5"),
        "sha224": object_identifier("2.16.840.1.101.3.4.2.4"),
        "sha3-256": object_identifier("2.16.840.1.101.3.4.2.8"),
    }
    for name, oid in unsupported.items():
        subject = ISSUING.certificate.subject.public_bytes()
        digest = hashlib.new(name.replace("sha3-", "sha3_"), subject).digest()
        found.append(_asked(f"hash-{name}", section, UNAUTHORIZED, raw_cert_id(sequence(oid), digest, digest, serial)))
    return [
        *found,
        _asked("sha256-with-sha1-values", section, UNAUTHORIZED,
               raw_cert_id(sequence(HASHES["sha256"]), *sha1, serial)),
        _asked("sha1-with-sha256-values", section, UNAUTHORIZED,
               raw_cert_id(sequence(HASHES["sha1"]), *sha256, serial)),
    ]  # fmt: skip


def _serials() -> list[Vector]:
    section = "RFC 5280 4.1.2.2"
    unknown = {
        "zero": 0,
        "one": 1,
        "minus-one": -1,
        "negative-20-octets": -(1 << 159),
        "minus-the-good-one": -GOOD,
        "20-octets": (1 << 159) - 1,
        "21-octets": 1 << 159,
        "21-octets-long": (1 << 167) - 1,
        "128-octets": 1 << 1022,
        "1000-octets": 1 << 7998,
        # The same last 16 octets as one that is good.
        "good-behind-four-more-octets": 1 << 150 | GOOD,
    }
    return [
        *(_asked(f"serial-{name}", section, ("unknown",), cert_id(serial)) for name, serial in unknown.items()),
        _asked("serial-1-octet-good", section, ("good",), cert_id(SHORT)),
        _asked("serial-20-octets-good", section, ("good",), cert_id(LONG)),
    ]
