"""Asking a responder: what is believed, and what is not (RFC 6960 section 3.2)."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from keys.identity import Purpose, SigningIdentity, identify
from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.client.query import Question, ask, verify
from ocsp_responder.errors import AnswerRefused
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock
from tests.ocsp_responder import answers, registers
from tests.ocsp_responder.responders import AllGood, responder
from tests.pki import CertificateAuthority

NONCE = b"n" * 32


def asked(issuer: Issuer, serial: int = 5) -> Question:
    """A question with this module's nonce."""
    return Question(issuer=issuer, serial=serial, nonce=NONCE)


def test_question_is_what_cryptography_builds(ca: Issuer, authority: CertificateAuthority, clock: FakeClock) -> None:
    """SHA-256 and a nonce of 32 octets (RFC 9919 section 3.1.1, RFC 9654 section 2.1), octet for octet."""
    certificate = authority.issue("Zorg BV", clock.now())
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, authority.certificate, hashes.SHA256())
    theirs = builder.add_extension(x509.OCSPNonce(NONCE), critical=False).build().public_bytes(Encoding.DER)

    ours = asked(ca, certificate.serial_number).der

    # The one freedom: SHA-256's parameters, which RFC 5754 section 2 wants absent.
    read, expected = ocsp.load_der_ocsp_request(ours), ocsp.load_der_ocsp_request(theirs)
    assert read.serial_number == expected.serial_number
    assert read.issuer_name_hash == expected.issuer_name_hash
    assert read.issuer_key_hash == expected.issuer_key_hash
    assert list(read.extensions) == list(expected.extensions)


def test_verified_answer(
    answerer: Answerer,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
    delegate: SigningIdentity,
    clock: FakeClock,
) -> None:
    """Good with its times and its signer; then revoked with time and reason."""
    question = asked(issuer, certificate.serial_number)

    good = verify(answerer.answer(question.der).der, question, clock.now())
    moment = registers.revoke(service, issuer, certificate.serial_number, RevocationReason.SUPERSEDED)
    revoked = verify(answerer.answer(question.der).der, question, clock.now())

    assert (good.status, good.revocation_date, good.reason) == ("good", None, None)
    assert good.this_update == good.produced_at == clock.now()
    assert good.signer == delegate.certificate.subject.rfc4514_string()
    assert (revoked.status, revoked.revocation_date, revoked.reason) == ("revoked", moment, "superseded")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "no OCSP answer"),
        (b"<html>", "no OCSP answer"),
        (answers.TRY_LATER, "try later"),
        (answers.UNAUTHORIZED, "unauthorized"),
        (answers.MALFORMED_REQUEST, "malformed request"),
    ],
)
def test_no_status_is_refused(ca: Issuer, clock: FakeClock, answer: bytes, why: str) -> None:
    """One sentence for each way of not answering."""
    with pytest.raises(AnswerRefused, match=why):
        verify(answer, asked(ca), clock.now())


def test_changed_answer_is_refused(knowing: Answerer, ca: Issuer, clock: FakeClock) -> None:
    """An answer whose status somebody turned does not verify."""
    answer = knowing.answer(asked(ca).der).der
    turned = answer.replace(b"\x80\x00\x18\x0f", b"\x82\x00\x18\x0f")

    assert turned != answer
    with pytest.raises(AnswerRefused, match="signature"):
        verify(turned, asked(ca), clock.now())


def test_answer_about_another_certificate_is_refused(knowing: Answerer, ca: Issuer, clock: FakeClock) -> None:
    """RFC 6960 section 3.2: the certificate in the answer is the one that was asked about."""
    with pytest.raises(AnswerRefused, match="another certificate"):
        verify(knowing.answer(asked(ca, 6).der).der, asked(ca, 5), clock.now())


def test_answer_to_another_nonce_is_refused(knowing: Answerer, ca: Issuer, clock: FakeClock) -> None:
    """RFC 9654 section 2.1: a replayed answer."""
    with pytest.raises(AnswerRefused, match="nonce"):
        verify(knowing.answer(asked(ca).der).der, Question(issuer=ca, serial=5, nonce=b"other"), clock.now())


@pytest.mark.parametrize("shift", [timedelta(hours=25), timedelta(minutes=-10)])
def test_answer_of_another_time_is_refused(knowing: Answerer, ca: Issuer, clock: FakeClock, shift: timedelta) -> None:
    """RFC 6960 section 3.2: nextUpdate is over, or thisUpdate is to come."""
    answer = knowing.answer(asked(ca).der).der

    with pytest.raises(AnswerRefused, match="not now"):
        verify(answer, asked(ca), clock.now() + shift)


def test_signer_of_another_ca_is_refused(ca: Issuer, clock: FakeClock) -> None:
    """RFC 6960 section 4.2.2.2: the delegate is issued by the CA itself; a namesake's key is another CA."""
    other = CertificateAuthority("Demo Zorgverzekeraars CA")
    key, certificate = other.delegate(clock.now())
    identity = identify(key, certificate, Purpose.OCSP, issuer=other.certificate, now=clock.now())

    answer = responder({ca: identity}, AllGood(clock)).answer(asked(ca).der)

    with pytest.raises(AnswerRefused, match="not let sign"):
        verify(answer.der, asked(ca), clock.now())


def test_signer_that_may_not_sign_answers_is_refused(
    ca: Issuer, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """A server certificate of the same CA is no OCSP signer; it cannot even become one here, so another hand signs."""
    key = ec.generate_private_key(ec.SECP256R1())
    server = authority.issue("Zorg BV", clock.now(), key=key)
    asked_for = authority.issue("Andere BV", clock.now(), serial=5)
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=asked_for,
            issuer=authority.certificate,
            algorithm=hashes.SHA256(),
            cert_status=answers.GOOD,
            this_update=clock.now(),
            next_update=None,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, server)
        .certificates([server])
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )

    with pytest.raises(AnswerRefused, match="not certified for OCSP signing"):
        verify(answer, asked(ca), clock.now())


def test_answer_without_its_signer_is_refused(ca: Issuer, authority: CertificateAuthority, clock: FakeClock) -> None:
    """Nobody can say whose signature it is."""
    key, delegated = authority.delegate(clock.now())
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=authority.issue("Zorg BV", clock.now(), serial=5),
            issuer=authority.certificate,
            algorithm=hashes.SHA256(),
            cert_status=answers.GOOD,
            this_update=clock.now(),
            next_update=None,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, delegated)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )

    with pytest.raises(AnswerRefused, match="signer's certificate"):
        verify(answer, asked(ca), clock.now())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/ocsp", "127.0.0.1", "http://127.0.0.1:1/ocsp"])
def test_address_that_is_none_is_said(ca: Issuer, url: str) -> None:
    """No http address, or nobody there: one sentence."""
    with pytest.raises(AnswerRefused, match=r"127\.0\.0\.1|no http address"):
        ask(url, asked(ca))
