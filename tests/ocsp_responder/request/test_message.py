"""Reading OCSPRequests: what RFC 6960 and RFC 9654 allow goes in, and nothing else."""

import subprocess
from pathlib import Path

import pytest
from asn1crypto import ocsp as judge
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import load_der_ocsp_request

from ocsp_responder.errors import MalformedRequest
from ocsp_responder.request.extensions import PreferredSignature
from ocsp_responder.request.message import RequestSignature, parse_request
from pki_revocation.encoding.der import NULL, explicit, extension, object_identifier, octet_string, sequence, tlv
from tests.fakes import FakeClock
from tests.ocsp_responder import messages
from tests.ocsp_responder.messages import cert_id, nonce, ocsp_request, single
from tests.pki import CertificateAuthority

ONE = single(cert_id())
NULL_5 = tlv(NULL)
VALID = ocsp_request(ONE)


@pytest.mark.parametrize("octets", [1, 15, 16, 32, 33, 128])
def test_reads_what_cryptography_builds(authority: CertificateAuthority, clock: FakeClock, octets: int) -> None:
    """CertID and nonce of a request by another hand, over RFC 9654 section 2.1's lengths."""
    certificate = authority.issue("Zorg BV", clock.now())
    value = bytes(range(octets))

    request = parse_request(messages.built(certificate, authority.certificate, value))

    (asked,) = request.cert_ids
    assert asked.serial == certificate.serial_number
    assert asked.hash_algorithm == messages.OIDS["sha256"]
    assert request.nonce == value
    assert messages.built(certificate, authority.certificate, value).count(asked.raw) == 1


def test_reads_what_openssl_writes(authority: CertificateAuthority, clock: FakeClock, tmp_path: Path) -> None:
    """Two certificates and a signature in one request of `openssl ocsp -reqout` (RFC 6960 section 4.1)."""
    issuer, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    issuer.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    issued = [authority.issue(f"Zorg {place}", clock.now()) for place in range(2)]
    for place, certificate in enumerate(issued):
        (tmp_path / f"{place}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=asker", "-keyout", key, "-out", tmp_path / "asker.pem"],
                   check=True, capture_output=True)  # fmt: skip
    subprocess.run(["openssl", "ocsp", "-issuer", issuer, "-cert", "0.pem", "-sha256", "-cert", "1.pem", "-nonce",
                    "-signer", "asker.pem", "-signkey", key, "-reqout", "request.der"],
                   check=True, capture_output=True, cwd=tmp_path)  # fmt: skip

    request = parse_request((tmp_path / "request.der").read_bytes())

    assert [each.serial for each in request.cert_ids] == [certificate.serial_number for certificate in issued]
    assert request.nonce is not None


def test_keeps_each_cert_id_as_it_was_asked() -> None:
    """RFC 6960 section 4.2.2.3: the answer repeats the CertID, so its octets are kept, in order."""
    asked = [
        cert_id(messages.algorithm(name, parameters), serial=bytes([2, 1, place + 1]))
        for place, (name, parameters) in enumerate([("sha1", tlv(NULL)), ("sha256", b""), ("sha512", tlv(NULL))])
    ]

    request = parse_request(ocsp_request(*map(single, asked)))

    assert [each.raw for each in request.cert_ids] == asked
    assert [each.serial for each in request.cert_ids] == [1, 2, 3]
    listed = judge.OCSPRequest.load(ocsp_request(*map(single, asked)), strict=True)["tbs_request"]["request_list"]
    assert [each["req_cert"].dump() for each in listed] == asked


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(ocsp_request(ONE, before=messages.REQUESTOR), id="RFC 6960 4.1.2: requestorName, unsigned"),
        pytest.param(ocsp_request(ONE, after=messages.SIGNATURE), id="RFC 9919 3.1.2: signed, ignored"),
        pytest.param(ocsp_request(ONE, before=messages.REQUESTOR, after=messages.SIGNATURE), id="RFC 6960 4.1.2: both"),
        pytest.param(
            ocsp_request(ONE, extensions=(extension(messages.OF_NOBODY, b"?"),)),
            id="RFC 6960 4.1.2: unknown extension, not critical",
        ),
        pytest.param(
            ocsp_request(single(cert_id(), extension(messages.OF_NOBODY, b"?"))),
            id="RFC 6960 4.1.2: unknown extension of one certificate, not critical",
        ),
        pytest.param(
            ocsp_request(ONE, extensions=(messages.preferred(critical=True),)),
            id="RFC 6960 4.4.7: preferred signature algorithms, critical, none",
        ),
        pytest.param(
            ocsp_request(ONE, extensions=(extension(messages.ACCEPTABLE_RESPONSES, sequence(messages.BASIC)),)),
            id="RFC 6960 4.4.3: acceptable responses",
        ),
        pytest.param(
            ocsp_request(
                ONE, extensions=(extension(messages.ACCEPTABLE_RESPONSES, sequence(messages.OF_NOBODY), critical=True),)
            ),
            id="RFC 6960 4.4.3: acceptable responses without basic, critical",
        ),
        pytest.param(
            ocsp_request(single(cert_id(), messages.LOCATOR)),
            id="RFC 6960 4.4.6: service locator",
        ),
        pytest.param(
            ocsp_request(
                single(cert_id(), extension(messages.SERVICE_LOCATOR, sequence(messages.A_NAME), critical=True))
            ),
            id="RFC 6960 4.4.6: service locator without a place, critical",
        ),
        pytest.param(
            ocsp_request(single(cert_id(), nonce(b""))), id="RFC 9654 2.1: a nonce of one certificate is no nonce"
        ),
    ],
)
def test_accepts_and_ignores(data: bytes) -> None:
    """What changes nothing about the question does not spoil it."""
    request = parse_request(data)

    assert [each.serial for each in request.cert_ids] == [5]
    assert request.nonce is None
    assert request.preferred_signatures == ()


