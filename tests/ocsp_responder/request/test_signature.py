"""Who may ask where that is restricted: RFC 6960 section 4.1.2, rule by rule."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from keys.algorithms import verifiable
from ocsp_responder.errors import SignatureRequired, Unauthorized
from ocsp_responder.request.message import RequestSignature, parse_request
from ocsp_responder.request.signature import MAX_CERTIFICATES, Requestors
from pki_revocation.encoding.declared import octets, values_of
from pki_revocation.encoding.der import NULL, bit_string, object_identifier, sequence, tlv
from pki_revocation.errors import ConfigurationError
from tests.fakes import FakeClock
from tests.ocsp_responder import messages
from tests.ocsp_responder.requestors import PLAIN, certificate_of, requestor_name, signed_request
from tests.pki import CertificateAuthority

KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
OURS, FOREIGN = CertificateAuthority("Clients CA"), CertificateAuthority("Foreign CA")
NAMESAKE = CertificateAuthority("Clients CA")


def _check(requestors: Requestors, data: bytes) -> None:
    requestors.check(parse_request(data))


def test_holder_of_a_listed_certificate_may_ask(clock: FakeClock) -> None:
    """With the certificate in the request, and without it: then it is found by the requestor's name."""
    certificate = certificate_of(KEY, FOREIGN, clock.now())
    requestors = Requestors([OURS.certificate, certificate], clock)

    _check(requestors, signed_request(PLAIN, KEY, certificate))
    _check(requestors, signed_request(PLAIN, KEY, certificate, enclosed=()))


def test_holder_of_a_certificate_of_a_listed_authority_may_ask(clock: FakeClock) -> None:
    """The certificate comes with the request, in any place among a few others."""
    certificate = certificate_of(KEY, OURS, clock.now())
    requestors = Requestors([OURS.certificate], clock)

    _check(requestors, signed_request(PLAIN, KEY, certificate))
    _check(requestors, signed_request(PLAIN, KEY, certificate, enclosed=(FOREIGN.certificate, certificate)))
    with pytest.raises(Unauthorized):
        _check(requestors, signed_request(PLAIN, KEY, certificate, enclosed=()))


def test_certificate_of_no_version_is_no_requestors(clock: FakeClock) -> None:
    """A client's octets raise nothing of the library's own: the right certificate behind such a one counts."""
    certificate = certificate_of(KEY, OURS, clock.now())
    requestors = Requestors([OURS.certificate], clock)
    data = signed_request(PLAIN, KEY, certificate)
    der = certificate.public_bytes(Encoding.DER)
    assert data.count(der) == 1
    unversioned = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"), 1)

    with pytest.raises(Unauthorized):
        _check(requestors, data.replace(der, unversioned))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_strong_hash_is_taken(clock: FakeClock, place: int) -> None:
    """RFC 5758: ECDSA with SHA-256, 384 and 512."""
    certificate = certificate_of(KEY, OURS, clock.now())
    algorithm = verifiable(KEY.public_key())[place]

    _check(Requestors([OURS.certificate], clock), signed_request(PLAIN, KEY, certificate, algorithm=algorithm))


def test_unsigned_is_told_to_sign(clock: FakeClock) -> None:
    """RFC 6960 section 2.3: sigRequired; a requestorName alone is no signature."""
    certificate = certificate_of(KEY, OURS, clock.now())
    requestors = Requestors([OURS.certificate, certificate], clock)
    named = messages.ocsp_request(messages.single(messages.cert_id()), before=requestor_name(certificate))

    for data in (PLAIN, named):
        with pytest.raises(SignatureRequired):
            _check(requestors, data)


