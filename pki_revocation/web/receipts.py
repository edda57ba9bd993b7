"""GET /receipt/<token>: the confirmation once more, for thirty days, for any client that has its address.

Giving number and code again gives another address for thirty days; opening one never does.

`/receipt/<token>/visible` says what relying parties see now, for the page's script. It takes no cookies and sets none,
and a token that is wrong or over answers there as any address does at which nothing is.
"""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, render_template, url_for
from werkzeug.exceptions import Gone

from pki_revocation.clock import Clock
from pki_revocation.errors import ConfirmationLost, NotFound
from pki_revocation.model import Confirmation
from pki_revocation.service import RevocationService

from .languages import current_language
from .propagation_view import propagation_view
from .tokens import ReceiptTokens

ReceiptAddress = Callable[[Confirmation], str]


def receipt_address(public_url: str, receipts: ReceiptTokens, clock: Clock) -> ReceiptAddress:
    """How a confirmation's receipt is reached from outside, for a client who revoked or gave number and code again."""

    def address(confirmation: Confirmation) -> str:
        return _address(public_url, receipts.token_for(confirmation, clock.now()))

    return address


def _address(public_url: str, token: str) -> str:
    return f"{public_url.rstrip('/')}/receipt/{token}"


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


def receipt_pages(*, service: RevocationService, clock: Clock, receipts: ReceiptTokens, public_url: str) -> Blueprint:
    """The blueprint of the receipts' pages; *service* reads confirmations."""
    blueprint = Blueprint("receipts", __name__)

    @blueprint.get("/receipt/<token>")
    def show(token: str) -> str:
        opened = receipts.open(token, service)
        opened.refuse_when_over(clock.now())
        # The address that it was opened by: no address gives one that lives longer.
        return show_confirmation(service, opened.confirmation, lambda _: _address(public_url, token))

    @blueprint.get("/receipt/<token>/visible")
    def visible(token: str) -> Response:
        try:
            opened = receipts.open(token, service)
            opened.refuse_when_over(clock.now())
        except (ConfirmationLost, Gone):
            raise NotFound("The confirmation is no longer shown.") from None
        confirmation = opened.confirmation
        seen = propagation_view(service.propagation(confirmation), confirmation)
        return jsonify({"lines": seen.lines, "looked": seen.measured, "settled": seen.settled})

    return blueprint