def test_preferred_signature_algorithms_in_order() -> None:
    """RFC 6960 section 4.4.7.1: as they were listed, each with the key that it should be where one is said."""
    ec_key = sequence(object_identifier("1.2.840.10045.2.1"), object_identifier("1.2.840.10045.3.1.7"))
    unknown = sequence(messages.OF_NOBODY, NULL_5)
    listed = sequence(sequence(messages.ECDSA_SHA256, ec_key), sequence(messages.RSA_SHA512), sequence(unknown))

    request = parse_request(ocsp_request(ONE, extensions=(extension(messages.PREFERRED_SIGNATURES, listed),)))

    assert request.preferred_signatures == (
        PreferredSignature(algorithm=messages.ECDSA_SHA256, key=ec_key),
        PreferredSignature(algorithm=messages.RSA_SHA512, key=None),
        PreferredSignature(algorithm=unknown, key=None),
    )


def test_signature_is_kept_with_what_it_signs() -> None:
    """RFC 6960 section 4.1.1: the TBSRequest's own octets, the algorithm, whole octets of signature, certificates."""
    data = ocsp_request(ONE, before=messages.REQUESTOR, after=messages.SIGNATURE)

    request = parse_request(data)

    assert request.requestor_name == tlv(0x82, b"relying.example")
    assert request.signature == RequestSignature(
        signed=ocsp_request(ONE, before=messages.REQUESTOR)[2:],
        algorithm=messages.algorithm(),
        bits=b"\x55" * 64,
        certificates=(sequence(),),
    )
    assert judge.OCSPRequest.load(data, strict=True)["tbs_request"].dump() == request.signature.signed


def test_critical_nonce_is_known() -> None:
    """RFC 9654 section 2.1 says nothing against a critical nonce."""
    assert parse_request(ocsp_request(ONE, extensions=(nonce(b"n" * 16, critical=True),))).nonce == b"n" * 16


@pytest.mark.parametrize(
    ("content", "serial"),
    [(b"\x00", 0), (b"\xff", -1), (b"\x00\x80", 128), (b"\x7f" * 30, int.from_bytes(b"\x7f" * 30))],
)
def test_serials_that_no_certificate_has_are_read(content: bytes, serial: int) -> None:
    """RFC 6960 section 4.1.1: CertificateSerialNumber is any INTEGER; what it means is for the status to say."""
    assert parse_request(ocsp_request(single(cert_id(serial=tlv(2, content))))).cert_ids[0].serial == serial


