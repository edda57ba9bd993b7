"""ML-DSA (FIPS 204, RFC 9881) judged by two that are not `cryptography`, over the very octets that were signed."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from keys.files.file_key import KEY_TYPES
from pki_revocation.encoding.declared import octets, values_of
from pki_revocation.encoding.der import BIT_STRING
from tests.integration.running_demo import RunningDemo, free_port_base
from tests.interop.ml_dsa_judges import FIPS_204, Signed, fips_204_says, openssl_says
from tests.interop.signed_set import SignedSet
from tests.waiting import wait_until


@pytest.fixture(scope="module", params=list(FIPS_204))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, SignedSet]:
    """What a CA and a responder with keys of one parameter set sign."""
    key_type: str = request.param
    key, delegated = KEY_TYPES[key_type](), KEY_TYPES[key_type]()
    return key_type, SignedSet(tmp_path_factory.mktemp(key_type), key, delegated)


def _signed(made: SignedSet) -> list[Signed]:
    """Each signed thing: the signer's key, the octets under the signature, the signature."""
    ca, delegate = made.ca.key.public_key(), made.delegate.key.public_key()
    certificate = made.delegate.certificate
    crl = x509.load_der_x509_crl(made.crl)
    found = [
        Signed(ca, certificate.tbs_certificate_bytes, certificate.signature),
        Signed(ca, crl.tbs_certlist_bytes, crl.signature),
    ]
    for name in ("good", "revoked"):
        answer = ocsp.load_der_ocsp_response(made.answer(name))
        found.append(Signed(delegate, answer.tbs_response_bytes, answer.signature))
    return found


def test_openssl_verifies(made: tuple[str, SignedSet]) -> None:
    """Certificate, CRL and answers, and the chain; one octet changed, and none verifies."""
    signed = _signed(made[1])
    spoilt = [each._replace(text=each.text[:-1] + bytes([each.text[-1] ^ 1])) for each in signed]
    ca, delegate = ((made[1].folder / name).read_text() for name in ("ca.pem", "delegate.pem"))

    right, wrong = openssl_says(ca, delegate, signed), openssl_says(ca, delegate, spoilt)

    assert str(right["openssl"]) >= "3.5"
    assert right["chain"] is True
    assert right["signed"] == [True] * len(signed)
    assert wrong["signed"] == [False] * len(signed)


def test_another_implementation_verifies(made: tuple[str, SignedSet]) -> None:
    """FIPS 204 algorithm 3 in Python, pure and with an empty context (RFC 9881 section 3)."""
    key_type, given = made
    for each in _signed(given):
        assert fips_204_says(key_type, each)
        assert not fips_204_says(key_type, each._replace(text=each.text + b"!"))
        assert not fips_204_says(key_type, each, context=b"x")


@pytest.mark.long
def test_demo_from_end_to_end(tmp_path: Path) -> None:
    """`pki-revocation demo --key-type mldsa65`: what it serves, before and after a revocation, both judges verify."""
    base = str(free_port_base())
    demo = RunningDemo(tmp_path / "demo", ["--certificates", "2", "--port-base", base, "--key-type", "mldsa65"]).start()
    try:
        before = _served(demo)
        assert demo.revoke(0)[0] == 200
        wait_until(lambda: _listed(demo) == 1, 10, "the revocation on the CRL")
        after = _served(demo)
    finally:
        demo.stop()

    assert [answer.certificate_status for answer in (before[1], after[1])] == [
        ocsp.OCSPCertStatus.GOOD,
        ocsp.OCSPCertStatus.REVOKED,
    ]
    issuer = x509.load_pem_x509_certificate((demo.directory / "issuer.pem").read_bytes())
    for crl, answer in (before, after):
        (delegate,) = answer.certificates
        signed = [
            Signed(issuer.public_key(), crl.tbs_certlist_bytes, crl.signature),
            Signed(issuer.public_key(), delegate.tbs_certificate_bytes, delegate.signature),
            Signed(delegate.public_key(), answer.tbs_response_bytes, answer.signature),
        ]
        ca_pem, delegate_pem = (each.public_bytes(Encoding.PEM).decode() for each in (issuer, delegate))
        assert openssl_says(ca_pem, delegate_pem, signed)["signed"] == [True] * len(signed)
        assert all(fips_204_says("mldsa65", each) for each in signed)


def _served(demo: RunningDemo) -> tuple[x509.CertificateRevocationList, ocsp.OCSPResponse]:
    """The CRL and an answer about the first certificate, as they come over HTTP."""
    certificate = x509.load_pem_x509_certificate(Path(demo.path(demo.certificate(0)["certificate"])).read_bytes())
    issuer = x509.load_pem_x509_certificate((demo.directory / "issuer.pem").read_bytes())
    question = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    headers = {"Content-Type": "application/ocsp-request"}
    _, _, answer = demo.fetch("POST", demo.contract["ocsp_url"], question.public_bytes(Encoding.DER), headers)
    _, _, crl = demo.fetch("GET", demo.contract["crl_url"])
    return x509.load_der_x509_crl(crl), ocsp.load_der_ocsp_response(answer)


def _listed(demo: RunningDemo) -> int:
    return len(x509.load_der_x509_crl(demo.fetch("GET", demo.contract["crl_url"])[2]))


def test_identifiers_have_no_parameters(made: tuple[str, SignedSet]) -> None:
    """RFC 9881 section 2: an OID alone, the same in key and signature."""
    key_type, given = made
    last = {"mldsa44": 17, "mldsa65": 18, "mldsa87": 19}[key_type]
    expected = bytes.fromhex("300b06096086480165030403") + bytes([last])
    _, outer, signature = values_of(given.crl)
    spki = given.ca.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert octets(outer) == expected == given.ca.algorithm.identifier
    assert octets(values_of(spki)[0]) == expected
    assert signature.tag_bytes == bytes([BIT_STRING])
