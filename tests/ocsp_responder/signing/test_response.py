"""Answers, as asn1crypto, `cryptography` and pkilint judge them."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.delegation.certificate import issue_delegate
from keys.identity import Purpose, SigningIdentity, identify
from ocsp_responder.errors import SignerUnusable
from ocsp_responder.request.extensions import PreferredSignature
from ocsp_responder.request.message import CertId, parse_request
from ocsp_responder.signing.response import Answer, AnswerSigner, Refusal, SingleResponse, Validity, refusal
from ocsp_responder.status import Good, Revoked, Status, Unknown
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.fakes import FakeClock
from tests.ocsp_responder import answers, messages
from tests.pki import CertificateAuthority

DAY = timedelta(days=1)
SEQUENCE = 12
RSA_KEY = rsa.generate_private_key(65537, 2048)
SINCE = datetime(2026, 11, 20, 8, 9, 10, tzinfo=UTC)
END = datetime(2027, 11, 20, tzinfo=UTC)
STATUSES: list[Status] = [
    Good(END),
    Unknown(),
    Revoked(SINCE, RevocationReason.UNSPECIFIED, END),
    Revoked(SINCE, RevocationReason.KEY_COMPROMISE, END),
]


@pytest.fixture
def signer(delegate: SigningIdentity, ca: Issuer) -> AnswerSigner:
    """Signs with the delegate's key."""
    return AnswerSigner(delegate, ca)


def cert_ids(ca: Issuer, *serials: int, name: str = "sha256") -> tuple[CertId, ...]:
    """CertIDs as they are asked."""
    return parse_request(messages.asked(ca, *serials, name=name)).cert_ids


def sign(signer: AnswerSigner, ca: Issuer, moment: datetime, *statuses: Status, nonce: bytes | None = None) -> Answer:
    """An answer with these statuses for the serials from 1 on."""
    asked = cert_ids(ca, *range(1, len(statuses) + 1))
    return signer.sign(
        list(map(SingleResponse, asked, statuses)), signer.validity(moment, DAY), journal_sequence=SEQUENCE, nonce=nonce
    )


@pytest.mark.parametrize(
    ("status", "der"),
    [
        (Refusal.MALFORMED_REQUEST, "30030a0101"),
        (Refusal.INTERNAL_ERROR, "30030a0102"),
        (Refusal.TRY_LATER, "30030a0103"),
        (Refusal.SIG_REQUIRED, "30030a0105"),
        (Refusal.UNAUTHORIZED, "30030a0106"),
    ],
)
def test_refusals_are_five_octets(status: Refusal, der: str) -> None:
    """Unsigned, without responseBytes (RFC 6960 section 4.2.1), and not to be shared."""
    assert refusal(status) == Answer(der=bytes.fromhex(der), shared=None)


@pytest.mark.parametrize("status", STATUSES, ids=str)
def test_single_answer(signer: AnswerSigner, ca: Issuer, clock: FakeClock, status: Status) -> None:
    """Status, time and reason as `cryptography` reads them; no reason for unspecified (RFC 5280 section 5.3.1)."""
    answer = sign(signer, ca, clock.now(), status)

    response = answers.read(answer.der)
    (single,) = response.responses
    assert single.certificate_status.name.lower() == type(status).__name__.lower()
    if isinstance(status, Revoked):
        reason = None if not status.reason else x509.ReasonFlags(status.reason.token)
        assert answers.revocation(answer.der) == (status.revocation_date, reason)
    assert single.this_update_utc == response.produced_at_utc == clock.now()
    assert single.next_update_utc == clock.now() + DAY


@pytest.mark.parametrize("reason", list(RevocationReason), ids=lambda reason: reason.token)
def test_every_reason_is_said(signer: AnswerSigner, ca: Issuer, clock: FakeClock, reason: RevocationReason) -> None:
    """CRLReason as numbered by RFC 5280 section 5.3.1, in [0] of RevokedInfo; 0 is said by leaving it out."""
    answer = sign(signer, ca, clock.now(), Revoked(SINCE, reason, END))

    _, said = answers.revocation(answer.der)
    assert (said.value if said else "unspecified") == reason.token


