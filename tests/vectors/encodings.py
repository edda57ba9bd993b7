"""X.690 section 10 and RFC 6960 section 4.1.1: versions, BER forms, what is missing and what is too much."""

from pki_revocation.encoding.der import explicit, extension, integer, object_identifier, octet_string, sequence, tlv
from tests.vectors.authorities import GOOD, ISSUING
from tests.vectors.pieces import (
    HASHES,
    MALFORMED,
    UNKNOWN,
    Vector,
    cert_id,
    issuer_hashes,
    nonce,
    oid_of,
    raw_cert_id,
    request,
    signed_integer,
    single,
    tbs,
)

_ASKED = cert_id(GOOD)
_PLAIN = request(_ASKED)
_END = b"\0\0"


def vectors() -> list[Vector]:
    """All of them: every one is malformed."""
    groups = {
        "RFC 6960 4.1.1": _versions() | _lists(),
        "X.690 10.1": _lengths(),
        "X.690 11": _values(),
        "RFC 6960 2.3": _not_whole(),
    }
    return [
        Vector(name=name, section=section, request=octets, expected=MALFORMED)
        for section, found in groups.items()
        for name, octets in found.items()
    ]


def _versions() -> dict[str, bytes]:
    return {
        # DER leaves a DEFAULT out (X.690 section 11.5), so there is no right way to write v1.
        "version-v1-explicit": request(_ASKED, before=explicit(0, integer(0))),
        "version-v2": request(_ASKED, before=explicit(0, integer(1))),
        "version-minus-one": request(_ASKED, before=explicit(0, b"\x02\x01\xff")),
        "version-huge": request(_ASKED, before=explicit(0, integer(1 << 640))),
        "version-empty": request(_ASKED, before=explicit(0)),
    }


def _lists() -> dict[str, bytes]:
    return {
        "empty-list": request(),
        "no-list": sequence(sequence()),
        "empty-extensions": sequence(sequence(sequence(single(_ASKED)), explicit(2, sequence()))),
        "empty-single-extensions": sequence(tbs(sequence(_ASKED, explicit(0, sequence())))),
        "extensions-before-the-list": sequence(
            sequence(explicit(2, sequence(nonce(b"n" * 32))), sequence(single(_ASKED)))
        ),
        "request-without-cert-id": sequence(tbs(sequence())),
        "cert-id-without-serial": request(
            sequence(sequence(HASHES["sha256"]), *(octet_string(each) for each in issuer_hashes(ISSUING, "sha256")))
        ),
        "cert-id-with-two-serials": request(_with_serial(signed_integer(GOOD) * 2)),
        "set-for-sequence": b"\x31" + _PLAIN[1:],
        "cert-id-a-set": request(b"\x31" + _ASKED[1:]),
        "serial-an-enumerated": request(_with_serial(b"\x0a" + signed_integer(GOOD)[1:])),
        "hash-parameters-a-sequence": request(_with_algorithm(sequence(HASHES["sha256"], sequence()))),
        "hash-parameters-twice": request(_with_algorithm(sequence(HASHES["sha256"], b"\5\0\5\0"))),
        "hash-parameters-null-with-contents": request(_with_algorithm(sequence(HASHES["sha256"], b"\5\1\0"))),
        "no-hash-algorithm": request(_with_algorithm(sequence())),
    }


def _lengths() -> dict[str, bytes]:
    inner, asked = _PLAIN[2:], sequence(single(_ASKED))
    return {
        "indefinite-length": b"\x30\x80" + inner + _END,
        "indefinite-length-inside": sequence(b"\x30\x80" + asked + _END),
        "indefinite-cert-id": request(b"\x30\x80" + _ASKED[2:] + _END),
        "long-form-for-a-short-length": b"\x30\x81" + _PLAIN[1:],
        "leading-zero-in-a-length": b"\x30\x82\0" + _PLAIN[1:],
        "eighteen-octets-of-length": b"\x30\x92" + bytes(17) + _PLAIN[1:],
        "length-of-127-octets": b"\x30\xff" + bytes(127),
        "length-beyond-the-end": b"\x30" + bytes((_PLAIN[1] + 1,)) + inner,
        "length-before-the-end": b"\x30" + bytes((_PLAIN[1] - 1,)) + inner,
        "length-of-four-gigabytes": b"\x30\x84\xff\xff\xff\xff" + inner,
        "hash-with-long-length": request(_with_name_hash(b"\x04\x81\x20" + issuer_hashes(ISSUING, "sha256")[0])),
    }


