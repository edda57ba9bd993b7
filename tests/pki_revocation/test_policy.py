"""The rules at their very edges: the second, the year and the reason at which each answer turns."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation import policy
from pki_revocation.errors import CertificateExpired, ImpossibleDate, ReasonNotPermitted
from pki_revocation.model import Channel, EntryKind, IssuedCertificate, JournalEntry
from pki_revocation.policy import RevocationAction
from pki_revocation.reasons import OPERATOR_REASONS, RevocationReason
from tests.pki import CertificateAuthority

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)
COMPROMISE, SUPERSEDED = RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED


def certificate(der: bytes | None = None) -> IssuedCertificate:
    """One that ends now."""
    return IssuedCertificate(
        id=1,
        issuer_id=1,
        serial=5,
        subject="CN=x",
        organisation="",
        not_before=None,
        not_after=NOW,
        number=None,
        der=der,
    )


def revoked(reason: RevocationReason) -> JournalEntry:
    """A row of the journal, of now."""
    return JournalEntry(
        issuer_id=1,
        sequence=1,
        kind=EntryKind.REVOCATION,
        serial=5,
        recorded_at=NOW,
        revocation_date=NOW,
        reason=reason,
        invalidity_date=None,
        channel=Channel.API,
        reference="A",
    )


@pytest.mark.parametrize(
    ("latest", "reason", "decision"),
    [
        (None, SUPERSEDED, RevocationAction.REVOKE),
        (None, COMPROMISE, RevocationAction.REVOKE),
        (SUPERSEDED, COMPROMISE, RevocationAction.RAISE),
        (COMPROMISE, COMPROMISE, RevocationAction.REPEAT),
        (COMPROMISE, SUPERSEDED, RevocationAction.REPEAT),
        (SUPERSEDED, RevocationReason.UNSPECIFIED, RevocationAction.REPEAT),
    ],
)
def test_first_time_and_reason_stand(
    latest: RevocationReason | None, reason: RevocationReason, decision: RevocationAction
) -> None:
    """The one change that BR 7.2.2 allows is the raise to keyCompromise, once."""
    assert policy.decide(None if latest is None else revoked(latest), reason) is decision


def test_last_second_of_a_certificate_is_its_own() -> None:
    """Its notAfter is inclusive (RFC 5280 section 4.1.2.5)."""
    policy.refuse_expired(certificate(), NOW)
    with pytest.raises(CertificateExpired):
        policy.refuse_expired(certificate(), NOW + SECOND)


def test_ca_certificate_without_a_reason_is_told_all_that_may_be_given() -> None:
    """Every reason of an operator but 'none' (BR 7.2.2 and 7.3); with one of them nothing is refused."""
    authority = certificate(CertificateAuthority("CA").certificate.public_bytes(Encoding.DER))
    with pytest.raises(ReasonNotPermitted) as refused:
        policy.refuse_missing_reason(authority, RevocationReason.UNSPECIFIED)

    others = tuple(each.token for each in OPERATOR_REASONS if each is not RevocationReason.UNSPECIFIED)
    assert (refused.value.reason, refused.value.permitted) == ("none", others)
    policy.refuse_missing_reason(authority, SUPERSEDED)
    policy.refuse_missing_reason(certificate(), RevocationReason.UNSPECIFIED)


def test_only_its_own_word_makes_a_certificate_a_cas() -> None:
    """It has basicConstraints with cA true; without DER, or in octets that are no DER, nothing says so."""
    authority = CertificateAuthority("CA")
    plain = authority.issue("Zorg BV", NOW)
    said_not = (
        x509.CertificateBuilder(issuer_name=plain.issuer, subject_name=plain.subject, public_key=plain.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    found = [
        policy.is_ca(certificate(der))
        for der in (
            authority.certificate.public_bytes(Encoding.DER),
            None,
            plain.public_bytes(Encoding.DER),
            said_not.public_bytes(Encoding.DER),
            b"no DER",
        )
    ]
    assert found == [True, False, False, False, False]


def test_compromise_lies_in_the_past_and_goes_with_its_reason() -> None:
    """Now is past enough, and no date is refused with any reason."""
    policy.refuse_impossible_compromise(COMPROMISE, NOW, NOW)
    policy.refuse_impossible_compromise(SUPERSEDED, None, NOW)
    with pytest.raises(ImpossibleDate, match="lies in the future"):
        policy.refuse_impossible_compromise(COMPROMISE, NOW + SECOND, NOW)
    with pytest.raises(ImpossibleDate, match="keyCompromise alone"):
        policy.refuse_impossible_compromise(SUPERSEDED, NOW, NOW)


def test_date_is_never_ahead_and_only_moves_back() -> None:
    """The present second may be given, and the date that is shown already (BR 7.2.2)."""
    policy.refuse_impossible_back_date(COMPROMISE, NOW, NOW, None)
    policy.refuse_impossible_back_date(SUPERSEDED, None, NOW, None)
    policy.refuse_impossible_back_date(COMPROMISE, NOW, NOW + SECOND, revoked(SUPERSEDED))
    policy.refuse_impossible_back_date(COMPROMISE, NOW - SECOND, NOW, revoked(SUPERSEDED))
    with pytest.raises(ImpossibleDate, match="nothing can be revoked ahead"):
        policy.refuse_impossible_back_date(COMPROMISE, NOW + SECOND, NOW, None)
    with pytest.raises(ImpossibleDate, match="can only move back"):
        policy.refuse_impossible_back_date(COMPROMISE, NOW + SECOND, NOW + SECOND, revoked(SUPERSEDED))
    with pytest.raises(ImpossibleDate, match="can be back-dated"):
        policy.refuse_impossible_back_date(SUPERSEDED, NOW, NOW, None)


def test_crl_cannot_write_years_before_1950() -> None:
    """RFC 5280 section 5.1.2.6; the year 1950 itself can be written."""
    first, before = datetime(1950, 1, 1, tzinfo=UTC), datetime(1949, 12, 31, 23, 59, 59, tzinfo=UTC)
    policy.refuse_impossible_compromise(COMPROMISE, first, NOW)
    policy.refuse_impossible_back_date(COMPROMISE, first, NOW, None)
    with pytest.raises(ImpossibleDate, match="check the year"):
        policy.refuse_impossible_compromise(COMPROMISE, before, NOW)
    with pytest.raises(ImpossibleDate, match="check the year"):
        policy.refuse_impossible_back_date(COMPROMISE, before, NOW, None)
