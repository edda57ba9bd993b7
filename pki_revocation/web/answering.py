"""What becomes of the page's forms: each is answered with the address of the page that follows, mistakes too.

So the Back key and a reload send nothing again. The forms of the first two steps change nothing but the draft in the
browser; the last one alone revokes. It acts on what it says itself, which is what the page showed that it stood on,
and never on what another tab has put into the draft since.
"""

import re
from dataclasses import replace
from datetime import timedelta

from flask import request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped] # it carries no types
from werkzeug.wrappers import Response

from pki_revocation import policy
from pki_revocation.clock import Clock
from pki_revocation.errors import (
    NotRecognised,
    RevocationRefused,
    StoreError,
    TooManyAttempts,
)
from pki_revocation.model import CertificateStatus, Channel, Confirmation
from pki_revocation.service import RevocationRequest, RevocationService

from .answers import Answers
from .complaints import (
    LOCKED,
    STALE,
    TIMED_OUT,
    UNRECORDED,
    Complaint,
    complaints_of,
    input_complaints,
)
from .drafts import Draft, DraftCookies, Outcome
from .input_repair import normalize_input, number_to_redisplay
from .languages import PARAMETER, choose_named
from .outcomes import log_outcome
from .receipts import ConfirmationPages
from .request_origin import client, is_surely_from_here
from .steps import Step, see_other
from .tokens import TicketRefused, TicketSigner

_NAME = re.compile(r"[0-9a-f]{12}", re.ASCII)
# A second click comes within this of the first: it repeats nothing that another had done.
_SAME_CLICK = timedelta(minutes=1)