def test_several_answers_in_order(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """One SingleResponse for each certificate, with the CertID as asked (RFC 6960 section 4.2.2.3)."""
    asked = [
        parse_request(messages.ocsp_request(messages.single(der))).cert_ids[0]
        for place, name in enumerate(["sha1", "sha256", "sha384", "sha512"], start=1)
        for der in (
            messages.cert_id_of(ca, place, name),
            messages.cert_id_of(ca, place + 0x80, name, b"\x05\x00"),
        )
    ]
    found: list[Status] = [Good(END), Unknown(), Revoked(SINCE, RevocationReason.SUPERSEDED, END), Good(END)] * 2

    answer = signer.sign(
        list(map(SingleResponse, asked, found)), signer.validity(clock.now(), DAY), journal_sequence=SEQUENCE
    )

    responses = answers.basic(answer.der)["tbs_response_data"]["responses"]
    assert [single["cert_id"].dump() for single in responses] == [each.raw for each in asked]
    assert [single["cert_status"].name for single in responses] == ["good", "unknown", "revoked", "good"] * 2


def test_is_strict_der(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """Made again by asn1crypto from what it read, every part comes out the same; no version, no extensions (O18)."""
    answer = sign(signer, ca, clock.now(), *STATUSES)

    basic = answers.basic(answer.der)
    tbs = basic["tbs_response_data"]
    assert basic.untag().dump(force=True) == basic.dump()
    assert basic["tbs_response_data"].dump(force=True) in answer.der
    assert b"\xa0\x03\x02\x01\x00" not in tbs.dump()
    assert tbs["version"].native == "v1"
    assert not tbs["response_extensions"]
    assert not any(single["single_extensions"] for single in tbs["responses"])


def test_signature_and_signer(signer: AnswerSigner, delegate: SigningIdentity, ca: Issuer, clock: FakeClock) -> None:
    """The delegate's signature, its certificate, and byKey: SHA-1 over its key's bits (RFC 6960 section 4.2.2.3)."""
    answer = sign(signer, ca, clock.now(), Good(END))

    answers.verify(answer.der, delegate.certificate)
    response = answers.read(answer.der)
    assert response.certificates == [delegate.certificate]
    spki = delegate.certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert response.responder_key_hash == hashlib.sha1(spki, usedforsecurity=False).digest()
    assert response.responder_name is None


def test_ca_that_signs_itself_sends_no_certificate(
    authority: CertificateAuthority, ca: Issuer, clock: FakeClock
) -> None:
    """A client has the CA's certificate already (RFC 6960 section 4.2.2.2)."""
    certificate = authority.certificate
    own = identify(authority.key, certificate, Purpose.OCSP, issuer=certificate, now=clock.now())

    answer = sign(AnswerSigner(own, ca), ca, clock.now(), Good(END))

    assert answers.read(answer.der).certificates == []
    answers.verify(answer.der, certificate)


def _delegated(
    authority: CertificateAuthority, ca: Issuer, clock: FakeClock, key: CertificateIssuerPrivateKeyTypes
) -> tuple[AnswerSigner, SigningIdentity]:
    certificate = authority.certificate
    crl = identify(authority.key, certificate, Purpose.CRL, issuer=certificate, now=clock.now())
    delegated = issue_delegate(crl, key.public_key(), now=clock.now(), lifetime=14 * DAY)
    identity = identify(key, delegated, Purpose.OCSP, issuer=certificate, now=clock.now())
    return AnswerSigner(identity, ca), identity


@pytest.mark.parametrize(
    ("key", "oid"),
    [
        (RSA_KEY, "1.2.840.113549.1.1.11"),
        (ec.generate_private_key(ec.SECP384R1()), "1.2.840.10045.4.3.3"),
        (ed25519.Ed25519PrivateKey.generate(), "1.3.101.112"),
        (mldsa.MLDSA44PrivateKey.generate(), "2.16.840.1.101.3.4.3.17"),
        (mldsa.MLDSA65PrivateKey.generate(), "2.16.840.1.101.3.4.3.18"),
        (mldsa.MLDSA87PrivateKey.generate(), "2.16.840.1.101.3.4.3.19"),
    ],
    ids=["RSA", "P-384", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
)
@pytest.mark.parametrize("nonce", [None, b"n" * 32], ids=["no nonce", "nonce"])
def test_other_keys_sign_too(
    authority: CertificateAuthority,
    ca: Issuer,
    clock: FakeClock,
    key: CertificateIssuerPrivateKeyTypes,
    oid: str,
    nonce: bytes | None,
) -> None:
    """The algorithm is the key's (RFC 6960 section 4.3), and `cryptography` verifies what it made."""
    signer, identity = _delegated(authority, ca, clock, key)

    answer = sign(signer, ca, clock.now(), Good(END), nonce=nonce)

    response = answers.read(answer.der)
    assert response.signature_algorithm_oid.dotted_string == oid
    assert response.certificates == [identity.certificate]
    identity.algorithm.verify(key.public_key(), response.signature, [response.tbs_response_bytes])


@pytest.mark.parametrize("octets", [1, 16, 32, 128])
def test_nonce_is_echoed(signer: AnswerSigner, ca: Issuer, clock: FakeClock, octets: int) -> None:
    """As a response extension, octet for octet (RFC 9654 section 2.1); such an answer is nobody else's."""
    nonce = bytes(range(octets))

    answer = sign(signer, ca, clock.now(), Good(END), nonce=nonce)

    assert answers.read(answer.der).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
    assert answer.shared is None


def test_definite_answers_without_nonce_can_be_shared(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """Good and revoked for whoever asks, from thisUpdate to nextUpdate."""
    answer = sign(signer, ca, clock.now(), Good(END), STATUSES[-1])

    assert answer.shared == Validity(
        this_update=clock.now(), next_update=clock.now() + DAY, refresh_at=clock.now() + DAY / 2
    )


def test_unknown_is_not_shared(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """What was never imported may be imported the next moment, so no cache may keep saying otherwise."""
    assert sign(signer, ca, clock.now(), Good(END), Unknown()).shared is None


def test_next_update_ends_with_the_signers_certificate(
    signer: AnswerSigner, delegate: SigningIdentity, ca: Issuer, clock: FakeClock
) -> None:
    """Mozilla MRSP 6: nextUpdate is not after any certificate in `certs` ends."""
    end = delegate.certificate.not_valid_after_utc
    clock.advance(end - clock.now() - timedelta(hours=2))

    (single,) = answers.read(sign(signer, ca, clock.now(), Good(END)).der).responses

    assert single.next_update_utc == end


@pytest.mark.parametrize(
    "beyond", [timedelta(), timedelta(days=1), timedelta(days=-15)], ids=["end", "after", "before"]
)
def test_signer_signs_only_while_it_is_valid(
    signer: AnswerSigner, delegate: SigningIdentity, beyond: timedelta
) -> None:
    """An answer with a certificate that is not valid would be believed by nobody."""
    with pytest.raises(SignerUnusable, match="Test OCSP responder"):
        signer.validity(delegate.certificate.not_valid_after_utc + beyond, DAY)


def test_times_after_2049_and_with_leading_zeros(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """GeneralizedTime with seconds and without fractions, always (RFC 9919 section 3.2.4)."""
    early = Revoked(datetime(1970, 1, 1, tzinfo=UTC), RevocationReason.UNSPECIFIED, END)

    answer = sign(signer, ca, clock.now(), early)

    assert b"\x18\x0f19700101000000Z" in answer.der
    assert b"\x18\x0f20261123140322Z" in answer.der
    assert b"\x17\x0d" not in answers.basic(answer.der)["tbs_response_data"].dump()


@pytest.mark.parametrize("status", STATUSES, ids=str)
@pytest.mark.parametrize("nonce", [None, b"n" * 32], ids=["no nonce", "nonce"])
def test_pkilint_finds_no_error(
    authority: CertificateAuthority, ca: Issuer, clock: FakeClock, status: Status, nonce: bytes | None
) -> None:
    """An independent linter, with the delegate as the product issues it (O34)."""
    certificate, key = authority.certificate, ec.generate_private_key(ec.SECP256R1())
    crl = identify(authority.key, certificate, Purpose.CRL, issuer=certificate, now=clock.now())
    delegated = issue_delegate(crl, key.public_key(), now=clock.now(), lifetime=14 * DAY)
    identity = identify(key, delegated, Purpose.OCSP, issuer=certificate, now=clock.now())

    answer = sign(AnswerSigner(identity, ca), ca, clock.now(), status, nonce=nonce)

    assert answers.lint_errors(answer.der) == []


def test_pkilint_does_find_errors(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """The linter is not blind: a refusal with a body (RFC 6960 section 4.2.1) is found."""
    answer = sign(signer, ca, clock.now(), Good(END))
    spoilt = answer.der.replace(b"\x0a\x01\x00", b"\x0a\x01\x01", 1)

    assert answers.lint_errors(spoilt)


def test_signed_answer_says_as_of_which_journal(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """Whose journal, and up to where; and whether a later revocation could make the answer wrong."""
    answer = sign(signer, ca, clock.now(), Good(END), STATUSES[-1])

    assert (answer.issuer_id, answer.sequence, answer.revoked) == (ca.id, SEQUENCE, False)
    assert sign(signer, ca, clock.now(), *STATUSES[-2:]).revoked
    assert not sign(signer, ca, clock.now(), Unknown()).revoked


@pytest.mark.parametrize(
    ("length", "refresh", "due"),
    [
        (DAY, None, DAY / 2),
        (timedelta(hours=8), None, timedelta(hours=4)),
        (timedelta(seconds=7), None, timedelta(seconds=3)),
        (DAY, timedelta(hours=1), timedelta(hours=1)),
    ],
)
def test_answer_is_due_half_way_or_as_the_setting_says(
    signer: AnswerSigner, clock: FakeClock, length: timedelta, refresh: timedelta | None, due: timedelta
) -> None:
    """BR 4.9.10 and Microsoft: at half of the validity, in whole seconds."""
    for _ in range(2):
        signer.validity(clock.now(), length, timedelta(minutes=1))
        assert signer.validity(clock.now(), length, refresh).refresh_at == clock.now() + due
        clock.advance(timedelta(seconds=1))


def test_answer_is_due_when_the_signer_ends(signer: AnswerSigner, delegate: SigningIdentity, clock: FakeClock) -> None:
    """Nothing that it signed is to be kept beyond that."""
    end = delegate.certificate.not_valid_after_utc

    assert signer.validity(end - timedelta(hours=1), DAY).refresh_at == end


def test_dates_follow_the_clock(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """What is kept from one second is not said in another, nor for another length."""
    for _ in range(3):
        for length in (DAY, 2 * DAY):
            asked = cert_ids(ca, 1)
            validity = signer.validity(clock.now(), length)
            answer = signer.sign([SingleResponse(asked[0], Good(END))], validity, journal_sequence=SEQUENCE)
            (single,) = answers.read(answer.der).responses
            assert (single.this_update_utc, single.next_update_utc) == (clock.now(), clock.now() + length)
        clock.advance(timedelta(seconds=1))


@pytest.mark.parametrize("nonce", [None, b"n" * 32], ids=["no nonce", "nonce"])
def test_extended_revoke(signer: AnswerSigner, ca: Issuer, clock: FakeClock, nonce: bytes | None) -> None:
    """RFC 6960 sections 2.2 and 4.4.8: certificateHold since 1970, said to be meant so, and nothing of a CRL (O08)."""
    never, issued = cert_ids(ca, 1, 2)
    answer = signer.sign(
        [SingleResponse(never, Unknown()), SingleResponse(issued, Good(END))],
        signer.validity(clock.now(), DAY),
        journal_sequence=SEQUENCE,
        nonce=nonce,
        extended_revoke=True,
    )

    first, second = answers.read(answer.der).responses
    assert first.certificate_status is answers.REVOKED
    assert first.revocation_time_utc == datetime(1970, 1, 1, tzinfo=UTC)
    assert first.revocation_reason is x509.ReasonFlags.certificate_hold
    assert second.certificate_status is answers.GOOD
    data = answers.basic(answer.der)["tbs_response_data"]
    said = {each["extn_id"].dotted: each for each in data["response_extensions"]}
    extended = said.pop("1.3.6.1.5.5.7.48.1.9")
    assert (extended["critical"].native, extended["extn_value"].contents) == (False, b"\x05\x00")
    assert [each["extn_value"].parsed.native for each in said.values()] == ([] if nonce is None else [nonce])
    assert not any(single["single_extensions"] for single in data["responses"])
    assert answer.shared is None
    assert not answer.revoked
    assert answers.lint_errors(answer.der) == []


def test_extended_revoke_is_said_where_it_is_meant_only(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """RFC 6960 section 4.4.8: with a real revocation alone there is no such extension, and the answer is shared."""
    asked = cert_ids(ca, 1, 2)
    answer = signer.sign(
        list(map(SingleResponse, asked, STATUSES[2:])),
        signer.validity(clock.now(), DAY),
        journal_sequence=SEQUENCE,
        extended_revoke=True,
    )

    assert not answers.basic(answer.der)["tbs_response_data"]["response_extensions"]
    assert answer.shared is not None


def test_archive_cutoff(signer: AnswerSigner, ca: Issuer, clock: FakeClock) -> None:
    """RFC 6960 section 4.4.4: a GeneralizedTime in the one SingleResponse that it is about, not critical."""
    asked = cert_ids(ca, 1, 2)
    answer = signer.sign(
        [SingleResponse(asked[0], Good(SINCE), SINCE), SingleResponse(asked[1], Good(END))],
        signer.validity(clock.now(), DAY),
        journal_sequence=SEQUENCE,
    )

    ended, current = answers.basic(answer.der)["tbs_response_data"]["responses"]
    (extension,) = ended["single_extensions"]
    assert extension["extn_id"].native == "archive_cutoff"
    assert extension["critical"].native is False
    assert ended.archive_cutoff_value.native == SINCE
    assert b"\x18\x0f20261120080910Z" in extension.dump()
    assert not current["single_extensions"]
    assert answer.shared is not None
    assert answers.lint_errors(answer.der) == []


@pytest.mark.parametrize(
    ("preferences", "oid", "shared"),
    [
        ([], "1.2.840.113549.1.1.11", True),
        ([messages.RSA_SHA256], "1.2.840.113549.1.1.11", True),
        ([messages.RSA_SHA1], "1.2.840.113549.1.1.11", True),
        ([messages.ECDSA_SHA256, messages.RSA_SHA512], "1.2.840.113549.1.1.13", False),
        ([messages.RSA_SHA384], "1.2.840.113549.1.1.12", False),
    ],
)
def test_signed_as_the_client_prefers(
    authority: CertificateAuthority, ca: Issuer, clock: FakeClock, preferences: list[bytes], oid: str, *, shared: bool
) -> None:
    """RFC 6960 section 4.4.7: named and used alike, and not given to those who did not ask for it."""
    signer, identity = _delegated(authority, ca, clock, RSA_KEY)

    answer = signer.sign(
        [SingleResponse(cert_ids(ca, 1)[0], Good(END))],
        signer.validity(clock.now(), DAY),
        journal_sequence=SEQUENCE,
        preferred=[PreferredSignature(algorithm=revocation_request, key=None) for revocation_request in preferences],
    )

    response = answers.read(answer.der)
    assert response.signature_algorithm_oid.dotted_string == oid
    assert response.signature_hash_algorithm is not None
    RSA_KEY.public_key().verify(
        response.signature, response.tbs_response_bytes, PKCS1v15(), response.signature_hash_algorithm
    )
    assert response.certificates == [identity.certificate]
    assert (answer.shared is not None) is shared


@pytest.mark.parametrize("count", [1, 2, 40, 1000])
def test_lengths_of_every_form(signer: AnswerSigner, ca: Issuer, clock: FakeClock, count: int) -> None:
    """X.690 section 10.1: lengths of one octet to four are minimal, as asn1crypto writes them."""
    asked = cert_ids(ca, 5) * count

    answer = signer.sign(
        [SingleResponse(each, Good(END)) for each in asked],
        signer.validity(clock.now(), DAY),
        journal_sequence=SEQUENCE,
    )

    assert answers.statuses(answer.der) == [answers.GOOD] * count
    basic = answers.basic(answer.der)
    assert basic.untag().dump(force=True) == basic.dump()
