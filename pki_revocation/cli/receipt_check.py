"""What `doctor` checks of receipts: what they are checked against, who signs them, and whether they are stamped."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError
from pki_revocation.host.extras import ExtraMissing, require_extra
from pki_revocation.proof.certificates import may_sign_documents
from pki_revocation.proof.settings import ReceiptSettings
from pki_revocation.proof.stamps.authority import StampRefused, authorities_of
from pki_revocation.proof.stamps.settings import TimestampSettings
from pki_revocation.proof.stamps.store import waiting_for_stamps
from pki_revocation.runtime.clock_keeping import open_clock

from .check_result import CheckResult

# The notifier stamps within seconds; an authority may be away for a while.
_LONGEST_WAIT = timedelta(hours=1)
# A certificate takes some days to get.
if TYPE_CHECKING:
    from pki_revocation.documents.receipt_signing import ReceiptSigner

_RENEW_BEFORE = timedelta(days=30)
_TRIAL = b"pki-revocation doctor"


def check(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """Lines on the roots of receipts, on the key that signs them, and on time stamps.

    Raises:
        ConfigurationError: when [receipts] or [timestamps] is wrong, or a file that they name.
        StoreError: when the database does not answer.
    """
    yield _anchors(installation)
    yield _signer(installation, database)
    yield from _stamps(installation, database)


def _anchors(installation: Installation) -> CheckResult:
    found = installation.section(ReceiptSettings).anchors(installation)
    says = "[receipts] trust_anchors names none: the page /receipt/verify checks nothing"
    return CheckResult("receipts' roots", well=True, says=f"{len(found)}" if found else says)


def _opened_signer(installation: Installation) -> "ReceiptSigner | None":
    if installation.section(ReceiptSettings).key is None:
        return None
    require_extra("documents", "Making receipts")
    # A node that answers OCSP alone has no receipts, and none of what makes them.
    from pki_revocation.documents.receipt_signing import ReceiptSigner  # noqa: PLC0415

    return ReceiptSigner.of(installation)


def _signer(installation: Installation, database: Database) -> CheckResult:
    name = "receipts' signature"
    try:
        signer = _opened_signer(installation)
    except (ConfigurationError, ExtraMissing) as error:
        return CheckResult(name, well=False, says=str(error))
    if signer is None:
        return CheckResult(name, well=True, says="none, [receipts] names no key: receipts say that they are not signed")
    now = open_clock(database).now()
    end = signer.certificates[0].not_valid_after_utc
    if not signer.is_valid_at(now):
        return CheckResult(
            name, well=False, says=f"{signer.name} is not valid now: receipts go out without a signature"
        )
    if not may_sign_documents(signer.certificates[0]):
        says = (
            f"the certificate of {signer.name} is not for signing documents (RFC 9336): what checks receipts refuses it"
        )
        return CheckResult(name, well=False, says=says)
    if end - now < _RENEW_BEFORE:
        return CheckResult(name, well=False, says=f"the certificate of {signer.name} ends at {iso(end)}: renew it")
    return CheckResult(name, well=True, says=f"{signer.name}, until {iso(end)}")


def _stamps(installation: Installation, database: Database) -> Iterator[CheckResult]:
    settings = installation.section(TimestampSettings)
    if not settings.is_on:
        yield CheckResult("time stamps", well=True, says="none, [timestamps] names no authority")
        return
    now = open_clock(database).now()
    waiting = waiting_for_stamps(database, now)
    since = "" if waiting.since is None else f", the oldest since {iso(waiting.since)}"
    is_late = waiting.since is not None and now - waiting.since > _LONGEST_WAIT
    advice = ": see whether 'pki-revocation serve notifier' runs, and the lines below" if is_late else ""
    yield CheckResult("time stamps", well=not is_late, says=f"{waiting.count} revocations wait{since}{advice}")
    for authority in authorities_of(installation, settings):
        try:
            stamp = authority.stamp(_TRIAL)
        except (StampRefused, ExtraMissing) as error:
            yield CheckResult(f"time stamps of {authority.url}", well=False, says=str(error))
        else:
            yield CheckResult(f"time stamps of {authority.url}", well=True, says=f"it gives {iso(stamp.stamped_at)}")
