"""Reasons in other CAs' files: RFC 5280's names in any case; holds are refused."""

import pytest

from pki_revocation.importing.candidates import CandidateRefused, RefusalKind
from pki_revocation.importing.past_reasons import past_reason
from pki_revocation.reasons import RevocationReason


@pytest.mark.parametrize("reason", RevocationReason)
def test_every_reason_by_its_name(reason: RevocationReason) -> None:
    """OpenSSL writes CACompromise where RFC 5280 has cACompromise: case says nothing."""
    assert past_reason(reason.token) is past_reason(reason.token.upper()) is reason


@pytest.mark.parametrize("text", ["", "  ", "none", "None"])
def test_no_reason(text: str) -> None:
    """Nothing said is unspecified, which CRL and OCSP leave out."""
    assert past_reason(text) is RevocationReason.UNSPECIFIED


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("certificateHold", RefusalKind.HOLD, "on hold"),
        ("removeFromCRL", RefusalKind.REASON, "release of a hold"),
        ("x", RefusalKind.REASON, "unspecified, keyCompromise"),
    ],
)
def test_what_has_no_place_here(text: str, kind: RefusalKind, words: str) -> None:
    """A hold is no revocation, and a revocation is final; unknown names are told the known ones."""
    with pytest.raises(CandidateRefused, match=words) as refused:
        past_reason(text)
    assert refused.value.kind is kind
