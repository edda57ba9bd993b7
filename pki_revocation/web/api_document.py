"""The JSON document that asks for a revocation: which members it may have, and of which types."""

from dataclasses import dataclass, field
from datetime import datetime

from pki_revocation.encoding.json_document import UnfitMember, read_members
from pki_revocation.reasons import RevocationReason, subscriber_reason

from .moments import zoned_moment

_REQUIRED = ("number", "code")
_MEMBERS = (*_REQUIRED, "reason", "key_compromised_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationDocument:
    """What the document asks for; the code is left out where the value is printed."""

    number: str
    code: str = field(repr=False)
    reason: RevocationReason
    compromised_at: datetime | None


def read_document(body: bytes) -> RevocationDocument:
    """The revocation that a request's body asks for.

    Raises:
        MalformedDocument: when it is not one JSON object in UTF-8.
        UnfitMember: when its members are not the ones that belong there.
        ReasonNotPermitted: for a reason that a subscriber may not give.
        InvalidTimestamp: for a moment without a zone, or that is none.
    """
    members = read_members(body, _MEMBERS, "one with number and code")
    for name in _REQUIRED:
        if name not in members:
            raise UnfitMember(f"The member {name} is missing.")
    for name, value in members.items():
        if not isinstance(value, str) and (value is not None or name in _REQUIRED):
            raise UnfitMember(f"The member {name} is not a string.")
    moment = members.get("key_compromised_at")
    return RevocationDocument(
        number=members["number"],
        code=members["code"],
        reason=subscriber_reason(members.get("reason")),
        compromised_at=None if moment is None else zoned_moment(moment),
    )
