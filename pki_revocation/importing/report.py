"""The result of an import: counts, and every refusal with its file and reason as far as people can read them."""

from collections import Counter
from dataclasses import dataclass, field

from .candidates import Refusal, RefusalKind

# A million refused rows are counted by kind; this many are kept word by word, so that memory stays flat.
KEPT_REFUSALS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """*added* is everything that went in: of it *revoked* and *expired* got no number, and *numbered* got one.

    The rest of *added* are certificates of CAs and of OCSP responders. *reasons_left_out* of those revoked went in
    without the reason that their source gives, which BR 7.2.2 forbids for subscribers' certificates. *completed* were
    registered already, and only a CRL had told of them. *repeated* of those refused are registered already, the very
    same.
    """

    added: int
    revoked: int
    expired: int
    numbered: int
    reasons_left_out: int
    completed: int
    refused: dict[RefusalKind, int]
    refusals: tuple[Refusal, ...]
    repeated: int = 0

    @property
    def refused_in_all(self) -> int:
        """How many were refused, also those of which only the kind is kept."""
        return sum(self.refused.values())

    def text(self) -> str:
        """The report as commands print it."""
        kinds = f"{self.numbered:,} with a number, {self.revoked:,} revoked, {self.expired:,} expired"
        lines = [f"{self.added:,} certificate{'' if self.added == 1 else 's'} went in: {kinds}."]
        if self.reasons_left_out:
            lines.append(
                f"{self.reasons_left_out:,} of the revoked went in without a reason: cACompromise and aACompromise "
                "have no place on a subscriber's certificate (BR 7.2.2)."
            )
        if self.completed:
            lines.append(f"{self.completed:,} were known from a CRL alone, and are complete now.")
        if self.refusals:
            kinds = ", ".join(f"{kind.value} {count:,}" for kind, count in self.refused.items())
            lines.append(f"{self.refused_in_all:,} refused ({kinds}):")
            lines += [f"  {refusal}" for refusal in self.refusals]
        if (more := self.refused_in_all - len(self.refusals)) > 0:
            lines.append(f"  and {more:,} more, counted above by their kind.")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The report's fields as commands print them with --json."""
        return {
            "added": self.added,
            "numbered": self.numbered,
            "revoked": self.revoked,
            "expired": self.expired,
            "reasons_left_out": self.reasons_left_out,
            "completed": self.completed,
            "refused": self.refused_in_all,
            "refused_by_kind": {kind.value: count for kind, count in self.refused.items()},
            "refusals": [refusal.as_json() for refusal in self.refusals],
        }


@dataclass(slots=True)
class Tally:
    """The report while it grows."""

    added: int = 0
    revoked: int = 0
    expired: int = 0
    numbered: int = 0
    reasons_left_out: int = 0
    completed: int = 0
    repeated: int = 0
    _refused: Counter[RefusalKind] = field(default_factory=Counter)
    _refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, refusal: Refusal) -> None:
        """Count a refusal, and keep its sentence while there is room."""
        self._refused[refusal.kind] += 1
        self.repeated += refusal.is_repeat
        if len(self._refusals) < KEPT_REFUSALS:
            self._refusals.append(refusal)

    @property
    def rows(self) -> int:
        """How many rows are done, registered or refused."""
        return self.added + self.completed + self._refused.total()

    def report(self) -> ImportReport:
        """The report of what has been counted so far."""
        return ImportReport(
            added=self.added,
            revoked=self.revoked,
            expired=self.expired,
            numbered=self.numbered,
            reasons_left_out=self.reasons_left_out,
            completed=self.completed,
            refused=dict(self._refused),
            refusals=tuple(self._refusals),
            repeated=self.repeated,
        )
