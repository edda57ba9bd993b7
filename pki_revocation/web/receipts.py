"""GET /receipt/<token>: the confirmation once more, for thirty days, for any client that has its address.

`/receipt/<token>/visible` says what relying parties see now, for the page's script. It takes no cookies and sets none,
and a token that is wrong or over answers there as any address does at which nothing is.
"""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, render_template, url_for
from werkzeug.exceptions import Gone

from pki_revocation.clock import Clock
from pki_revocation.errors import ConfirmationLost, NotFound
from pki_revocation.model import Confirmation
from pki_revocation.service import ReceiptId, RevocationService

from .languages import current_language
from .propagation_view import propagation_view
from .tokens import RECEIPT_LIFETIME, ReceiptTokens

ReceiptAddress = Callable[[Confirmation], str]


def receipt_address(public_url: str, receipts: ReceiptTokens) -> ReceiptAddress:
    """How a confirmation's receipt is reached from outside; the same confirmation always has the same address."""

    def address(confirmation: Confirmation) -> str:
        token = receipts.token(ReceiptId.of(confirmation.entry))
        return f"{public_url.rstrip('/')}/receipt/{token}"

    return address


def show_confirmation(service: RevocationService, confirmation: Confirmation, address: ReceiptAddress) -> str:
    """The confirmation's page, right after revoking and at the receipt's address."""
    receipt_url = address(confirmation)
    token = receipt_url.rpartition("/")[2]
    return render_template(
        "confirmation.html",
        confirmation=confirmation,
        seen=propagation_view(service.propagation(confirmation), confirmation),
        receipt_url=receipt_url,
        visible_url=url_for("receipts.visible", token=token, lang=current_language().value),
    )


def receipt_pages(
    *, service: RevocationService, clock: Clock, receipts: ReceiptTokens, address: ReceiptAddress
) -> Blueprint:
    """The blueprint of the receipts' pages; *service* reads confirmations."""
    blueprint = Blueprint("receipts", __name__)

    def confirmed(token: str) -> Confirmation | None:
        """The confirmation that a token stands for, or None when its thirty days are over."""
        confirmation = receipts.confirmation(token, service)
        return confirmation if clock.now() <= confirmation.entry.recorded_at + RECEIPT_LIFETIME else None

    @blueprint.get("/receipt/<token>")
    def show(token: str) -> str:
        confirmation = confirmed(token)
        if confirmation is None:
            raise Gone
        return show_confirmation(service, confirmation, address)

    @blueprint.get("/receipt/<token>/visible")
    def visible(token: str) -> Response:
        try:
            confirmation = confirmed(token)
        except ConfirmationLost:
            confirmation = None
        if confirmation is None:
            raise NotFound("The confirmation is no longer shown.")
        seen = propagation_view(service.propagation(confirmation), confirmation)
        return jsonify({"lines": seen.lines, "looked": seen.measured, "settled": seen.settled})

    return blueprint
