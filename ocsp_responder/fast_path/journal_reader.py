"""What has happened to the journal since it was last looked at: the question, whatever the database."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from ocsp_responder.status import Status
from pki_revocation.errors import StoreError

# More rows than this are no reason to look at each one: everything that was kept is dropped.
CHANGES_READ = 1000


class JournalUnavailable(StoreError):
    """The journal cannot be read now, so that it cannot be known whether a certificate is still good."""


class JournalPosition(NamedTuple):
    """Where an issuer's journal stands: its last sequence, and that row's reference, which is chosen by chance.

    A journal that was restored and has grown again has the sequence, and never the reference. None before the first
    row.
    """

    sequence: int
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalChanges:
    """What one look found.

    *moment*: when the commit fence was passed, before everything else here was read; None when a writer held it.
    *reached* and *last_at*: where each issuer's journal stands. *changed*: the serials with new rows since what the
    look was given, or None for more than are worth listing. *rewritten*: the issuers whose journal does not hold the
    row that was applied last. *replaced*: this is another database file than last time. *ahead*: how far the
    database's own clock is before this machine's.
    """

    moment: datetime | None = None
    reached: Mapping[int, JournalPosition]
    last_at: datetime | None
    changed: Mapping[int, Sequence[int] | None] = field(default_factory=dict)
    rewritten: Collection[int] = ()
    replaced: bool = False
    ahead: timedelta = timedelta()


class JournalReader(Protocol):
    """One connection's view of the journal; used by one thread at a time."""

    waits: bool
    """Whether looking takes so long that the server's loop must not do it."""

    def poll(
        self, applied: Mapping[int, JournalPosition], dated: datetime | None, *, full: bool
    ) -> JournalChanges | None:
        """What is there now; everything that was committed before the call is in it.

        Args:
            applied: the last row applied, for each issuer.
            dated: the moment of the last findings that had one; with a later second, the order is passed again.
            full: say where everything stands although nothing has changed.

        Returns:
            None when nothing was committed and no second has passed.

        Raises:
            JournalUnavailable: when it cannot be read.
        """
        ...

    def status(self, issuer_id: int, serial: int) -> Status | None:
        """One certificate's status now, where that can be known without waiting.

        Raises:
            JournalUnavailable: when it cannot be read.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


def changes(
    reached: Mapping[int, JournalPosition],
    applied: Mapping[int, JournalPosition],
    serials_between: Callable[[int, int, int], Iterable[int]],
) -> dict[int, Sequence[int] | None]:
    """For each issuer whose journal moved on, the serials of its new rows, or None for too many.

    Args:
        reached: where each journal stands.
        applied: up to where it is known already; an issuer that is not in it has nothing to change yet.
        serials_between: reads the serials of an issuer's rows behind one sequence, up to another.
    """
    changed: dict[int, Sequence[int] | None] = {}
    for issuer_id, there in reached.items():
        sequence, since = there.sequence, applied.get(issuer_id, there).sequence
        if sequence - since > CHANGES_READ:
            changed[issuer_id] = None
        elif sequence > since:
            changed[issuer_id] = tuple(serials_between(issuer_id, since, sequence))
    return changed


def rewritten(
    reached: Mapping[int, JournalPosition],
    applied: Mapping[int, JournalPosition],
    reference_at: Callable[[int, int], str | None],
) -> frozenset[int]:
    """The issuers whose journal has lost the row that was applied last: it is shorter, or another row has its place.

    Args:
        reached: where each journal stands.
        applied: the last row applied.
        reference_at: reads the reference of an issuer's row with a sequence; None when there is none.
    """
    return frozenset(
        issuer_id
        for issuer_id, was in applied.items()
        if was.sequence and reached.get(issuer_id) != was and reference_at(issuer_id, was.sequence) != was.reference
    )
