"""RFC 6960 sections 4.1.2 and 4.4: extensions that are known, unknown or critical, signatures and requestorNames."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.encoding.der import bit_string, explicit, extension, sequence, tlv
from tests.vectors.authorities import GOOD, ISSUING, REQUESTOR, STRANGER, Requestor
from tests.vectors.pieces import (
    ACCEPTABLE_RESPONSES,
    BASIC,
    ECDSA_WITH_SHA1,
    ECDSA_WITH_SHA256,
    MALFORMED,
    PREFERRED_SIGNATURES,
    SERVICE_LOCATOR,
    UNKNOWN,
    Vector,
    cert_id,
    nonce,
    request,
    single,
    tbs,
)

_ASKED = cert_id(GOOD)
_VALUE = b"\x04\x03abc"


def vectors() -> list[Vector]:
    """All of them."""
    return [*_request_extensions(), *_single_extensions(), *_signed()]


def service_locator(url: str) -> bytes:
    """A service locator (RFC 6960 section 4.4.6) that sends the responder to an address."""
    access = sequence(bytes.fromhex("06082b06010505073001"), tlv(0x86, url.encode()))
    return extension(SERVICE_LOCATOR, sequence(ISSUING.certificate.subject.public_bytes(), sequence(access)))


def requestor_name(requestor: Requestor) -> bytes:
    """[1] requestorName: the directoryName of who asks."""
    return explicit(1, explicit(4, requestor.certificate.subject.public_bytes()))


def signed(requestor: Requestor, *cert_ids: bytes, extensions: tuple[bytes, ...] = ()) -> bytes:
    """A request with requestorName, signature and certificate (RFC 6960 section 4.1.2)."""
    asked = tbs(*(single(each) for each in cert_ids), before=requestor_name(requestor), extensions=extensions)
    signature = requestor.key.sign(asked, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return sequence(asked, _signature(requestor, signature))


def _signature(requestor: Requestor, octets: bytes) -> bytes:
    certificate = requestor.certificate.public_bytes(Encoding.DER)
    return explicit(0, sequence(sequence(ECDSA_WITH_SHA256), bit_string(octets), explicit(0, sequence(certificate))))


def _good(name: str, section: str, octets: bytes) -> Vector:
    return Vector(name=name, section=section, request=octets, expected=("good",), cert_ids=(_ASKED,))


def _preferred(*algorithms: bytes) -> bytes:
    return extension(PREFERRED_SIGNATURES, sequence(*(sequence(sequence(each)) for each in algorithms)))


def _request_extensions() -> list[Vector]:
    ignored = {
        "unknown-extension": ("RFC 6960 4.1.2", (extension(UNKNOWN, _VALUE),)),
        "two-unknown-extensions": ("RFC 6960 4.1.2", (extension(UNKNOWN, _VALUE), extension(UNKNOWN, b""))),
        "preferred-sha256": ("RFC 6960 4.4.7", (_preferred(ECDSA_WITH_SHA256),)),
        "preferred-sha1-alone": ("RFC 6960 5.1", (_preferred(ECDSA_WITH_SHA1),)),
        "preferred-unknown": ("RFC 6960 4.4.7", (_preferred(UNKNOWN),)),
        "acceptable-basic": ("RFC 6960 4.4.3", (extension(ACCEPTABLE_RESPONSES, sequence(BASIC)),)),
        "acceptable-basic-and-other": ("RFC 6960 4.4.3", (extension(ACCEPTABLE_RESPONSES, sequence(UNKNOWN, BASIC)),)),
    }
    critical = extension(UNKNOWN, _VALUE, critical=True)
    return [
        *(_good(name, section, request(_ASKED, extensions=listed)) for name, (section, listed) in ignored.items()),
        Vector(name="unknown-critical-extension", section="RFC 6960 4.1.2",
               request=request(_ASKED, extensions=(critical,)), expected=MALFORMED),
        Vector(name="unknown-critical-behind-nonce", section="RFC 6960 4.1.2",
               request=request(_ASKED, extensions=(nonce(b"n" * 32), critical)), expected=MALFORMED),
    ]  # fmt: skip


def _single_extensions() -> list[Vector]:
    unknown = extension(UNKNOWN, _VALUE)
    critical = extension(UNKNOWN, _VALUE, critical=True)
    locator = service_locator("http://127.0.0.1:9/ocsp")
    return [
        _good("unknown-single-extension", "RFC 6960 4.1.2", sequence(tbs(single(_ASKED, unknown)))),
        _good("service-locator", "RFC 6960 4.4.6", sequence(tbs(single(_ASKED, locator)))),
        Vector(name="unknown-critical-single-extension", section="RFC 6960 4.1.2",
               request=sequence(tbs(single(_ASKED, critical))), expected=MALFORMED),
        Vector(name="critical-in-the-second-request", section="RFC 6960 4.1.2",
               request=sequence(tbs(single(_ASKED), single(_ASKED, unknown, critical))), expected=MALFORMED),
    ]  # fmt: skip


def _signed() -> list[Vector]:
    asked = tbs(single(_ASKED), before=requestor_name(REQUESTOR))
    no_signature = bytes.fromhex("3006020101020101")
    mail = explicit(1, tlv(0x81, b"asker@relying.example"))
    return [
        _good("signed", "RFC 6960 4.1.2, RFC 9919 3.1.2", signed(REQUESTOR, _ASKED)),
        _good("signed-by-a-stranger", "RFC 9919 3.1.2", signed(STRANGER, _ASKED)),
        _good("signed-wrongly", "RFC 9919 3.1.2", sequence(asked, _signature(REQUESTOR, no_signature))),
        _good("signed-without-certificates", "RFC 6960 4.1.2",
              sequence(asked, explicit(0, sequence(sequence(ECDSA_WITH_SHA256), bit_string(b"\x55" * 70))))),
        _good("requestor-name-unsigned", "RFC 9919 3.1.2", sequence(asked)),
        _good("requestor-mail-address", "RFC 6960 4.1.1", sequence(tbs(single(_ASKED), before=mail))),
    ]  # fmt: skip
