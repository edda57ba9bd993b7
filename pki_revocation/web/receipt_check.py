"""GET and POST /receipt/verify (Dutch: /bewijs/controleren): a receipt is given, and what it proves is said.

The register's database is not asked, and no file is kept: what is checked is the receipt alone, against the roots that
[receipts] trust_anchors names. It takes no cookie and changes nothing.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Blueprint, Request, render_template, request

from pki_revocation.documents.verification.package import LARGEST
from pki_revocation.documents.verification.process import CheckFailed, verify_apart
from pki_revocation.documents.verification.verdict import Finding, Verdict
from pki_revocation.encoding.names import subject_text
from pki_revocation.host.extras import ExtraMissing

from .languages import current_language, translatable, translated
from .moments import in_utc
from .receipt_limiter import ReceiptsBusy

PATH, DUTCH_PATH = "/receipt/verify", "/bewijs/controleren"
NAME = "receipt_check"
FIELD = "receipt"
# The file and what the form puts around it, with so much room that what is too large is told so here.
LARGEST_BODY = LARGEST + 1024**2


class RequestInMemory(Request):
    """A request whose uploaded file goes to no disk, not even for a moment; how large it may be is bounded before."""

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return BytesIO()


def is_check() -> bool:
    """Whether this request brings a receipt, and may be as long as one."""
    return request.endpoint == f"{NAME}.check"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedRoots:
    """What receipts are checked against here: the register's own roots, and those of time-stamp services."""

    anchors: Sequence[x509.Certificate] = field(default=())
    stamp_anchors: Sequence[x509.Certificate] = field(default=())


def receipt_check_pages(roots: TrustedRoots) -> Blueprint:
    """The blueprint of the page; without anchors it explains itself, and checks nothing."""
    blueprint = Blueprint(NAME, __name__)
    # Each check is a process for a second: one at a time here, and none waits.
    turn = threading.BoundedSemaphore(1)

    def page(verdict: Verdict | None = None, trouble: str = "") -> str:
        return render_template(
            "receipt_check.html",
            verdict=verdict,
            trouble=trouble,
            roots=[(subject_text(each), each.fingerprint(SHA256()).hex(":").upper()) for each in roots.anchors],
            field=FIELD,
            most=LARGEST // 1024**2,
            says=_says,
        )

    def show() -> str:
        return page()

    def check() -> tuple[str, int]:
        given = request.files.get(FIELD)
        octets = b"" if given is None else given.read()
        if not roots.anchors:
            return page(), HTTPStatus.NOT_FOUND
        if not octets:
            return page(trouble=translated(_NO_FILE)), _UNFIT
        if not turn.acquire(blocking=False):
            raise ReceiptsBusy
        try:
            verdict = verify_apart(octets, roots.anchors, roots.stamp_anchors)
        except (CheckFailed, ExtraMissing) as error:
            return page(trouble=translated(str(error))), _UNFIT
        finally:
            turn.release()
        return page(verdict), HTTPStatus.OK

    for path in (PATH, DUTCH_PATH):
        blueprint.get(path, endpoint="show", strict_slashes=False)(show)
        blueprint.post(path, endpoint="check", strict_slashes=False)(check)
    return blueprint


_UNFIT = HTTPStatus.UNPROCESSABLE_ENTITY
_NO_FILE = translatable("Choose a file first: the receipt as you downloaded it.")


def _says(finding: Finding) -> str:
    """The finding in the language of this request; moments in UTC, as the proof has them."""
    values = {name: _shown(name, value) for name, value in finding.values.items()}
    return translated(finding.message, **values)


def _shown(name: str, value: str) -> str:
    if name.endswith("_at"):
        return in_utc(datetime.fromisoformat(value), current_language())
    return translated(value) if name == "why" else value
