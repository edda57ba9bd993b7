"""The subscriber's page: number and code, then the certificate and a warning, then the confirmation.

Each step is a POST that answers with the next one; a GET only ever shows the empty first step (OWASP ASVS 5.0, 3.5.3).
The subscriber who was recognised travels in a signed ticket inside the form. The confirmation is shown when the
service has returned, which is after the commit.
"""

from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from pki_revocation.clock import Clock
from pki_revocation.errors import (
    CertificateExpired,
    MistypedNumber,
    NotRecognised,
    PkiError,
    RevocationRefused,
)
from pki_revocation.model import Channel
from pki_revocation.numbers import grouped, parse_number
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import AuthenticatedSubscriber, RevocationRequest, RevocationService

from .date_fields import DateFields
from .form_errors import TIMED_OUT, FormError, form_errors_of, input_errors
from .input_repair import normalize_input, number_to_redisplay
from .languages import DUTCH_ADDRESS, PARAMETER, choose_named
from .outcomes import log_outcome
from .reason_choices import KEY_COMPROMISE, NO_REASON, REASON_CHOICES, chosen_reason
from .receipts import ReceiptAddress, show_confirmation
from .request_origin import client, is_from_here
from .tokens import TicketRefused, TicketSigner

PageResponse = str | tuple[str, int]


class CrossSiteForm(PkiError):
    """The form was sent by another site's page, or without this page's token."""


class SubscriberPage:
    """Answers the page's requests: its first step, and whatever step was filled in."""

    def __init__(
        self, *, service: RevocationService, clock: Clock, tickets: TicketSigner, receipt_address: ReceiptAddress
    ) -> None:
        """*service* checks and revokes; *receipt_address* gives the address of a confirmation."""
        self._service = service
        self._clock = clock
        self._tickets = tickets
        self._receipt_address = receipt_address

    def show(self) -> PageResponse:
        """The first step, with the number that a letter's QR code may bring along."""
        return self._ask(number=_readable_number(request.args.get("number", "")))

    def submit(self) -> PageResponse:
        """Answer the step that was filled in with the next one.

        Raises:
            StoreError: when the database does not answer.
        """
        choose_named(request.form.get(PARAMETER))
        ticket = request.form.get("ticket")
        if ticket is None:
            return self._authenticate(request.form.get("number", ""), request.form.get("code", ""))
        try:
            subscriber = self._tickets.read(ticket)
        except TicketRefused:
            # What was chosen already goes along to the next second step: no time limit costs it (WCAG 2.2.5).
            return self._ask("", (TIMED_OUT,)), 400
        if PARAMETER in request.form:
            return self._review(subscriber, ticket)
        return self._revoke(subscriber, ticket)

    def _authenticate(self, typed_number: str, typed_code: str) -> PageResponse:
        number, code = normalize_input(typed_number, typed_code)
        if form_errors := input_errors(number, code):
            return self._ask(number_to_redisplay(number), form_errors), 422
        try:
            subscriber = self._service.authenticate(number, code, client(), Channel.PAGE)
        except NotRecognised as refusal:
            return self._ask(number_to_redisplay(number), form_errors_of(refusal)), 403
        return self._review(subscriber, self._tickets.issue(subscriber))

    def _review(self, subscriber: AuthenticatedSubscriber, ticket: str, form_errors: tuple[FormError, ...] = ()) -> str:
        """The page with the certificate's data, for a subscriber who gave a right code; no other page gives any."""
        status = self._service.describe(subscriber)
        common = {
            "ticket": ticket,
            "status": status,
            "form_errors": form_errors,
            "typed": DateFields.of(request.form).kept,
        }
        if status.entry is not None:
            confirmation = self._service.confirmation(status.issuer.id, status.entry.sequence)
            return render_template(
                "already_revoked.html",
                confirmation=confirmation,
                receipt_url=self._receipt_address(confirmation),
                raise_possible=status.entry.reason is not RevocationReason.KEY_COMPROMISE,
                **common,
            )
        if self._clock.now() > status.certificate.not_after:
            return render_template("expired.html", **common)
        return render_template(
            "review.html", choices=REASON_CHOICES, chosen=request.form.get("reason", NO_REASON), **common
        )

    def _revoke(self, subscriber: AuthenticatedSubscriber, ticket: str) -> PageResponse:
        try:
            revocation_request = self._revocation_request()
            confirmation = self._service.revoke(subscriber, revocation_request)
        except NotRecognised as refusal:
            return self._ask("", form_errors_of(refusal)), 403
        except CertificateExpired:
            return self._review(subscriber, ticket), 409
        except RevocationRefused as refusal:
            return self._review(subscriber, ticket, form_errors_of(refusal)), 422
        log_outcome(confirmation)
        return show_confirmation(self._service, confirmation, self._receipt_address)

    def _revocation_request(self) -> RevocationRequest:
        value = request.form.get("reason")
        return RevocationRequest(
            reason=chosen_reason(value),
            channel=Channel.PAGE,
            # The date belongs to this one reason, and is out of sight while another is chosen.
            compromised_at=DateFields.of(request.form).read() if value == KEY_COMPROMISE else None,
            source={"address": client().address},
        )

    def _ask(self, number: str, form_errors: tuple[FormError, ...] = ()) -> str:
        readable = _readable_number(number)
        keep = "&" + urlencode({"number": readable}) if readable else ""
        return render_template("identify.html", number=number, form_errors=form_errors, keep=keep, carried=_carried())


def subscriber_page(page: SubscriberPage, public_url: str) -> Blueprint:
    """The routes of the subscriber's page, for the application at *public_url*."""
    blueprint = Blueprint("page", __name__)

    @blueprint.before_request
    def refuse_cross_site_forms() -> None:
        if request.method == "POST" and not is_from_here(request, public_url):
            raise CrossSiteForm("The form was sent by another site.")

    @blueprint.get("/")
    def begin() -> BaseResponse:
        return redirect(url_for("page.show"))

    for address in ("/revoke", DUTCH_ADDRESS):
        blueprint.get(address, endpoint="show", strict_slashes=False)(page.show)
        blueprint.post(address, endpoint="submit", strict_slashes=False)(page.submit)
    return blueprint


def _readable_number(text: str) -> str:
    try:
        return grouped(parse_number(text))
    except MistypedNumber:
        return ""


def _carried() -> dict[str, str]:
    """The fields chosen in a second step that has to be taken again: known words and what reads like a date."""
    reason = request.form.get("reason")
    if reason not in {choice.value for choice in REASON_CHOICES}:
        return {}
    return {"reason": str(reason), **DateFields.of(request.form).kept.fields}
