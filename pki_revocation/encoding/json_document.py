"""JSON that a client sent, read strictly (RFC 8259; RFC 7493 for what it leaves open).

Whatever is unclear is refused: a member that stands twice, NaN, an unknown member. A refusal names the member and never
repeats a value, because the value may be a secret that stands in the wrong place. All mistakes of a document are told
at once, each with a JSON pointer to where it is (RFC 6901).
"""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from pki_revocation.errors import PkiError

# Only what looks like a member's name is repeated; it needs no escaping in a pointer.
_NAME = re.compile(r"[a-z_]{1,40}")
# The pointer to the whole document.
DOCUMENT = "#"
# An answer tells of no more mistakes than a person reads.
_MOST_MISTAKES = 20


class MalformedDocument(PkiError):
    """The body is not what its media type says, or not what every parser reads alike."""


class UnfitMember(PkiError):
    """A member is missing, unknown, or not as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong with a document: *pointer* says where (RFC 6901 section 6: #/number), *error* what."""

    pointer: str
    error: PkiError


class UnfitDocument(PkiError):
    """A document that can be read and not be taken; it says its first mistake, and holds all *mistakes*."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = mistakes
        super().__init__(str(mistakes[0].error))


class Mistakes:
    """Collects what is wrong with a document while it is read."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: list[Mistake] = []

    def note(self, pointer: str, error: PkiError) -> None:
        """Remember a mistake."""
        if len(self._found) < _MOST_MISTAKES:
            self._found.append(Mistake(pointer=pointer, error=error))

    @contextmanager
    def noted_at(self, pointer: str) -> Iterator[None]:
        """A refusal that leaves the block is a mistake at *pointer*, and the reading goes on behind it."""
        try:
            yield
        except PkiError as error:
            self.note(pointer, error)

    def refuse(self) -> None:
        """Go on with a document that has none.

        Raises:
            UnfitDocument: when there are mistakes.
        """
        if self._found:
            raise UnfitDocument(tuple(self._found))


def pointer_to(name: str) -> str:
    """The pointer to a member of the document."""
    return f"{DOCUMENT}/{name}"


def read_members(body: bytes, known: Collection[str], advice: str, mistakes: Mistakes | None = None) -> dict[str, Any]:
    """The members of one JSON object in UTF-8.

    Args:
        body: as it came.
        known: the names that members may have, in the order in which a refusal lists them.
        advice: what to send instead of something that is no object, behind "send".
        mistakes: where members of other names are noted; without it they are refused here.

    Raises:
        MalformedDocument: when it is not such an object.
        UnfitDocument: when it has members of other names, and there is nowhere to note them.
    """
    members = _members(body, advice)
    noted = Mistakes() if mistakes is None else mistakes
    for name in members:
        if name not in known:
            is_name = _NAME.fullmatch(name) is not None
            shown = f"The member {name} is" if is_name else "A member of the document is"
            error = UnfitMember(f"{shown} not known; known are {', '.join(known)}.")
            noted.note(pointer_to(name) if is_name else DOCUMENT, error)
    if mistakes is None:
        noted.refuse()
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
