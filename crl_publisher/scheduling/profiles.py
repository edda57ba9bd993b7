"""What each profile demands of a schedule; of several, the strictest counts.

`pkix` bounds nothing beyond RFC 5280; `br` is for CRLs of subscriber certificates under the Baseline Requirements,
`etsi` for EN 319 411-1, `microsoft` for its root program, and `ca` for CRLs of CA certificates.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Self

_DAY = timedelta(days=1)


class Profile(StrEnum):
    """A set of rules, by the name that a schedule gives it."""

    PKIX = "pkix"
    BR = "br"
    ETSI = "etsi"
    MICROSOFT = "microsoft"
    CA = "ca"


@dataclass(frozen=True, slots=True)
class Bound:
    """The longest that something may take, and who says so."""

    longest: timedelta
    clause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A profile's bounds; None where it has none.

    *validity* is from thisUpdate to nextUpdate; *age* how old a CRL's thisUpdate may become before the next routine one
    is out; *age_with_deltas* likewise where a delta counts as well; *revocation* from recording to publishing.
    """

    validity: Bound | None = None
    age: Bound | None = None
    age_with_deltas: Bound | None = None
    revocation: Bound | None = None


RULES = {
    Profile.PKIX: Rules(),
    Profile.BR: Rules(
        validity=Bound(10 * _DAY, "BR 7.2: nextUpdate at most 10 days after thisUpdate"),
        age=Bound(4 * _DAY, "BR 4.9.7: at least every 4 days, since certificates may name no OCSP responder"),
        revocation=Bound(_DAY, "BR 4.9.7: within 24 hours of recording a revocation"),
    ),
    Profile.ETSI: Rules(
        age_with_deltas=Bound(_DAY, "ETSI EN 319 411-1 CSS-6.3.9-05: at least every 24 hours"),
        revocation=Bound(_DAY, "ETSI EN 319 411-1 REV-6.2.4-03A: within 24 hours"),
    ),
    Profile.MICROSOFT: Rules(
        revocation=Bound(_DAY, "Microsoft root program 2.1.13: within 24 hours"),
    ),
    Profile.CA: Rules(
        validity=Bound(
            365 * _DAY, "BR 7.2: nextUpdate at most 12 months after thisUpdate; ETSI EN 319 411-1 CSS-6.3.9: 1 year"
        ),
        age=Bound(365 * _DAY, "BR 4.9.7: at least every 12 months"),
        revocation=Bound(_DAY, "BR 4.9.7: within 24 hours of recording a revocation"),
    ),
}


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles of a schedule, as a set; written as their names with blanks between."""

    names: frozenset[Profile]

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read names, in any order.

        Raises:
            ValueError: for none, or for one that is not known.
        """
        words = text.replace(",", " ").split()
        known = ", ".join(Profile)
        if not words:
            raise ValueError(f"no profile is named: give one or more of {known}")
        for word in words:
            if word not in set(Profile):
                raise ValueError(f"{word!r} is no profile: they are {known}")
        return cls(frozenset(Profile(word) for word in words))

    def __str__(self) -> str:
        """The names, always in the same order."""
        return " ".join(profile for profile in Profile if profile in self.names)

    def weaker_than(self, other: "Profiles") -> tuple[str, ...]:
        """The clauses of the others' bounds that are gone or wider here; empty where none is."""
        return tuple(
            theirs.clause
            for own, theirs in (
                (self.validity, other.validity),
                (self.age, other.age),
                (self.age_with_deltas, other.age_with_deltas),
                (self.revocation, other.revocation),
            )
            if theirs is not None and (own is None or own.longest > theirs.longest)
        )

    @property
    def validity(self) -> Bound | None:
        """The strictest bound of validity."""
        return _strictest(RULES[name].validity for name in self.names)

    @property
    def age(self) -> Bound | None:
        """The strictest bound of a complete CRL's age, whatever deltas there are."""
        return _strictest(RULES[name].age for name in self.names)

    @property
    def age_with_deltas(self) -> Bound | None:
        """The strictest bound of the age of what came last, complete or delta."""
        found = [bound for name in self.names for bound in (RULES[name].age, RULES[name].age_with_deltas)]
        return _strictest(found)

    @property
    def revocation(self) -> Bound | None:
        """The strictest bound from recording a revocation to publishing it."""
        return _strictest(RULES[name].revocation for name in self.names)


def _strictest(bounds: Iterable[Bound | None]) -> Bound | None:
    # The clause decides among equals, so that the same set always cites the same one.
    return min((bound for bound in bounds if bound is not None), key=lambda b: (b.longest, b.clause), default=None)
