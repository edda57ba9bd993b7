"""What can go wrong between the journal and a public CRL."""

from collections.abc import Mapping, Sequence

from pki_revocation.errors import PkiError


class UnreadableCrl(PkiError):
    """The octets are no CRL that can be read."""


class UnreadableRequest(PkiError):
    """A file is no CRL signing request, or says in words what its octets do not say."""


class NotInstalled(PkiError):
    """A CRL that was signed elsewhere does not fit what is here; nothing was changed."""


class OutletError(PkiError):
    """A CRL could not be put where relying parties fetch it; what was there before is still there."""


class NumberNotAbove(OutletError):
    """A CRL with this number or a higher one is public already: an outlet never goes backwards."""


class NumberExhausted(PkiError):
    """There is no next CRL number that fits."""


class SupersededCrl(PkiError):
    """Another publisher works on the same CRLs, and is further on: this one begins again."""


class LastCrlPublished(PkiError):
    """The CA's last CRL is public, and is good for ever: no other one may follow it."""


class NotLastCrl(PkiError):
    """A CA's last CRL would leave certificates behind that are still good."""


class LastCrlInFuture(PkiError):
    """The last CRL is dated after the present: the clock was ahead once, or is behind now."""

    def __init__(self, this_update: str, now: str) -> None:
        super().__init__(
            f"The last CRL's thisUpdate is {this_update}, and it is {now} now: nothing can be issued before it. "
            "Correct the clock, or see docs/ca-operations.md if it was ahead before."
        )


class NotPublished(PkiError):
    """An issuer has no valid published CRL, or no publisher made one in time."""


# Findings about a list that is not what the journal calls for, and so about the store that it was made from. That the
# public CRL lists more than the journal (crl.entry.lost) is not among them.
_OF_THE_STORE = frozenset(
    f"crl.entry.{kind}"
    for kind in ("missing", "unknown", "duplicate", "irregular", "encoding", "date", "reason", "invalidity-date")
)


_LOST = "crl.entry.lost"


class CrlRejected(PkiError):
    """The gate found an error: nothing was published, and the last good CRL stays.

    *counts* says how often each kind of finding came up, *blames_entry_store* whether the list is not the journal's.
    """

    def __init__(self, counts: Mapping[str, int], messages: Sequence[str]) -> None:
        self.counts = dict(counts)
        self.blames_entry_store = not _OF_THE_STORE.isdisjoint(counts)
        kinds = ", ".join(kind if count == 1 else f"{kind} ({count} times)" for kind, count in counts.items())
        advice = (
            " The database may come from an old backup: run 'pki-revocation doctor --restore'."
            if _LOST in counts
            else ""
        )
        super().__init__(f"The CRL was not published, because the gate found {kinds}: {' '.join(messages)}{advice}")
