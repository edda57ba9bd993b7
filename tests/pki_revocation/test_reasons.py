"""Who may say which reason (RFC 5280 section 5.3.1; BR 7.2.2)."""

import pytest

from pki_revocation.errors import ReasonNotPermitted
from pki_revocation.reasons import RevocationReason, operator_reason, reason_named, subscriber_reason


@pytest.mark.parametrize("text", [None, "", "none", "NONE", " "])
def test_no_reason_is_the_default(text: str | None) -> None:
    """Nothing said is nothing published: the extension is left out."""
    assert subscriber_reason(text) is RevocationReason.UNSPECIFIED
    assert operator_reason(text) is RevocationReason.UNSPECIFIED


@pytest.mark.parametrize(
    ("text", "code"),
    [("keyCompromise", 1), ("affiliationChanged", 3), ("superseded", 4), ("cessationOfOperation", 5)],
)
def test_subscribers_may_give_four_reasons(text: str, code: int) -> None:
    """The four that BR 7.2.2 lets a subscriber choose, in any case."""
    assert subscriber_reason(text) == subscriber_reason(text.upper()) == code


@pytest.mark.parametrize(
    "text",
    [
        "privilegeWithdrawn", "cACompromise", "certificateHold", "removeFromCRL", "aACompromise", "0", "1", "6", "7",
        "8", "0x01", "unspecified", "keyCompromise'; DROP TABLE journal; --", "zzz",
    ],
)  # fmt: skip
def test_subscribers_may_give_no_other(text: str) -> None:
    """Others, numbers and nonsense are refused with the list of what is possible."""
    with pytest.raises(ReasonNotPermitted, match="keyCompromise, affiliationChanged, superseded, cessationOfOp"):
        subscriber_reason(text)


def test_operators_may_also_withdraw_a_privilege() -> None:
    """Withdrawing a privilege is the CA's word; certificateHold is nobody's."""
    assert operator_reason("privilegeWithdrawn") is RevocationReason.PRIVILEGE_WITHDRAWN
    with pytest.raises(ReasonNotPermitted):
        operator_reason("certificateHold")


@pytest.mark.parametrize("reason", list(RevocationReason))
def test_every_reason_has_its_rfc_name(reason: RevocationReason) -> None:
    """Names and numbers are each other's inverse."""
    assert reason_named(reason.token) is reason