MALFORMED = {
    "empty": b"",
    "no DER": b"hello",
    "X.690 10.1: indefinite length": b"\x30\x80" + VALID[2:] + b"\0\0",
    "X.690 10.1: length not minimal": b"\x30\x81" + VALID[1:],
    "trailing octets": VALID + b"\0",
    "trailing octets inside": sequence(VALID[2:], b"\0"),
    "cut off": VALID[:-1],
    "RFC 6960 4.1.1: empty list": messages.EMPTY_LIST,
    "X.690 11.5: version v1 said": ocsp_request(ONE, before=messages.EXPLICIT_V1),
    "RFC 6960 4.1.1: version v2": ocsp_request(ONE, before=messages.EXPLICIT_V2),
    "RFC 6960 4.1.1: a Request of another type": ocsp_request(octet_string(b"")),
    "RFC 6960 4.1.1: a CertID of another type": ocsp_request(sequence(octet_string(b""))),
    "RFC 6960 4.1.1: no serial": ocsp_request(single(cert_id(serial=b""))),
    "RFC 6960 4.1.1: something behind the serial": ocsp_request(single(cert_id(serial=b"\x02\x01\x05\x05\x00"))),
    "X.690 8.3.1: empty INTEGER": ocsp_request(single(cert_id(serial=b"\x02\x00"))),
    "X.690 8.3.2: INTEGER not minimal": ocsp_request(single(cert_id(serial=b"\x02\x02\x00\x05"))),
    "X.690 8.3.2: negative INTEGER not minimal": ocsp_request(single(cert_id(serial=b"\x02\x02\xff\x85"))),
    "RFC 5754 2: parameters of another type": ocsp_request(
        single(cert_id(messages.algorithm(parameters=octet_string(b""))))
    ),
    "X.690 8.8.2: NULL with contents": ocsp_request(single(cert_id(messages.algorithm(parameters=b"\x05\x01\x00")))),
    "X.690 8.19: empty OBJECT IDENTIFIER": ocsp_request(single(cert_id(sequence(b"\x06\x00")))),
    "X.690 8.19: OBJECT IDENTIFIER cut off": ocsp_request(single(cert_id(sequence(b"\x06\x02\x2b\x8e")))),
    "X.690 8.19.2: OBJECT IDENTIFIER not minimal": ocsp_request(single(cert_id(sequence(b"\x06\x03\x2b\x80\x0e")))),
    "X.690 8.19: OBJECT IDENTIFIER of more than 63 octets": ocsp_request(
        ONE, extensions=(extension(tlv(0x06, b"\x2b" + b"\x0f" * 63), b""),)
    ),
    "X.690 8.7: OCTET STRING in pieces": ocsp_request(
        single(sequence(messages.algorithm(), tlv(0x24, octet_string(b"n")), octet_string(b"k"), b"\x02\x01\x05"))
    ),
    "RFC 6960 4.1.1: requestorName of two": ocsp_request(ONE, before=explicit(1, b"\x82\x00\x82\x00")),
    "RFC 6960 4.1.1: extensions twice": sequence(sequence(sequence(ONE), *[explicit(2, sequence(nonce(b"n")))] * 2)),
    "RFC 5280 4.1: empty list of extensions": sequence(sequence(sequence(ONE), explicit(2, sequence()))),
    "X.690 11.5: FALSE said": ocsp_request(
        ONE, extensions=(sequence(messages.OF_NOBODY, b"\x01\x01\x00", octet_string(b"")),)
    ),
    "X.690 11.1: another TRUE": ocsp_request(
        ONE, extensions=(sequence(messages.NONCE, b"\x01\x01\x01", octet_string(octet_string(b"n"))),)
    ),
    "RFC 6960 4.1.2: unknown critical extension": ocsp_request(
        ONE, extensions=(extension(messages.OF_NOBODY, b"", critical=True),)
    ),
    "RFC 6960 4.1.2: unknown critical extension of one certificate": ocsp_request(
        single(cert_id(), extension(messages.OF_NOBODY, b"", critical=True))
    ),
    "RFC 9654 2.1: nonce of no octet": ocsp_request(ONE, extensions=(nonce(b""),)),
    "RFC 9654 2.1: nonce of 129 octets": ocsp_request(ONE, extensions=(nonce(b"n" * 129),)),
    "RFC 9654 2.1: two nonces": ocsp_request(ONE, extensions=(nonce(b"n" * 32), nonce(b"n" * 32))),
    "RFC 9654 2.1: nonce is no OCTET STRING": ocsp_request(
        ONE, extensions=(extension(messages.NONCE, b"\x02\x01\x05"),)
    ),
    "RFC 9654 2.1: nonce is not wrapped": ocsp_request(ONE, extensions=(extension(messages.NONCE, b"n" * 32),)),
    "RFC 9654 2.1: something behind the nonce": ocsp_request(
        ONE, extensions=(extension(messages.NONCE, octet_string(b"n" * 32) + b"\0"),)
    ),
    "RFC 5280 4.2: preferred signature algorithms twice": ocsp_request(ONE, extensions=(messages.preferred(),) * 2),
    "RFC 5280 4.2: service locator twice": ocsp_request(single(cert_id(), messages.LOCATOR, messages.LOCATOR)),
    **{
        f"RFC 6960 4.4.7.1: {name}": ocsp_request(ONE, extensions=(extension(messages.PREFERRED_SIGNATURES, value),))
        for name, value in {
            "no list": b"",
            "list of another type": octet_string(b""),
            "something behind the list": sequence() + b"\0",
            "empty PreferredSignatureAlgorithm": sequence(sequence()),
            "an algorithm without SEQUENCE": sequence(messages.RSA_SHA256),
            "an algorithm without OBJECT IDENTIFIER": sequence(sequence(sequence(tlv(NULL)))),
            "an OBJECT IDENTIFIER not minimal": sequence(sequence(sequence(b"\x06\x03\x2b\x80\x0e"))),
            "two parameters": sequence(sequence(sequence(messages.OF_NOBODY, NULL_5, NULL_5))),
            "a NULL with contents": sequence(sequence(sequence(messages.OF_NOBODY, b"\x05\x01\x00"))),
            "a key of another type": sequence(sequence(messages.RSA_SHA256, octet_string(b""))),
            "something behind the key": sequence(sequence(*[messages.RSA_SHA256] * 3)),
        }.items()
    },
    **{
        f"RFC 6960 4.4.3: {name}": ocsp_request(ONE, extensions=(extension(messages.ACCEPTABLE_RESPONSES, value),))
        for name, value in {
            "no list": b"",
            "a response type of another type": sequence(octet_string(b"")),
            "an OBJECT IDENTIFIER cut off": sequence(b"\x06\x02\x2b\x8e"),
        }.items()
    },
    **{
        f"RFC 6960 4.4.6: {name}": ocsp_request(single(cert_id(), extension(messages.SERVICE_LOCATOR, value)))
        for name, value in {
            "empty": b"",
            "no issuer": sequence(),
            "a name of no sets": sequence(sequence(sequence())),
            "a place of another type": sequence(messages.A_NAME, octet_string(b"")),
            "an AccessDescription without a method": sequence(messages.A_NAME, sequence(sequence())),
            "an AccessDescription without a location": sequence(
                messages.A_NAME, sequence(sequence(messages.OF_NOBODY))
            ),
            "something behind the location": sequence(
                messages.A_NAME, sequence(sequence(messages.OF_NOBODY, NULL_5, NULL_5))
            ),
            "something behind the place": sequence(messages.A_NAME, messages.A_PLACE, NULL_5),
            "a name whose values are cut off": sequence(sequence(tlv(0x31, b"\x30\x05\x00"))),
            "a name whose values are not in DER's order": sequence(sequence(tlv(0x31, b"\x0c\x01b\x0c\x01a"))),
        }.items()
    },
    "RFC 6960 4.1.1: signature of another type": ocsp_request(ONE, after=explicit(0, octet_string(b""))),
    "RFC 6960 4.1.1: signature without bits": ocsp_request(ONE, after=explicit(0, sequence(messages.algorithm()))),
    "X.690 8.6.2: signature of no octets at all": ocsp_request(
        ONE, after=explicit(0, sequence(messages.algorithm(), b"\x03\x00"))
    ),
    "RFC 6960 4.1.1: signature of bits that fill no octet": ocsp_request(
        ONE, after=explicit(0, sequence(messages.algorithm(), b"\x03\x02\x04\xf0"))
    ),
    "RFC 6960 4.1.1: certificates that are no list": ocsp_request(
        ONE, after=explicit(0, sequence(messages.algorithm(), b"\x03\x02\x00\xff", explicit(0, octet_string(b""))))
    ),
    "X.690 8.1.2.4: a certificate with a high tag number": ocsp_request(
        ONE,
        after=explicit(0, sequence(messages.algorithm(), b"\x03\x02\x00\xff", explicit(0, sequence(b"\x3f\x1f\x00")))),
    ),
    "RFC 6960 4.1.1: something behind the signature": ocsp_request(ONE, after=messages.SIGNATURE + b"\x05\x00"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses(data: bytes) -> None:
    """Anything but the DER of a request is malformedRequest (RFC 6960 section 2.3)."""
    with pytest.raises(MalformedRequest):
        parse_request(data)


def test_number_of_certificates_is_bounded() -> None:
    """As many certificates as the setting allows, and not one more (RFC 9919 section 8.4)."""
    assert len(parse_request(ocsp_request(*[ONE] * 100)).cert_ids) == 100
    assert len(parse_request(ocsp_request(*[ONE] * 3), max_cert_ids=3).cert_ids) == 3
    with pytest.raises(MalformedRequest):
        parse_request(ocsp_request(*[ONE] * 101))
    with pytest.raises(MalformedRequest):
        parse_request(ocsp_request(*[ONE] * 4), max_cert_ids=3)


A_FEW, MANY = 16, 64


def _of(count: int) -> dict[str, bytes]:
    """Requests with lists of so many values: of extensions, and of everything else."""
    other = extension(messages.OF_NOBODY, b"")
    return {
        "extensions": ocsp_request(ONE, extensions=(other,) * count),
        "extensions of one certificate": ocsp_request(single(cert_id(), *[other] * count)),
        "preferred signature algorithms": ocsp_request(
            ONE, extensions=(messages.preferred(*[messages.RSA_SHA1] * count),)
        ),
        "acceptable responses": ocsp_request(
            ONE, extensions=(extension(messages.ACCEPTABLE_RESPONSES, sequence(*[messages.BASIC] * count)),)
        ),
        "certificates": ocsp_request(
            ONE,
            after=explicit(
                0, sequence(messages.algorithm(), b"\x03\x02\x00\xff", explicit(0, sequence(*[ONE] * count)))
            ),
        ),
        "places of a service locator": ocsp_request(
            single(
                cert_id(),
                extension(
                    messages.SERVICE_LOCATOR,
                    sequence(messages.A_NAME, sequence(*[sequence(messages.OF_NOBODY, NULL_5)] * count)),
                ),
            )
        ),
        "relative names": ocsp_request(
            single(cert_id(), extension(messages.SERVICE_LOCATOR, sequence(sequence(*[tlv(0x31)] * count))))
        ),
    }


@pytest.mark.parametrize("kind", _of(0))
def test_lists_are_bounded(kind: str) -> None:
    """RFC 9919 section 8.4: 64 kB of values that nobody has a use for are not read one by one."""
    most = A_FEW if kind.startswith("extensions") else MANY
    parse_request(_of(most)[kind])

    with pytest.raises(MalformedRequest, match="more than"):
        parse_request(_of(most + 1)[kind])


def test_the_pieces_are_what_the_judge_reads() -> None:
    """asn1crypto finds in the tests' own pieces what they mean to say, so that the tables above spoil real requests."""
    data = ocsp_request(
        single(cert_id(), messages.LOCATOR),
        before=messages.REQUESTOR,
        extensions=(
            nonce(b"n" * 32),
            messages.preferred(messages.RSA_SHA384, messages.ECDSA_SHA256),
            extension(messages.ACCEPTABLE_RESPONSES, sequence(messages.BASIC)),
        ),
    )

    read = judge.OCSPRequest.load(data, strict=True)

    assert read.nonce_value.native == b"n" * 32
    assert read["tbs_request"]["requestor_name"].native == "relying.example"
    assert read["tbs_request"]["request_list"][0]["req_cert"]["serial_number"].native == 5
    wishes = read.preferred_signature_algorithms_value
    assert [each["sig_identifier"]["algorithm"].native for each in wishes] == ["sha384_rsa", "sha256_ecdsa"]
    assert read.acceptable_responses_value.native == ["basic_ocsp_response"]
    located = read["tbs_request"]["request_list"][0].service_locator_value
    assert located["issuer"].native == {"common_name": "Elsewhere"}
    assert located["locator"][0]["access_location"].native == "http://elsewhere.example/"
    assert load_der_ocsp_request(VALID).serial_number == 5