SPOILT: dict[str, Callable[[RequestSignature], RequestSignature]] = {
    "no signature in the signature": lambda found: replace(found, bits=b""),
    "a signature of zeros": lambda found: replace(found, bits=bytes(70)),
    "over something else": lambda found: replace(found, signed=b"\x30\x00"),
    "another hash than was used": lambda found: replace(found, algorithm=messages.ECDSA_SHA384),
    "RFC 6960 5.1: SHA-1": lambda found: replace(found, algorithm=messages.ECDSA_SHA1),
    "an algorithm that the key has not": lambda found: replace(found, algorithm=messages.RSA_SHA256),
    "an unknown algorithm": lambda found: replace(found, algorithm=sequence(messages.OF_NOBODY)),
    "RFC 5758 3.2: parameters that ECDSA has not": lambda found: replace(
        found, algorithm=sequence(object_identifier("1.2.840.10045.4.3.2"), tlv(NULL))
    ),
    "a certificate that is none": lambda found: replace(found, certificates=(b"\x30\x00",)),
    "three that are none": lambda found: replace(found, certificates=(b"\x30\x03\x02\x01\x05",) * 3),
    "no certificate": lambda found: replace(found, certificates=()),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_bad_signature_is_unauthorized(clock: FakeClock, spoil: Callable[[RequestSignature], RequestSignature]) -> None:
    """What was good before one thing about it was changed."""
    certificate = certificate_of(KEY, OURS, clock.now())
    requestors = Requestors([OURS.certificate], clock)
    request = parse_request(signed_request(PLAIN, KEY, certificate))
    requestors.check(request)
    assert request.signature is not None

    with pytest.raises(Unauthorized):
        requestors.check(replace(request, signature=spoil(request.signature)))


def test_signature_by_nobody_in_particular_is_unauthorized(clock: FakeClock) -> None:
    """RFC 6960 section 4.1.2: who signs gives a requestorName."""
    certificate = certificate_of(KEY, OURS, clock.now())
    requestors = Requestors([OURS.certificate], clock)

    with pytest.raises(Unauthorized, match="names no requestor"):
        _check(requestors, signed_request(PLAIN, KEY, certificate, named=False))


@pytest.mark.parametrize("days", [-1, 2])
def test_certificate_must_be_valid_now(clock: FakeClock, days: int) -> None:
    """Neither before nor after its time, whether it is listed or its authority is."""
    certificate = certificate_of(KEY, OURS, clock.now())
    data = signed_request(PLAIN, KEY, certificate)
    clock.advance(timedelta(days=days))

    for listed in (OURS.certificate, certificate):
        with pytest.raises(Unauthorized):
            _check(Requestors([listed], clock), data)


def test_authority_must_be_valid_now(clock: FakeClock) -> None:
    """What outlives its authority counts no longer."""
    certificate = certificate_of(KEY, OURS, clock.now(), lifetime=timedelta(days=20 * 365))
    data = signed_request(PLAIN, KEY, certificate)
    clock.advance(timedelta(days=12 * 365))

    with pytest.raises(Unauthorized):
        _check(Requestors([OURS.certificate], clock), data)
    _check(Requestors([certificate], clock), data)


def test_strangers_may_not_ask(clock: FakeClock) -> None:
    """Another authority, another one of the same name, a key that is not the certificate's, and a self-made name."""
    requestors = Requestors([OURS.certificate], clock)
    ours = certificate_of(KEY, OURS, clock.now())

    for data in (
        signed_request(PLAIN, KEY, certificate_of(KEY, FOREIGN, clock.now())),
        signed_request(PLAIN, KEY, certificate_of(KEY, NAMESAKE, clock.now())),
        signed_request(PLAIN, OTHER_KEY, ours),
        signed_request(PLAIN, NAMESAKE.key, NAMESAKE.certificate),
    ):
        with pytest.raises(Unauthorized):
            _check(requestors, data)


def test_listed_client_is_no_authority(clock: FakeClock) -> None:
    """RFC 5280 section 4.2.1.9: without cA nobody issues; and one level below the file is all that counts."""
    client = certificate_of(KEY, OURS, clock.now())
    pretender = CertificateAuthority("Pretender")
    pretender.key, pretender.certificate = KEY, client
    issued = certificate_of(OTHER_KEY, pretender, clock.now())

    for listed in ([client], [OURS.certificate]):
        with pytest.raises(Unauthorized):
            _check(Requestors(listed, clock), signed_request(PLAIN, OTHER_KEY, issued, enclosed=(issued, client)))


@pytest.mark.parametrize(("signs", "taken"), [(None, True), (True, True), (False, False)])
def test_key_usage_is_kept_to(clock: FakeClock, *, signs: bool | None, taken: bool) -> None:
    """RFC 5280 section 4.2.1.3: a key that is not for signatures makes none that count."""
    certificate = certificate_of(KEY, OURS, clock.now(), signs=signs)
    data = signed_request(PLAIN, KEY, certificate)

    if taken:
        _check(Requestors([OURS.certificate], clock), data)
    else:
        with pytest.raises(Unauthorized):
            _check(Requestors([OURS.certificate], clock), data)


def test_only_a_few_certificates_are_looked_at(clock: FakeClock) -> None:
    """The right one counts as the eighth, and behind that nobody looks."""
    certificate = certificate_of(KEY, OURS, clock.now())
    requestors = Requestors([OURS.certificate], clock)
    others = (FOREIGN.certificate,) * MAX_CERTIFICATES

    _check(requestors, signed_request(PLAIN, KEY, certificate, enclosed=(*others[:-1], certificate)))
    with pytest.raises(Unauthorized):
        _check(requestors, signed_request(PLAIN, KEY, certificate, enclosed=(*others, certificate)))


def test_weak_certificate_counts_for_nothing(clock: FakeClock) -> None:
    """RFC 6960 section 5.1: an authority's SHA-1 is no proof of anything, while the request's own signature is good."""
    strong = certificate_of(KEY, OURS, clock.now())
    fields = [octets(each) for each in values_of(strong.tbs_certificate_bytes)]
    tbs = sequence(*fields[:2], messages.ECDSA_SHA1, *fields[3:])
    signature = OURS.key.sign(tbs, ec.ECDSA(hashes.SHA1()))  # noqa: S303 - what must be refused
    weak = x509.load_der_x509_certificate(sequence(tbs, messages.ECDSA_SHA1, bit_string(signature)))

    _check(Requestors([OURS.certificate], clock), signed_request(PLAIN, KEY, strong))
    with pytest.raises(Unauthorized):
        _check(Requestors([OURS.certificate], clock), signed_request(PLAIN, KEY, weak))


@pytest.mark.parametrize("new", [["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["rsa:2048"]], ids=["P-256", "RSA"])
def test_openssl_signs_requests(clock: FakeClock, tmp_path: Path, new: list[str]) -> None:
    """`openssl ocsp -signer` names the requestor and encloses its certificate, and is taken."""
    (tmp_path / "ca.pem").write_bytes(OURS.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "one.pem").write_bytes(OURS.issue("Zorg BV", clock.now()).public_bytes(Encoding.PEM))
    subprocess.run(["openssl", "req", "-x509", "-newkey", *new, "-nodes", "-subj", "/C=NL/CN=asker", "-days", "3650",
                    "-keyout", "key.pem", "-out", "asker.pem"],
                   check=True, capture_output=True, cwd=tmp_path)  # fmt: skip
    subprocess.run(["openssl", "ocsp", "-issuer", "ca.pem", "-cert", "one.pem", "-signer", "asker.pem",
                    "-signkey", "key.pem", "-reqout", "request.der"],
                   check=True, capture_output=True, cwd=tmp_path)  # fmt: skip
    asker = x509.load_pem_x509_certificate((tmp_path / "asker.pem").read_bytes())
    clock.advance(asker.not_valid_before_utc + timedelta(hours=1) - clock.now())

    _check(Requestors([asker], clock), (tmp_path / "request.der").read_bytes())
    with pytest.raises(Unauthorized):
        _check(Requestors([OURS.certificate], clock), (tmp_path / "request.der").read_bytes())


def test_file_of_certificates(clock: FakeClock, tmp_path: Path) -> None:
    """PEM, one behind the other, text between them."""
    certificate = certificate_of(KEY, FOREIGN, clock.now())
    file = tmp_path / "requestors.pem"
    file.write_bytes(
        b"Those who may ask:\n" + b"".join(each.public_bytes(Encoding.PEM) for each in (OURS.certificate, certificate))
    )

    requestors = Requestors.load(file, clock)

    _check(requestors, signed_request(PLAIN, KEY, certificate))
    _check(requestors, signed_request(PLAIN, OTHER_KEY, certificate_of(OTHER_KEY, OURS, clock.now())))


@pytest.mark.parametrize(
    "content", [None, b"", b"hello", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"]
)
def test_file_that_cannot_be_used_is_said(clock: FakeClock, tmp_path: Path, content: bytes | None) -> None:
    """One sentence with the setting and the file, before anything is answered."""
    file = tmp_path / "requestors.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"^\[ocsp\] requestors: .*requestors\.pem "):
        Requestors.load(file, clock)