class FormAnswering:
    """Takes the forms of the page."""

    def __init__(
        self,
        *,
        service: RevocationService,
        clock: Clock,
        tickets: TicketSigner,
        drafts: DraftCookies,
        confirmations: ConfirmationPages,
    ) -> None:
        """*service* checks and revokes; *confirmations* gives the address of what it confirms."""
        self._service = service
        self._clock = clock
        self._tickets = tickets
        self._drafts = drafts
        self._confirmations = confirmations

    def begin(self) -> Response:
        """Answer the first step's form; one with a ticket is a second step's of the release before."""
        name = self._drafts.new_name()
        return self.take_answers(name) if "ticket" in request.form else self.identify(name)

    def identify(self, name: str) -> Response:
        """Check number and code.

        Raises:
            StoreError: when the database does not answer.
        """
        number, code = normalize_input(request.form.get("number", ""), request.form.get("code", ""))
        answers = Answers.of(request.form).kept
        mistaken = Draft(number=number_to_redisplay(number), answers=answers)
        if complaints := input_complaints(number, code):
            return self._next(name, Step.IDENTIFY, mistaken, complaints)
        try:
            subscriber = self._service.authenticate(number, code, client(), Channel.PAGE)
        except NotRecognised as refusal:
            complaints = complaints_of(refusal) if refusal.retry_after is None else (self._locked(refusal.retry_after),)
            return self._next(name, Step.IDENTIFY, mistaken, complaints)
        except TooManyAttempts as refusal:
            return self._next(name, Step.IDENTIFY, mistaken, (self._locked(refusal.retry_after),))
        # A draft of its own: what stands in another tab stays what it is.
        draft = Draft(number=number, ticket=self._tickets.issue(subscriber, number), answers=answers)
        return self._next(self._drafts.new_name(), Step.REASON, draft)

    def take_answers(self, name: str) -> Response:
        """Keep reason and date, and lead on to the check; or back, with all that is wrong with them.

        Raises:
            StoreError: when the database does not answer.
        """
        choose_named(request.form.get(PARAMETER))
        draft = self._draft_of_form()
        try:
            ticket = self._tickets.read(draft.ticket)
            draft = replace(draft, number=ticket.number)
            if PARAMETER in request.form:
                return self._next(name, Step.REASON, draft)
            self._request(self._service.describe(ticket.subscriber))
        except TicketRefused as refusal:
            return self._timed_out(name, draft, refusal)
        except NotRecognised as refusal:
            return self._next(name, Step.IDENTIFY, draft, complaints_of(refusal))
        except RevocationRefused as refusal:
            return self._next(name, Step.REASON, draft, complaints_of(refusal))
        return self._next(name, Step.CHECK, draft)

    def confirm(self, name: str) -> Response:
        """Revoke, or add the reason: what the form says, and what the page showed that it stood on."""
        draft = self._draft_of_form()
        try:
            ticket = self._tickets.read(draft.ticket)
            draft = replace(draft, number=ticket.number)
            asked = self._request(self._service.describe(ticket.subscriber))
            confirmation = self._service.revoke(ticket.subscriber, asked)
        except TicketRefused as refusal:
            return self._timed_out(name, draft, refusal)
        except NotRecognised as refusal:
            return self._next(name, Step.IDENTIFY, draft, complaints_of(refusal))
        except RevocationRefused as refusal:
            return self._next(name, Step.REASON, draft, complaints_of(refusal))
        log_outcome(confirmation)
        if not _NAME.fullmatch(name):
            name = self._drafts.new_name()
        response = see_other(self._confirmations.path(confirmation))
        self._drafts.keep(response, name, replace(draft, outcome=self._outcome(confirmation)))
        return response

    def keep_for_later(self, error: Exception) -> Response | None:
        """Where a form could not be taken, have it kept, and lead to its step again; None where it cannot be kept.

        A code is kept nowhere: without a register the form of the first step stays in the browser's hands, which can
        send it again. A form without this visitor's token is kept where the browser says that a page of ours sent it.
        """
        stale = isinstance(error, CSRFError)
        if request.method != "POST" or (stale and not is_surely_from_here(request)):
            return None
        choose_named(request.form.get(PARAMETER))
        name, draft = (request.view_args or {}).get("name", ""), self._draft_of_form()
        if not draft.ticket:
            return self._next(name, Step.IDENTIFY, draft, (STALE,)) if stale else None
        try:
            draft = replace(draft, number=self._tickets.read(draft.ticket).number)
        except TicketRefused as refusal:
            return self._timed_out(name, draft, refusal)
        if request.endpoint != Step.CHECK.endpoint("POST"):
            return self._next(name, Step.REASON, draft, (STALE,) if stale else ())
        unrecorded = (UNRECORDED,) if isinstance(error, StoreError) else ()
        return self._next(name, Step.CHECK, draft, (STALE,) if stale else unrecorded)

    def _draft_of_form(self) -> Draft:
        """What a form says; its number, where it has one, as it may be shown again."""
        number, _ = normalize_input(request.form.get("number", ""), request.form.get("code", ""))
        return Draft(
            number=number_to_redisplay(number),
            ticket=request.form.get("ticket", ""),
            answers=Answers.of(request.form).kept,
        )

    def _request(self, status: CertificateStatus) -> RevocationRequest:
        """What the form asks for, once all is refused that the service would refuse, and a date that is asked about.

        Raises:
            RevocationRefused: otherwise.
        """
        answers = Answers.of(request.form)
        reason, compromised_at = answers.read_reason(), answers.read_date()
        policy.refuse_impossible_compromise(reason, compromised_at, self._clock.now())
        if status.entry is None:
            policy.refuse_missing_reason(status.certificate, reason)
            policy.refuse_expired(status.certificate, self._clock.now())
        answers.ask_about_age(status.certificate)
        return RevocationRequest(
            reason=reason, channel=Channel.PAGE, compromised_at=compromised_at, source={"address": client().address}
        )

    def _outcome(self, confirmation: Confirmation) -> Outcome:
        """What the subscriber is to be told of what was asked, beside the confirmation."""
        age = self._clock.now() - confirmation.entry.recorded_at
        return Outcome(
            reference=confirmation.entry.reference,
            recorded=Answers.of(request.form).stand_in(confirmation.entry),
            repeated=confirmation.repeated and age > _SAME_CLICK,
        )

    def _locked(self, seconds: int) -> Complaint:
        return Complaint(LOCKED, int(self._clock.now().timestamp()) + seconds)

    def _timed_out(self, name: str, draft: Draft, refusal: TicketRefused) -> Response:
        """To the first step: the number is no secret, and is typed once (WCAG 3.3.7)."""
        return self._next(name, Step.IDENTIFY, replace(draft, number=refusal.number, ticket=""), (TIMED_OUT,))

    def _next(self, name: str, step: Step, draft: Draft, complaints: tuple[Complaint, ...] = ()) -> Response:
        """Keep the draft, and lead to a step of it."""
        if not _NAME.fullmatch(name):
            name = self._drafts.new_name()
        response = see_other(step.address(name))
        self._drafts.keep(response, name, replace(draft, complaints=complaints))
        return response
