"""GET /receipt/<token>: the confirmation, right after revoking and for thirty days, for any client that has it.

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

from .drafts import DraftCookies
from .languages import current_language
from .propagation_view import propagation_view
from .tokens import ReceiptTokens

ReceiptAddress = Callable[[Confirmation], str]


class ConfirmationPages:
    """What pages say of a confirmation: the confirmation's own, and those that tell of it once more."""

    def __init__(self, *, service: RevocationService, clock: Clock, public_url: str, receipts: ReceiptTokens) -> None:
        """*service* measures what others see; *public_url* is how the pages are reached from outside."""
        self._service = service
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._receipts = receipts

    def token(self, confirmation: Confirmation) -> str:
        """The last part of the address at which it can be read from now on."""
        return self._receipts.token_for(confirmation, self._clock.now())

    def path(self, confirmation: Confirmation) -> str:
        """The path of its page, for a browser that is here."""
        return url_for("receipts.show", token=self.token(confirmation))

    def address(self, confirmation: Confirmation) -> str:
        """The address of its page for a client who revoked, or gave number and code again."""
        return f"{self._public_url}/receipt/{self.token(confirmation)}"

    def parts(self, confirmation: Confirmation, token: str = "") -> dict[str, object]:
        """What its templates are given; *token* is the one that it was asked for with, where it was."""
        token = token or self.token(confirmation)
        return {
            "confirmation": confirmation,
            "seen": propagation_view(self._service.propagation(confirmation), confirmation),
            "receipt_url": f"{self._public_url}/receipt/{token}",
            "readable_until": self._receipts.open(token, self._service).until,
            "visible_url": url_for("receipts.visible", token=token, lang=current_language().value),
        }


def receipt_pages(
    *,
    service: RevocationService,
    clock: Clock,
    receipts: ReceiptTokens,
    confirmations: ConfirmationPages,
    drafts: DraftCookies,
) -> Blueprint:
    """The blueprint of the receipts' pages; *drafts* tell the subscriber's own browser what was not recorded."""
    blueprint = Blueprint("receipts", __name__)

    @blueprint.get("/receipt/<token>")
    def show(token: str) -> str:
        opened = receipts.open(token, service)
        opened.refuse_when_over(clock.now())
        return render_template(
            "confirmation.html",
            outcome=drafts.outcome_with(opened.confirmation.entry.reference),
            # The address that it was opened by: no address gives one that lives longer.
            **confirmations.parts(opened.confirmation, token),
        )

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
