"""What the cells of a CSV row say: status and revocation, dates, and whom the letter and the mails go to.

What is revoked comes in whatever else its row has: contact data that cannot be used is left out, and said so.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from pki_revocation.clock import whole_second
from pki_revocation.subscribers.contacts import Contact, UnfitContact
from pki_revocation.subscribers.recipients import Recipient, UnfitRecipient

from .candidates import CandidateRefused, PastRevocation, RefusalKind
from .past_reasons import past_reason
from .text_files import has_octets, with_octets_shown

# As an index.txt writes them, and as people do.
_STATUSES = {"v": "V", "valid": "V", "r": "R", "revoked": "R"}


def cells_of(columns: dict[str, str], left_out: list[str], *, is_longer: bool) -> dict[str, str]:
    """The row's cells by their columns, as text that can be shown; *is_longer* than the header it may not be.

    Raises:
        CandidateRefused: when they cannot be.
    """
    if is_longer:
        raise CandidateRefused(RefusalKind.BROKEN, "It has more columns than the header.")
    text = "".join(columns.values())
    if "\0" in text:
        raise CandidateRefused(RefusalKind.BROKEN, "The row has a NUL character.")
    if has_octets(text):
        left_out.append("The row is not UTF-8: it was read as Latin-1.")
        return {name: with_octets_shown(cell) for name, cell in columns.items()}
    return columns


def past_revocation(columns: Mapping[str, str]) -> PastRevocation | None:
    """What the row says of a revocation; None for a valid certificate.

    Raises:
        CandidateRefused: when that is unclear, or a hold.
    """
    said = columns.get("status") or ("R" if columns.get("revoked_at") else "V")
    status = _STATUSES.get(said.casefold())
    if status == "V":
        if columns.get("revoked_at") or columns.get("reason"):
            raise CandidateRefused(RefusalKind.BROKEN, "It is marked V, and has a revocation date or reason.")
        return None
    if status != "R":
        raise CandidateRefused(RefusalKind.BROKEN, f"Its status {said[:10]!r} is neither V (valid) nor R (revoked).")
    # The reason first: what is on hold is said so, whatever its date.
    reason = past_reason(columns.get("reason", ""))
    if not columns.get("revoked_at"):
        raise CandidateRefused(RefusalKind.DATE, "It is marked R, and has no revoked_at.")
    return PastRevocation(_moment("revoked_at", columns["revoked_at"]), reason)


def recipient_of(columns: Mapping[str, str], left_out: list[str]) -> Recipient | None:
    """Language and address, each left out where no letter could have it."""
    language, lines = columns.get("language", ""), re.split(r"[|\n]", columns.get("address", ""))
    for chosen, printed in ((language, lines), (language, []), ("", lines)):
        try:
            return Recipient.of(chosen, printed)
        except UnfitRecipient as error:
            if (sentence := f"{error} It went in without that.") not in left_out:
                left_out.append(sentence)
    return None


def contact_of(columns: Mapping[str, str], left_out: list[str]) -> Contact | None:
    """The one language of a row is the letter's and the mails'."""
    if not columns.get("email"):
        return None
    for language in (columns.get("language", ""), ""):
        try:
            return Contact.of(columns["email"], language)
        except UnfitContact as error:
            if (sentence := f"{error} It went in without that.") not in left_out:
                left_out.append(sentence)
    return None


def known_moment(
    column: str, columns: Mapping[str, str], revocation: PastRevocation | None, left_out: list[str]
) -> datetime | None:
    """A date of the row, where it has one; of what is revoked it may be unreadable.

    Raises:
        CandidateRefused: for one that cannot be read, of a certificate that is not revoked.
    """
    if not columns.get(column):
        return None
    try:
        return _moment(column, columns[column])
    except CandidateRefused as refused:
        if revocation is None:
            raise
        left_out.append(f"{refused} It went in as revoked without it.")
        return None


def _moment(column: str, text: str) -> datetime:
    try:
        return whole_second(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise CandidateRefused(
            RefusalKind.DATE,
            f"Its {column} {text[:40]!r} is no moment as 2027-11-23T14:03:22Z or with a zone such as +01:00.",
        ) from None
