"""What can go wrong, as types: one class per refusal, each making its own sentence.

Inside, code raises these; the edges (command line, pages, endpoints) turn them into one answer each. A message
says what was wrong, where, and what to do, and never holds a code, a PIN or a passphrase.
"""

from dataclasses import dataclass
from typing import ClassVar


class PkiError(Exception):
    """The root of every error that this product raises on purpose."""


class ConfigurationError(PkiError):
    """The configuration cannot be used as it stands."""


class StoreError(PkiError):
    """The database is absent, too old, too new, or does not answer."""


class NotFound(PkiError):
    """Something that was named does not exist."""


class UnknownKey(NotFound):
    """No registered certificate has the key that was proven."""

    def __init__(self) -> None:
        super().__init__(
            "The proof is good, and no certificate here has this key: nothing was revoked. Look whether the key "
            "belongs to the certificate, and which CA issued it."
        )


class ConfirmationLost(NotFound):
    """A confirmation was given once, and the journal knows nothing of it: an old backup was restored."""

    def __init__(self) -> None:
        super().__init__(
            "This confirmation is not in the register any more: look with number and code whether the certificate is "
            "revoked, and revoke it again if it is not."
        )


class ClockBehindJournal(PkiError):
    """The journal's last moment is in the future: the clock was ahead once, or is behind now."""

    def __init__(self, last: str, now: str) -> None:
        super().__init__(
            f"The journal's last moment is {last}, and this clock says {now}: "
            "correct the clock, or see docs/ca-operations.md if it was ahead before."
        )


class RevocationRefused(PkiError):
    """A request that the rules refuse: nothing was changed by it."""

    kind: ClassVar[str] = "refused"


class MistypedNumber(RevocationRefused):
    """The number's check digits do not fit; says nothing about which numbers exist and uses up no attempt."""

    kind = "mistyped-number"

    def __init__(self) -> None:
        super().__init__("The number has a typing error: compare it with the letter, twelve digits in groups of four.")


class MistypedCode(RevocationRefused):
    """The code's check symbol does not fit; no attempt is used up."""

    kind = "mistyped-code"

    def __init__(self) -> None:
        super().__init__("The revocation code has a typing error: compare it with the letter, symbol by symbol.")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaLeft:
    """How many attempts more are taken: by the name of the *limit* that is nearest, for *seconds* at most."""

    limit: str
    count: int
    seconds: int


class NotRecognised(RevocationRefused):
    """Number and code do not belong together: the same answer for an unknown number and for a wrong code.

    *quota_left* is what the limits still take from this attempt's source, where they counted it.
    """

    kind = "not-recognised"
    quota_left: QuotaLeft | None = None

    def __init__(self) -> None:
        super().__init__("This number and code do not belong together: check both against the same letter.")

    @property
    def attempts_left(self) -> int | None:
        """How many more may be made before the client has to wait; None where nothing is counted."""
        return None if self.quota_left is None else self.quota_left.count

    @property
    def retry_after(self) -> int | None:
        """For how many seconds the client has to wait now that none is left; None where some are."""
        return self.quota_left.seconds if self.quota_left is not None and not self.quota_left.count else None


class ReasonNotPermitted(RevocationRefused):
    """The reason is not one that this actor may give."""

    kind = "reason-not-permitted"

    def __init__(self, reason: str, permitted: tuple[str, ...]) -> None:
        self.reason = reason
        self.permitted = permitted
        super().__init__(
            f"The reason {reason[:60]!r} cannot be given here: leave it out, or use {', '.join(permitted)}."
        )


class ImpossibleDate(RevocationRefused):
    """A date that cannot go with this revocation."""

    kind = "impossible-date"


class CertificateExpired(RevocationRefused):
    """The certificate's validity is over: only an operator may still revoke it."""

    kind = "expired"

    def __init__(self, not_after: str) -> None:
        super().__init__(f"This certificate expired on {not_after}: it needs no revocation, and nothing was changed.")


class TooManyAttempts(PkiError):
    """Too many wrong codes came from this attempt's source: it was not checked, and nothing was changed.

    *limit* is the name of the limit that it is over; empty when too many attempts wait to be checked.
    """

    limit: str = ""

    def __init__(self, retry_after: int, limit: str = "") -> None:
        self.retry_after = retry_after
        self.limit = limit
        super().__init__(
            f"Too many wrong codes came from your address: nothing was revoked, try again after {retry_after} seconds."
        )


class TooManyProofs(TooManyAttempts):
    """Too many proofs came from one source: this one was not looked at, and nothing was changed."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        PkiError.__init__(
            self,
            f"Too many proofs came from your address: nothing was revoked, try again after {retry_after} seconds.",
        )


class TooManyRequests(PkiError):
    """Too many requests came from one source: this one was not looked at; *limit* is the name of what it is over."""

    def __init__(self, retry_after: int, limit: str) -> None:
        self.retry_after = retry_after
        self.limit = limit
        super().__init__(f"Too many requests came from your address: ask again after {retry_after} seconds.")
