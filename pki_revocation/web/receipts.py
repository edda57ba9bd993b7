"""GET /receipt/<token>: the confirmation once more, for thirty days, for whoever has its address."""

from collections.abc import Callable

from flask import Blueprint, render_template
from werkzeug.exceptions import Gone

from pki_revocation.clock import Clock
from pki_revocation.model import Confirmation
from pki_revocation.service import RevocationService

from .tokens import RECEIPT_LIFETIME, Receipts

ReceiptAddress = Callable[[Confirmation], str]


def receipt_address(public_url: str, receipts: Receipts) -> ReceiptAddress:
    """How a confirmation's receipt is reached from outside; the same confirmation always has the same address."""

    def address(confirmation: Confirmation) -> str:
        token = receipts.token(confirmation.entry.issuer_id, confirmation.entry.sequence)
        return f"{public_url.rstrip('/')}/receipt/{token}"

    return address


def receipt_pages(
    *, service: RevocationService, clock: Clock, receipts: Receipts, address: ReceiptAddress
) -> Blueprint:
    """The receipts, on a service."""
    blueprint = Blueprint("receipts", __name__)

    @blueprint.get("/receipt/<token>")
    def show(token: str) -> str:
        confirmation = service.confirmation(*receipts.read(token))
        if clock.now() > confirmation.entry.recorded_at + RECEIPT_LIFETIME:
            raise Gone
        return render_template("confirmation.html", confirmation=confirmation, receipt_url=address(confirmation))

    return blueprint
