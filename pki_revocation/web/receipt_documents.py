"""GET /receipt/<token>/<file>.pdf: the receipt to keep, with the proof as it can be had then, for thirty days."""

from functools import partial

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from pki_revocation.clock import Clock
from pki_revocation.documents.receipt import compile_receipt, receipt_name
from pki_revocation.model import Confirmation
from pki_revocation.proof.gathering import EvidenceCollector, ReceiptEvidence
from pki_revocation.service import RevocationService
from pki_revocation.subscribers.languages import Language

from .receipt_limiter import ReceiptLimiter, RenderedReceipt
from .tokens import ReceiptTokens

# The path's last part in each language.
FILES = {Language.DUTCH: "intrekkingsbewijs", Language.ENGLISH: "revocation-receipt"}


def receipt_documents(
    *, service: RevocationService, clock: Clock, receipts: ReceiptTokens, collector: EvidenceCollector
) -> Blueprint:
    """The blueprint of the documents; *collector* gathers their proofs."""
    blueprint = Blueprint("receipt_documents", __name__)
    languages = {file: language for language, file in FILES.items()}
    limiter = ReceiptLimiter(clock)

    def make(confirmation: Confirmation, language: Language, evidence: ReceiptEvidence) -> RenderedReceipt:
        pdf = compile_receipt(confirmation, evidence, language, clock.now())
        return RenderedReceipt(pdf=pdf, complete=evidence.ocsp is not None and evidence.crl is not None)

    @blueprint.get("/receipt/<token>/<file>.pdf")
    def download(token: str, file: str) -> Response:
        if file not in languages:
            raise NotFound
        opened = receipts.open(token, service)
        opened.refuse_when_over(clock.now())
        confirmation = opened.confirmation
        language = languages[file]
        key = (confirmation.entry.issuer_id, confirmation.entry.sequence, language)
        pdf = limiter.render(key, partial(collector.gather, confirmation), partial(make, confirmation, language))
        response = Response(pdf, mimetype="application/pdf")
        name = receipt_name(confirmation, language)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return blueprint
