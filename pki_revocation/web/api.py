"""POST /api/v1/revocations: number and code revoke in one request, and a repeat gets the original answer.

It uses no cookie, so there is nothing that a foreign page could ride on; it takes JSON alone, which a foreign form
cannot send.
"""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from pki_revocation.clock import iso
from pki_revocation.model import Channel, Confirmation, serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService

from .api_document import read_document
from .outcomes import log_outcome
from .receipts import ReceiptAddress
from .request_origin import client

PREFIX = "/api/"


def api(*, service: RevocationService, receipt_address: ReceiptAddress) -> Blueprint:
    """The endpoint's blueprint; *service* revokes, and *receipt_address* is told in the answer."""
    blueprint = Blueprint("api", __name__)

    @blueprint.post("/api/v1/revocations")
    def revoke() -> Response:
        if request.mimetype != "application/json":
            raise UnsupportedMediaType
        document = read_document(request.get_data())
        source = client()
        revocation_request = RevocationRequest(
            reason=document.reason,
            channel=Channel.API,
            compromised_at=document.compromised_at,
            source={"address": source.address},
        )
        subscriber = service.authenticate(document.number, document.code, source, Channel.API)
        confirmation = service.revoke(subscriber, revocation_request)
        log_outcome(confirmation)
        return jsonify(_answer(confirmation, receipt_address))

    return blueprint


def _answer(confirmation: Confirmation, receipt_address: ReceiptAddress) -> dict[str, object]:
    entry = confirmation.entry
    return {
        "status": "revoked",
        "serial": serial_text(entry.serial),
        "issuer": confirmation.issuer.name,
        "revoked_at": iso(confirmation.revoked_at),
        "reason": None if entry.reason is RevocationReason.UNSPECIFIED else entry.reason.token,
        "reference": entry.reference,
        "sequence": entry.sequence,
        "receipt_url": receipt_address(confirmation),
    }
