"""Why a certificate is revoked, and which reasons may be given (RFC 5280 section 5.3.1; BR 7.2.2 and 4.9.1.1)."""

from enum import IntEnum

from .errors import ReasonNotPermitted


class RevocationReason(IntEnum):
    """CRLReason as numbered by RFC 5280 section 5.3.1, as far as this product can ever say it.

    There is no certificateHold (6) and no removeFromCRL (8), because a revocation is final; 0 is expressed by the
    extension's absence, on CRLs and in OCSP alike.
    """

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10

    @property
    def token(self) -> str:
        """The name in RFC 5280's ASN.1, as APIs and files write it: keyCompromise."""
        return _TOKENS[self]


_TOKENS = {
    RevocationReason.UNSPECIFIED: "unspecified",
    RevocationReason.KEY_COMPROMISE: "keyCompromise",
    RevocationReason.CA_COMPROMISE: "cACompromise",
    RevocationReason.AFFILIATION_CHANGED: "affiliationChanged",
    RevocationReason.SUPERSEDED: "superseded",
    RevocationReason.CESSATION_OF_OPERATION: "cessationOfOperation",
    RevocationReason.PRIVILEGE_WITHDRAWN: "privilegeWithdrawn",
    RevocationReason.AA_COMPROMISE: "aACompromise",
}
_BY_TOKEN = {token.lower(): reason for reason, token in _TOKENS.items()}

# BR 7.2.2: subscribers choose among these, and 'no reason' is the default; privilegeWithdrawn is the CA's word.
SUBSCRIBER_REASONS = (
    RevocationReason.UNSPECIFIED,
    RevocationReason.KEY_COMPROMISE,
    RevocationReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED,
    RevocationReason.CESSATION_OF_OPERATION,
)
OPERATOR_REASONS = (*SUBSCRIBER_REASONS, RevocationReason.PRIVILEGE_WITHDRAWN)


def reason_named(text: str) -> RevocationReason:
    """The reason with this RFC 5280 name, in any case.

    Raises:
        ReasonNotPermitted: for a name that this product never gives, certificateHold among them.
    """
    try:
        return _BY_TOKEN[text.lower()]
    except KeyError:
        raise ReasonNotPermitted(text, tuple(reason.token for reason in OPERATOR_REASONS[1:])) from None


def subscriber_reason(text: str | None) -> RevocationReason:
    """The reason that a subscriber gave by its name; None, 'none' and the empty text are 'no reason'.

    Raises:
        ReasonNotPermitted: when a subscriber may not give it (BR 7.2.2).
    """
    if text is None or text.strip().lower() in {"", "none"}:
        return RevocationReason.UNSPECIFIED
    named = tuple(reason.token for reason in SUBSCRIBER_REASONS[1:])
    reason = _BY_TOKEN.get(text.strip().lower())
    # RFC 5280's own word for no reason is left out of what may be said, as the extension is.
    if reason is None or reason not in SUBSCRIBER_REASONS[1:]:
        raise ReasonNotPermitted(text, named)
    return reason


def operator_reason(text: str | None) -> RevocationReason:
    """The reason that an operator gave by its name; operators may also give privilegeWithdrawn.

    Raises:
        ReasonNotPermitted: when it has no place on a subscriber certificate's CRL (BR 7.2.2).
    """
    if text is None or text.strip().lower() in {"", "none"}:
        return RevocationReason.UNSPECIFIED
    reason = _BY_TOKEN.get(text.strip().lower())
    if reason is None or reason not in OPERATOR_REASONS:
        raise ReasonNotPermitted(text, tuple(reason.token for reason in OPERATOR_REASONS[1:]))
    return reason
