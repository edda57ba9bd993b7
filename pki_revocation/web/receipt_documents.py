"""GET /receipt/<token>/<file>.pdf: the receipt to keep, with the proof as it can be had then, for thirty days.

With `.zip` the attachments lie beside the PDF, for readers whose program shows none.
"""

from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from pki_revocation.clock import Clock
from pki_revocation.documents.receipt import ALONE, ReceiptSurroundings, receipt_name
from pki_revocation.documents.receipt_signing import ReceiptSigner, signed_receipt
from pki_revocation.documents.receipt_zip import zipped_receipt
from pki_revocation.model import Confirmation
from pki_revocation.proof.gathering import EvidenceCollector, ReceiptEvidence
from pki_revocation.service import RevocationService
from pki_revocation.subscribers.languages import Language

from .receipt_limiter import ReceiptLimiter, RenderedReceipt
from .tokens import ReceiptTokens

# The path's last part in each language.
FILES = {Language.DUTCH: "intrekkingsbewijs", Language.ENGLISH: "revocation-receipt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptWriter:
    """Makes a receipt's document: *collector* gathers its proof, and *signer* signs it where there is one."""

    clock: Clock
    collector: EvidenceCollector
    surroundings: ReceiptSurroundings = ALONE
    signer: ReceiptSigner | None = None

    def make(self, confirmation: Confirmation, language: Language, evidence: ReceiptEvidence) -> RenderedReceipt:
        """The document, and whether all proof is in it that there will be."""
        pdf = signed_receipt(confirmation, evidence, language, self.clock.now(), self.surroundings, self.signer)
        is_complete = evidence.ocsp is not None and evidence.crl is not None and not evidence.is_stamped_later
        return RenderedReceipt(pdf=pdf, complete=is_complete)


def receipt_documents(
    *, service: RevocationService, clock: Clock, receipts: ReceiptTokens, writer: ReceiptWriter
) -> Blueprint:
    """The blueprint of the documents, which *writer* makes."""
    blueprint = Blueprint("receipt_documents", __name__)
    languages = {file: language for language, file in FILES.items()}
    limiter = ReceiptLimiter(clock)

    @blueprint.get("/receipt/<token>/<file>.<any(pdf, zip):kind>")
    def download(token: str, file: str, kind: str) -> Response:
        if file not in languages:
            raise NotFound
        opened = receipts.open(token, service)
        opened.refuse_when_over(clock.now())
        confirmation, language = opened.confirmation, languages[file]
        key = (confirmation.entry.issuer_id, confirmation.entry.sequence, language)
        pdf = limiter.render(
            key, partial(writer.collector.gather, confirmation), partial(writer.make, confirmation, language)
        )
        name = receipt_name(confirmation, language)
        octets = zipped_receipt(pdf, name) if kind == "zip" else pdf
        response = Response(octets, mimetype=f"application/{kind}")
        response.headers["Content-Disposition"] = f'attachment; filename="{name.removesuffix(".pdf")}.{kind}"'
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return blueprint
