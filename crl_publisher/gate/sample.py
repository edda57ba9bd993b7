"""A close look at some of the entries, by a library that had no part in making them.

All entries are compared as octets elsewhere. These are read as a relying party reads them: some that no public CRL has
had yet, and some from everywhere in the list. They are also what the lints get.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from crl_publisher.crl.reading import ParsedCrl
from crl_publisher.plan import Plan
from pki_revocation.encoding.serials import text_of_stored

from .comparison import check_meaning
from .expected_entries import row_of
from .findings import Findings

_SPREAD = 16
_NEW = 16


def check_sample(
    connection: Connection, crl: ParsedCrl, plan: Plan, new: Sequence[bytes], findings: Findings
) -> list[bytes]:
    """Read a sample of the entries again, and hold them against the journal; give their octets.

    Args:
        connection: reads one state.
        crl: whose list is known to be one of entries.
        plan: says what is covered.
        new: entries that the public CRL lacks, as far as that is known.
        findings: gets what is not as it should be.
    """
    sample = list(dict.fromkeys([*_spread_sample(crl), *new[:_NEW]]))
    for entry in crl.parse_entries(sample):
        row = row_of(connection, plan, entry.serial)
        if entry.irregular:
            findings.error("crl.entry.irregular", f"The entry {text_of_stored(entry.serial)} has {entry.irregular}.")
        if row is not None:
            check_meaning(entry, row, plan, findings)
    return sample


def _spread_sample(crl: ParsedCrl) -> Iterator[bytes]:
    """The octets of about every n-th entry, found by the entries' lengths alone: there may be a million of them."""
    data, listed = crl.data, crl.frame.listed
    step = max(1, len(crl) // _SPREAD)
    at, end, until = listed.start, listed.stop, 0
    while at < end:
        behind = at + 2 + data[at + 1]
        if until == 0:
            yield data[at:behind]
            until = step
        until -= 1
        at = behind
