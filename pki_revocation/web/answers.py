"""What a subscriber answers on the way to a revocation, as it is kept between the steps and shown again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from pki_revocation.errors import RevocationRefused
from pki_revocation.model import IssuedCertificate, JournalEntry
from pki_revocation.reasons import RevocationReason

from .date_fields import DateFields
from .reason_choices import KEY_COMPROMISE, NO_REASON, REASON_CHOICES, chosen_reason

# The field that says: yes, the key was unsafe before the certificate began.
OLDER = "compromised_older"
_YES = "yes"
_KNOWN = frozenset(choice.value for choice in REASON_CHOICES)


class OlderThanCertificate(RevocationRefused):
    """The key is said to have been unsafe before the certificate *began*, and whether that is meant is asked."""

    kind = "older-than-certificate"

    def __init__(self, began: datetime) -> None:
        super().__init__("The date lies before the certificate began: is that right?")
        self.began = began


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Reason and date as they came in, none of them read yet; *reason* is the form's word, None where none came.

    *older* says that a date before the certificate began is meant.
    """

    reason: str | None = None
    dates: DateFields = field(default_factory=DateFields)
    older: bool = False

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Self:
        """From a form."""
        return cls(reason=form.get("reason"), dates=DateFields.of(form), older=form.get(OLDER) == _YES)

    @property
    def kept(self) -> Self:
        """What may be kept and shown again: words of the page's own and what reads like a date, never a code."""
        return type(self)(
            reason=self.reason if self.reason in _KNOWN else None, dates=self.dates.kept, older=self.older
        )

    @property
    def fields(self) -> dict[str, str]:
        """The answers by the names of the form, without those that are empty."""
        reason = {} if self.reason is None else {"reason": self.reason}
        return {**reason, **self.dates.fields, **({OLDER: _YES} if self.older else {})}

    @property
    def chosen(self) -> str:
        """The reason that is marked: without an answer the one that says nothing (BR 7.2.2)."""
        return self.reason or NO_REASON

    @property
    def label(self) -> str:
        """The marked reason in the page's words, to translate."""
        return next(choice.label for choice in REASON_CHOICES if choice.value == self.chosen)

    def read_reason(self) -> RevocationReason:
        """The reason behind the answer.

        Raises:
            ReasonNotPermitted: for a word that the page does not offer.
        """
        return chosen_reason(self.reason)

    def read_date(self) -> datetime | None:
        """Since when the key is not safe; None where that was not said, or another reason was chosen.

        The date belongs to this one reason, and is out of sight while another is chosen.

        Raises:
            InvalidDateFields: when it is no moment.
        """
        return self.dates.read() if self.reason == KEY_COMPROMISE else None

    def ask_about_age(self, certificate: IssuedCertificate) -> None:
        """Have a date from before the certificate's begin said twice: a key may be older, a typing error is likelier.

        Raises:
            OlderThanCertificate: when it was said once.
        """
        date, began = self.read_date(), certificate.not_before
        if date is not None and began is not None and date < began and not self.older:
            raise OlderThanCertificate(began)

    def stand_in(self, entry: JournalEntry) -> bool:
        """Whether a row says what was answered; nothing is missing of an answer that says nothing."""
        reason, date = self.read_reason(), self.read_date()
        if reason is RevocationReason.UNSPECIFIED:
            return True
        return entry.reason is reason and (date is None or entry.invalidity_date == date)
