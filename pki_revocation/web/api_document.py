"""The JSON document that asks for a revocation, read strictly (RFC 8259; RFC 7493 for what it leaves open).

Whatever is unclear is refused: a member that stands twice, NaN, an unknown member, a wrong type. A refusal names the
member and never repeats a value, because the value may be a code that stands in the wrong place.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from pki_revocation.errors import PkiError
from pki_revocation.reasons import RevocationReason, subscriber_reason

from .moments import zoned_moment

_REQUIRED = ("number", "code")
_MEMBERS = (*_REQUIRED, "reason", "key_compromised_at")
# Only what looks like a member's name is repeated.
_NAME = re.compile(r"[a-z_]{1,40}")


class MalformedDocument(PkiError):
    """The body is not JSON, or not JSON that everybody reads alike."""


class UnfitMember(PkiError):
    """A member is missing, unknown, or of another type than it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationDocument:
    """What the document asks for; the code is left out where the value is printed."""

    number: str
    code: str = field(repr=False)
    reason: RevocationReason
    compromised_at: datetime | None


def read_document(body: bytes) -> RevocationDocument:
    """Read a request's body.

    Raises:
        MalformedDocument: when it is not one JSON object in UTF-8.
        UnfitMember: when its members are not the ones that belong there.
        ReasonNotPermitted: for a reason that a subscriber may not give.
        UnreadableMoment: for a moment without a zone, or that is none.
    """
    members = _members(body)
    for name in members:
        if name not in _MEMBERS:
            shown = f"The member {name} is" if _NAME.fullmatch(name) else "A member of the document is"
            raise UnfitMember(f"{shown} not known; known are {', '.join(_MEMBERS)}.")
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


def _members(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise MalformedDocument("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise MalformedDocument(f"The body is not JSON: see line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise MalformedDocument("The body is nested too deeply: send one flat object.") from None
    except ValueError:
        raise MalformedDocument("The body has a number that is too long.") from None
    if not isinstance(document, dict):
        raise MalformedDocument("The body is not a JSON object: send one with number and code.")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            shown = f"The member {name}" if _NAME.fullmatch(name) else "A member"
            raise MalformedDocument(f"{shown} stands twice in the body.")
        found[name] = value
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise MalformedDocument("The body holds NaN or Infinity, which JSON does not have.")
