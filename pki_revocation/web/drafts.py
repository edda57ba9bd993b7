"""What was answered so far and is recorded nowhere yet: a draft, kept in the subscriber's own browser.

Each way through the page has a draft of its own, in a cookie of its own, so that two tabs never mix. A draft's name
stands in the addresses of its steps and says nothing: without the cookie it opens nothing. A draft holds the ticket
and never the code; it is signed, so that what comes back is what was given out, and it revokes nothing by itself: the
form that does says all of it again (OWASP ASVS 5.0, 3.5.3).
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from flask import request
from itsdangerous import BadSignature
from werkzeug.wrappers import Response

from pki_revocation.clock import Clock

from .answers import Answers
from .complaints import Complaint
from .date_fields import DateFields
from .tokens import signed_values

# Of a browser's drafts those are kept that were touched last: together they fit the head of a request.
MOST_DRAFTS = 6
# As long as a browser that is never closed remembers what was chosen.
_KEPT = timedelta(days=7)
_NAME_OCTETS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What confirming came to: the *reference* of the row, and whether the row says what was *recorded*.

    *repeated* for a certificate that had been revoked before, by another.
    """

    reference: str
    recorded: bool
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One way through the page so far; *ticket* is empty until number and code were right.

    *complaints* are what the step that is shown next says of the last answer.
    """

    number: str = ""
    ticket: str = ""
    answers: Answers = field(default_factory=Answers)
    complaints: tuple[Complaint, ...] = ()
    outcome: Outcome | None = None
    touched: int = 0

    @property
    def members(self) -> list[Any]:
        """As it is signed."""
        answers, dates, done = self.answers, self.answers.dates, self.outcome
        return [
            self.touched,
            self.number,
            self.ticket,
            [answers.reason, dates.day, dates.month, dates.year, dates.time, answers.older],
            [[each.name, each.value] for each in self.complaints],
            None if done is None else [done.reference, done.recorded, done.repeated],
        ]

    @classmethod
    def of_members(cls, members: list[Any]) -> Self:
        """As it was signed."""
        touched, number, ticket, (reason, day, month, year, time, older), complaints, done = members
        return cls(
            number=number,
            ticket=ticket,
            answers=Answers(reason=reason, dates=DateFields(day=day, month=month, year=year, time=time), older=older),
            complaints=tuple(Complaint(name, value) for name, value in complaints),
            outcome=None if done is None else Outcome(reference=done[0], recorded=done[1], repeated=done[2]),
            touched=touched,
        )


class DraftCookies:
    """The drafts of the browser that sent the request at hand."""

    def __init__(self, session_key: str, clock: Clock, *, secure: bool) -> None:
        """*secure* where browsers come by https."""
        self._serializer = signed_values(session_key, "draft")
        self._clock = clock
        self._secure = secure
        self._prefix = "__Host-draft-" if secure else "draft-"

    @staticmethod
    def new_name() -> str:
        """A name for a draft, which says nothing of it."""
        return secrets.token_hex(_NAME_OCTETS)

    def read(self, name: str) -> Draft | None:
        """The draft with this name; None where the browser sent none that is ours."""
        cookie = request.cookies.get(self._prefix + name)
        if cookie is None:
            return None
        try:
            return Draft.of_members(self._serializer.loads(cookie))
        except (BadSignature, ValueError):
            return None

    def newest_first(self) -> list[tuple[str, Draft]]:
        """All of the browser's drafts, with their names."""
        names = [name.removeprefix(self._prefix) for name in request.cookies if name.startswith(self._prefix)]
        found = [(name, draft) for name in names if (draft := self.read(name)) is not None]
        return sorted(found, key=lambda each: each[1].touched, reverse=True)

    def outcome_with(self, reference: str) -> Outcome | None:
        """What confirming came to in this browser, for the confirmation with a reference."""
        outcomes = (draft.outcome for _, draft in self.newest_first())
        return next((each for each in outcomes if each is not None and each.reference == reference), None)

    def keep(self, response: Response, name: str, draft: Draft) -> None:
        """Have the browser remember a draft, and forget those that are old or too many."""
        now = self._clock.now()
        # Those of a first step that was mistaken make room before those that a code was typed for.
        others = sorted((each for each in self.newest_first() if each[0] != name), key=lambda each: not each[1].ticket)
        oldest = int((now - _KEPT).timestamp())
        for place, (each, kept) in enumerate(others, start=1):
            if place >= MOST_DRAFTS or kept.touched < oldest:
                self._set(response, each, "", max_age=0)
        touched = replace(draft, touched=int(now.timestamp()))
        self._set(response, name, str(self._serializer.dumps(touched.members)))

    def _set(self, response: Response, name: str, value: str, max_age: int | None = None) -> None:
        response.set_cookie(
            self._prefix + name,
            value,
            max_age=max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )
