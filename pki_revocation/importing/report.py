"""The result of an import: counts, and every refusal with its file and reason as far as people can read them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .batch import Written
from .candidates import Refusal, RefusalKind, Remark
from .counts import ImportCounts

# A million refused rows are counted by kind; this many are kept word by word, so that memory stays flat.
KEPT_REFUSALS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport(ImportCounts):
    """What became of an import: counts, refusals by their kind, and as many sentences as people can read."""

    refused: dict[RefusalKind, int] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    holds: tuple[Refusal, ...] = ()
    remarked: int = 0
    remarks: tuple[Remark, ...] = ()

    @property
    def refused_in_all(self) -> int:
        """How many were refused, also those of which only the kind is kept."""
        return sum(self.refused.values())

    def text(self, *, most: int = KEPT_REFUSALS) -> str:
        """The report as commands print it, with so many sentences of each kind."""
        lines = [*self._holds(), *self._compromised()]
        kinds = f"{self.numbered:,} with a number, {self.revoked:,} revoked, {self.expired:,} expired"
        lines.append(f"{self.added:,} certificate{'' if self.added == 1 else 's'} went in: {kinds}.")
        if self.reasons_left_out:
            lines.append(
                f"{self.reasons_left_out:,} of the revoked went in without a reason: cACompromise and aACompromise "
                "have no place on a subscriber's certificate (BR 7.2.2)."
            )
        if self.completed:
            lines.append(
                f"{self.completed:,} {_were(self.completed)} registered already, without the certificate itself, and "
                f"{'is' if self.completed == 1 else 'are'} complete now."
            )
        if self.revoked_since:
            lines.append(
                f"{self.revoked_since:,} {_were(self.revoked_since)} registered already as not revoked, and "
                f"{'is' if self.revoked_since == 1 else 'are'} revoked now."
            )
        if self.agreed:
            lines.append(f"{self.agreed:,} said once more what is registered already, or what this import says itself.")
        if self.lifted:
            lines.append(f"{self.lifted:,} {_were(self.lifted)} barred before, and went in as revoked for good.")
        if self.remarks:
            lines.append(f"{self.remarked:,} remark{'' if self.remarked == 1 else 's'}:")
            lines += [f"  {remark}" for remark in self.remarks[:most]]
        if (more := self.remarked - len(self.remarks[:most])) > 0:
            lines.append(f"  and {more:,} more.")
        if self.refusals:
            kinds = ", ".join(f"{kind.value} {count:,}" for kind, count in self.refused.items())
            lines.append(f"{self.refused_in_all:,} refused ({kinds}):")
            lines += [f"  {refusal}" for refusal in self.refusals[:most]]
        if (more := self.refused_in_all - len(self.refusals[:most])) > 0:
            lines.append(f"  and {more:,} more, counted above by their kind.")
        return "\n".join(lines)

    def _holds(self) -> list[str]:
        count = self.refused.get(RefusalKind.HOLD, 0)
        if not count:
            return []
        which = [f"  {hold}" for hold in self.holds]
        if count > len(which):
            which.append(f"  and {count - len(which):,} more.")
        first = (
            f"ON HOLD: {count:,} {'certificate is' if count == 1 else 'certificates are'} on hold, and barred: relying "
            "parties may have seen this as a revocation, and here a revocation is final."
        )
        return [first, *which]

    def _compromised(self) -> list[str]:
        if not self.compromised:
            return []
        one = self.compromised == 1
        which = "certificate has a key that is" if one else "certificates have keys that are"
        named = f"the remarks below name {'it' if one else 'them'}."
        return [f"WRONG: {self.compromised:,} {which} known to be compromised; {named}"]

    def as_json(self) -> dict[str, object]:
        """The report's fields as commands print them with --json."""
        return {
            "on_hold": self.refused.get(RefusalKind.HOLD, 0),
            "holds": [hold.as_json() for hold in self.holds],
            "added": self.added,
            "numbered": self.numbered,
            "revoked": self.revoked,
            "expired": self.expired,
            "reasons_left_out": self.reasons_left_out,
            "completed": self.completed,
            "revoked_since": self.revoked_since,
            "agreed": self.agreed,
            "bars_lifted": self.lifted,
            "with_compromised_keys": self.compromised,
            "remarked": self.remarked,
            "remarks": [remark.as_json() for remark in self.remarks],
            "refused": self.refused_in_all,
            "refused_by_kind": {kind.value: count for kind, count in self.refused.items()},
            "refusals": [refusal.as_json() for refusal in self.refusals],
        }


class Tally:
    """The report while it grows."""

    def __init__(self, told: Callable[[Refusal | Remark], None] | None = None) -> None:
        """Nothing is counted yet; *told* gets every refusal and remark, however many there are."""
        self._told = told
        # Apart, because it is counted row by row, and all else by the batch.
        self.agreed = 0
        self._written = ImportCounts()
        self._refused: Counter[RefusalKind] = Counter()
        self._refusals: list[Refusal] = []
        self._holds: list[Refusal] = []
        self._remarked = 0
        self._remarks: list[Remark] = []

    def add(self, written: Written) -> None:
        """Count what a batch wrote."""
        self._written = ImportCounts(**self._written.sums_with(written))
        for refusal in written.refusals:
            self.refuse(refusal)
        for remark in written.remarks:
            self.remark(remark)

    def refuse(self, refusal: Refusal) -> None:
        """Count a refusal, and keep its sentence while there is room; holds have room of their own."""
        self._refused[refusal.kind] += 1
        if self._told is not None:
            self._told(refusal)
        if len(self._refusals) < KEPT_REFUSALS:
            self._refusals.append(refusal)
        if refusal.kind is RefusalKind.HOLD and len(self._holds) < KEPT_REFUSALS:
            self._holds.append(refusal)

    def remark(self, remark: Remark) -> None:
        """Count a remark, and keep its sentence while there is room."""
        self._remarked += 1
        if self._told is not None:
            self._told(remark)
        if len(self._remarks) < KEPT_REFUSALS:
            self._remarks.append(remark)

    @property
    def rows(self) -> int:
        """How many rows are done, registered or refused."""
        return self._written.taken + self.agreed + self._refused.total()

    def report(self) -> ImportReport:
        """The report of what has been counted so far."""
        return ImportReport(
            **self._written.sums_with(ImportCounts(agreed=self.agreed)),
            refused=dict(self._refused),
            refusals=tuple(self._refusals),
            holds=tuple(self._holds),
            remarked=self._remarked,
            remarks=tuple(self._remarks),
        )


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