def _values() -> dict[str, bytes]:
    name_hash, _ = issuer_hashes(ISSUING, "sha256")
    false = sequence(UNKNOWN, b"\x01\x01\0", octet_string(b""))
    true_as_one = sequence(UNKNOWN, b"\x01\x01\x01", octet_string(b""))
    return {
        "serial-not-minimal": request(_with_serial(tlv(2, b"\0" + GOOD.to_bytes(16)))),
        "serial-not-minimal-negative": request(_with_serial(tlv(2, b"\xff\xff"))),
        "serial-empty": request(_with_serial(b"\x02\0")),
        "constructed-hash": request(_with_name_hash(tlv(0x24, octet_string(name_hash)))),
        "false-written-out": request(_ASKED, extensions=(false,)),
        "true-as-one": request(_ASKED, extensions=(true_as_one,)),
        "empty-oid": request(_ASKED, extensions=(extension(oid_of(b""), b""),)),
        "oid-not-minimal": request(_ASKED, extensions=(extension(oid_of(b"\x2b\x80\x06"), b""),)),
        "oid-cut-off": request(_ASKED, extensions=(extension(oid_of(b"\x2b\x86"), b""),)),
        "high-tag-number": b"\x3f\x10" + _PLAIN[1:],
    }


def _not_whole() -> dict[str, bytes]:
    return {
        "nothing": b"",
        "one-octet": b"\x30",
        "empty-sequence": b"\x30\0",
        "octet-behind": _PLAIN + b"\0",
        "newline-behind": _PLAIN + b"\n",
        "twice": _PLAIN * 2,
        "value-behind-tbs-request": request(_ASKED, after=integer(1)),
        "value-behind-extensions": sequence(
            sequence(sequence(single(_ASKED)), explicit(2, sequence(nonce(b"n" * 32))), integer(1))
        ),
        "value-behind-cert-id": sequence(tbs(sequence(_ASKED, integer(1)))),
        "cut-off-by-one": _PLAIN[:-1],
        "cut-in-half": _PLAIN[: len(_PLAIN) // 2],
        "text": b"GET /ocsp HTTP/1.1\r\n\r\n",
        "pem": b"-----BEGIN OCSP REQUEST-----\n",
        "nested-thousands-deep": _nested(5_000),
        "signature-empty": request(_ASKED, after=explicit(0)),
        "signature-cut-off": request(_ASKED, after=explicit(0, sequence(sequence(HASHES["sha256"])))),
        "requestor-empty": request(_ASKED, before=explicit(1)),
        "unknown-field": request(_ASKED, before=explicit(5, sequence(object_identifier("1.3.6.1")))),
    }


def _nested(depth: int) -> bytes:
    # Each header says what is left; the innermost value is empty.
    octets = b""
    for _ in range(depth):
        octets = sequence(octets)
    return octets


def _with_serial(serial: bytes) -> bytes:
    return raw_cert_id(sequence(HASHES["sha256"]), *issuer_hashes(ISSUING, "sha256"), serial)


def _with_algorithm(algorithm: bytes) -> bytes:
    return raw_cert_id(algorithm, *issuer_hashes(ISSUING, "sha256"), signed_integer(GOOD))


def _with_name_hash(name_hash: bytes) -> bytes:
    key_hash = octet_string(issuer_hashes(ISSUING, "sha256")[1])
    return sequence(sequence(HASHES["sha256"]), name_hash, key_hash, signed_integer(GOOD))
