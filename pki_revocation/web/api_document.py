"""The JSON document that asks for a revocation: which members it may have, and of which types.

All that is wrong with it is told at once, before any number or code is looked up.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pki_revocation import policy
from pki_revocation.clock import iso
from pki_revocation.codes import parse_code
from pki_revocation.encoding.json_document import Mistakes, UnfitMember, pointer_to, read_members
from pki_revocation.errors import RevocationRefused
from pki_revocation.model import CertificateStatus
from pki_revocation.numbers import parse_number
from pki_revocation.policy import RevocationAction
from pki_revocation.reasons import RevocationReason, subscriber_reason

from .moments import zoned_moment

MEDIA_TYPE = "application/json"
_REQUIRED = ("number", "code")
_DATE = "key_compromised_at"
_CONFIRMATION = "compromised_before_certificate"
_MEMBERS = (*_REQUIRED, "reason", _DATE, _CONFIRMATION)


class DateBeforeCertificate(RevocationRefused):
    """A date of compromise from before the certificate began, where the request says that it is none: nothing done."""

    kind = "date-before-certificate"

    def __init__(self, not_before: datetime) -> None:
        super().__init__(
            f"The date of compromise lies before the certificate, which began at {iso(not_before)}: correct it, or "
            f"leave out the member {_CONFIRMATION}, which is false. Nothing was revoked."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationDocument:
    """What the document asks for; the code is left out where the value is printed.

    *may_be_before* says that the date may lie before the certificate, as it may unless the client rules it out: an
    urgent revocation does not fail for a date, and its answer says where it lies.
    """

    number: str
    code: str = field(repr=False)
    reason: RevocationReason
    compromised_at: datetime | None
    may_be_before: bool = True

    def refuse_date_before_certificate(self, status: CertificateStatus) -> None:
        """Refuse a date from before the certificate began, where it would be recorded and the client says it is none.

        Raises:
            DateBeforeCertificate: then.
        """
        began = status.certificate.not_before
        if self.may_be_before or self.compromised_at is None or began is None or self.compromised_at >= began:
            return
        if policy.decide(status.entry, self.reason) is not RevocationAction.REPEAT:
            raise DateBeforeCertificate(began)


def read_document(body: bytes, now: datetime) -> RevocationDocument:
    """The revocation that a request's body asks for; a date after *now* lies in the future.

    Raises:
        MalformedDocument: when it is not one JSON object in UTF-8.
        UnfitDocument: with all mistakes: members that do not belong there, typing errors in number and code, a reason
            that a subscriber may not give, a date that is none or that cannot be.
    """
    mistakes = Mistakes()
    members = read_members(body, _MEMBERS, "one with number and code", mistakes)
    for name in _REQUIRED:
        if name not in members:
            mistakes.note(pointer_to(name), UnfitMember(f"The member {name} is missing."))
    fit = {name: value for name, value in members.items() if name in _MEMBERS and _is_fit(name, value, mistakes)}
    reason = RevocationReason.UNSPECIFIED
    with mistakes.noted_at(pointer_to("reason")):
        reason = subscriber_reason(fit.get("reason"))
    compromised_at = None
    with mistakes.noted_at(pointer_to(_DATE)):
        compromised_at = None if fit.get(_DATE) is None else zoned_moment(fit[_DATE])
    for name, parse in (("number", parse_number), ("code", parse_code)):
        if name in fit:
            with mistakes.noted_at(pointer_to(name)):
                parse(fit[name])
    with mistakes.noted_at(pointer_to(_DATE)):
        policy.refuse_impossible_compromise(reason, compromised_at, now)
    mistakes.refuse()
    return RevocationDocument(
        number=fit["number"],
        code=fit["code"],
        reason=reason,
        compromised_at=compromised_at,
        may_be_before=fit.get(_CONFIRMATION) is not False,
    )


def _is_fit(name: str, value: Any, mistakes: Mistakes) -> bool:  # noqa: ANN401 - whatever JSON can hold
    """Whether a member has the type that it should have; where not, that is a mistake."""
    if value is None and name not in _REQUIRED:
        return True
    kind, called = (bool, "true or false") if name == _CONFIRMATION else (str, "a string")
    if isinstance(value, kind):
        return True
    mistakes.note(pointer_to(name), UnfitMember(f"The member {name} is not {called}."))
    return False
