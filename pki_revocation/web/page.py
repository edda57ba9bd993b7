"""The subscriber's page as it is read: number and code, reason, check, and what has become of it.

Reading changes nothing and shows what the draft in the browser holds (`drafts.py`); `answering.py` takes the forms.
Nothing here shows a certificate but to a browser whose ticket says that number and code were right.
"""

from datetime import timedelta

from flask import Response, make_response, render_template, request

from pki_revocation.clock import Clock
from pki_revocation.errors import MistypedNumber, NotRecognised, RevocationRefused
from pki_revocation.model import CertificateStatus
from pki_revocation.numbers import grouped, parse_number
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService

from .answers import Answers
from .complaints import LOCKED, NO_DRAFT, STALE, TIMED_OUT, UNRECORDED, Complaint, complaints_of
from .drafts import Draft, DraftCookies
from .form_errors import form_errors_of, status_of
from .problems import RETRY_AFTER
from .reason_choices import REASON_CHOICES
from .receipts import ConfirmationPages
from .steps import Step, first_address
from .tokens import Ticket, TicketRefused, TicketSigner

_MINUTE = timedelta(minutes=1)


class SubscriberPage:
    """Shows the steps."""

    def __init__(
        self,
        *,
        service: RevocationService,
        clock: Clock,
        tickets: TicketSigner,
        drafts: DraftCookies,
        confirmations: ConfirmationPages,
    ) -> None:
        """*service* tells what a certificate's status is, *confirmations* what a page says of one that is revoked."""
        self._service = service
        self._clock = clock
        self._tickets = tickets
        self._drafts = drafts
        self._confirmations = confirmations

    def begin(self) -> Response:
        """The first step, with the number that a letter's QR code may bring along, and the way back to a draft."""
        return self._identify(number=readable_number(request.args.get("number", "")), unfinished=self._unfinished())

    def show_identify(self, name: str) -> Response:
        """The first step again, with what was wrong, or the time to wait until number and code are taken again."""
        draft = self._drafts.read(name)
        if draft is None:
            return self._identify(complaints=(NO_DRAFT,))
        for complaint in draft.complaints:
            if complaint.name == LOCKED and (wait := complaint.value - int(self._clock.now().timestamp())) > 0:
                return self._wait(draft, wait)
        complaints = tuple(each for each in draft.complaints if each.name != LOCKED)
        return self._identify(name=name, number=draft.number, complaints=complaints, answers=draft.answers)

    def show_reason(self, name: str) -> Response:
        """The certificate, and the question why it is to be revoked."""
        return self._recognised(name, Step.REASON)

    def show_check(self, name: str) -> Response:
        """All that will be recorded, and the one button that does it."""
        return self._recognised(name, Step.CHECK)

    def show_left(self, name: str) -> Response:
        """That nothing was revoked, to a subscriber who decided so."""
        return self._recognised(name, Step.LEFT)

    def _recognised(self, name: str, step: Step) -> Response:
        """A step for a subscriber who gave a right code; the first one where that is too long ago."""
        draft = self._drafts.read(name)
        if draft is None:
            return self._identify(complaints=(NO_DRAFT,))
        if not draft.ticket:
            complaints = draft.complaints or (NO_DRAFT,)
            return self._identify(name=name, number=draft.number, complaints=complaints, answers=draft.answers)
        try:
            ticket = self._tickets.read(draft.ticket)
            status = self._service.describe(ticket.subscriber)
        except TicketRefused as refusal:
            number = refusal.number or draft.number
            return self._identify(name=name, number=number, complaints=(TIMED_OUT,), answers=draft.answers)
        except NotRecognised as refusal:
            return self._identify(number=draft.number, complaints=complaints_of(refusal), answers=draft.answers)
        return self._step(name, draft, ticket, status, step)

    def _step(self, name: str, draft: Draft, ticket: Ticket, status: CertificateStatus, step: Step) -> Response:
        common = {"ticket": draft.ticket, "name": name, "status": status, "answers": draft.answers, "step": step}
        entry = status.entry
        if step is Step.CHECK and not {UNRECORDED, STALE}.issuperset(draft.complaints):
            # Something in the answers is wrong: there is nothing to confirm yet.
            step = Step.REASON
        if entry is None and self._clock.now() > status.certificate.not_after:
            return self._page("expired.html", draft.complaints, **common)
        if step is Step.LEFT and entry is None:
            return self._page("not_revoked.html", (), **common)
        may_raise = entry is not None and entry.reason is not RevocationReason.KEY_COMPROMISE
        if step is Step.CHECK and (entry is None or (may_raise and _says_compromise(draft.answers))):
            return self._check(draft, common)
        if entry is None:
            return self._page("reason.html", draft.complaints, choices=REASON_CHOICES, number=ticket.number, **common)
        confirmation = self._service.confirmation(status.issuer.id, entry.sequence)
        return self._page(
            "already_revoked.html",
            draft.complaints,
            raise_possible=may_raise,
            **common,
            **self._confirmations.parts(confirmation),
            # What may still be added, or was left at the check, was not refused.
            unrecorded=step is not Step.LEFT
            and not (may_raise and _says_compromise(draft.answers))
            and _was_refused(draft, status),
        )

    def _check(self, draft: Draft, common: dict[str, object]) -> Response:
        try:
            reason, date = draft.answers.read_reason(), draft.answers.read_date()
        except RevocationRefused as refusal:
            # Only what was read before is kept; a draft of another release may hold what this one does not take.
            return self._page("reason.html", complaints_of(refusal), choices=REASON_CHOICES, **common)
        response = self._page("check.html", draft.complaints, reason=reason, compromised_at=date, **common)
        if UNRECORDED in draft.complaints:
            response.headers["Retry-After"] = str(RETRY_AFTER)
        return response

    def _identify(
        self,
        *,
        name: str = "",
        number: str = "",
        complaints: tuple[Complaint, ...] = (),
        answers: Answers | None = None,
        unfinished: tuple[str, str] | None = None,
    ) -> Response:
        return self._page(
            "identify.html",
            complaints,
            number=number,
            action=Step.IDENTIFY.address(name) if name else first_address(),
            carried={} if answers is None else answers.fields,
            keep=readable_number(number),
            unfinished=unfinished,
        )

    def _wait(self, draft: Draft, seconds: int) -> Response:
        minutes = -(-seconds // int(_MINUTE.total_seconds()))
        response = self._page("wait.html", draft.complaints, minutes=minutes, number=readable_number(draft.number))
        response.headers["Retry-After"] = str(seconds)
        return response

    @staticmethod
    def _page(template: str, complaints: tuple[Complaint, ...], /, **values: object) -> Response:
        page = render_template(template, form_errors=form_errors_of(complaints), **values)
        return make_response(page, status_of(complaints))

    def _unfinished(self) -> tuple[str, str] | None:
        """Number and address of the draft that was left last, so that the Back key loses nothing."""
        for name, draft in self._drafts.newest_first():
            if draft.outcome is None and draft.ticket:
                try:
                    number = self._tickets.read(draft.ticket).number
                except TicketRefused:
                    continue
                return readable_number(number), Step.REASON.address(name)
        return None


def readable_number(text: str) -> str:
    """A number as it is printed; nothing where it is none."""
    try:
        return grouped(parse_number(text))
    except MistypedNumber:
        return ""


def _says_compromise(answers: Answers) -> bool:
    return answers.kept.reason is not None and answers.read_reason() is RevocationReason.KEY_COMPROMISE


def _was_refused(draft: Draft, status: CertificateStatus) -> bool:
    """Whether something was answered that the row does not say, and never will."""
    if status.entry is None or draft.answers.kept.reason is None:
        return False
    if draft.outcome is not None:
        return not draft.outcome.recorded
    try:
        return not draft.answers.stand_in(status.entry)
    except RevocationRefused:
        return False
