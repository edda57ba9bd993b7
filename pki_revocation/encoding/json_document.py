"""JSON that a client sent, read strictly (RFC 8259; RFC 7493 for what it leaves open).

Whatever is unclear is refused: a member that stands twice, NaN, an unknown member. A refusal names the member and never
repeats a value, because the value may be a secret that stands in the wrong place.
"""

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn

from pki_revocation.errors import PkiError

# Only what looks like a member's name is repeated.
_NAME = re.compile(r"[a-z_]{1,40}")


class MalformedDocument(PkiError):
    """The body is not what its media type says, or not what every parser reads alike."""


class UnfitMember(PkiError):
    """A member is missing, unknown, or not as it should be."""


def read_members(body: bytes, known: Collection[str], advice: str) -> dict[str, Any]:
    """The members of one JSON object in UTF-8.

    Args:
        body: as it came.
        known: the names that members may have, in the order in which a refusal lists them.
        advice: what to send instead of something that is no object, behind "send".

    Raises:
        MalformedDocument: when it is not such an object.
        UnfitMember: when it has a member of another name.
    """
    members = _members(body, advice)
    for name in members:
        if name not in known:
            shown = f"The member {name} is" if _NAME.fullmatch(name) else "A member of the document is"
            raise UnfitMember(f"{shown} not known; known are {', '.join(known)}.")
    return members


def _members(body: bytes, advice: str) -> dict[str, Any]:
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
        raise MalformedDocument(f"The body is not a JSON object: send {advice}.")
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
