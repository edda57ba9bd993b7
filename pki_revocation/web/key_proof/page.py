"""The page for who still has the private key: a proof, then what it would revoke, then one button, then what was done.

The proof is looked at, kept for half an hour and nothing else; the browser carries a signed ticket that names it. Only
the button of the second step revokes, and every POST that did something answers with an address to look at, so that
Back and reload repeat nothing.
"""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from pki_revocation.clock import Clock
from pki_revocation.encoding.possession.csr_proof import is_private_key
from pki_revocation.encoding.possession.proven_key import MalformedProof, PrivateKeySent, ProofRefused, ProvenKey
from pki_revocation.errors import PkiError, UnknownKey
from pki_revocation.model import CertificateStatus
from pki_revocation.rate_limiting.request_rate import RequestRate
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService
from pki_revocation.web.languages import translatable, translated
from pki_revocation.web.receipts import ReceiptAddress
from pki_revocation.web.request_origin import CrossSiteForm, client, is_from_here
from pki_revocation.web.tokens import RECEIPT_LIFETIME, TICKET_LIFETIME, TicketRefused

from .endpoint import BY_KEY
from .outcomes import log_outcomes
from .reading import ProofReader
from .tickets import ProofTickets

DUTCH_ADDRESS, ENGLISH_ADDRESS = "/sleutel", "/key"
_SHOWN, _DONE = "proof_shown", "proof_done"
_FIELD = "proof"
# What is kept of a field that is shown again: nobody types more than this, and a private key is never shown again.
_LONGEST_SHOWN = 16_384
PageResponse = str | tuple[str, int] | BaseResponse

_EMPTY = translatable("Paste the proof into the field, or choose the file that holds it.")
_UNREADABLE = translatable(
    "This is not a proof that we can read. Paste the whole text, with its first and last line, and nothing else."
)
_REFUSED = translatable(
    "This proof does not count. It is older than half an hour, made for another address or purpose, or not made with "
    "the key that is in it. Make a new proof and paste it here."
)
_PRIVATE = translatable(
    "This is the private key itself. Never send it to anyone. We have not kept it, but treat it as stolen from now on. "
    "Make a proof as described on this page."
)
_UNKNOWN = translatable(
    "The proof is right, but we have no certificate with this key. Check whether you took the key that belongs to the "
    "certificate, and whether we issued that certificate."
)
_TIMED_OUT = translatable("The half hour is over. Nothing was revoked. Paste the proof again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPageParts:
    """What the page is made of."""

    service: RevocationService
    clock: Clock
    reader: ProofReader
    tickets: ProofTickets
    rate: RequestRate
    receipt_address: ReceiptAddress


class KeyPage:
    """Answers the page's requests."""

    def __init__(self, parts: KeyPageParts) -> None:
        """*parts* are its service and what stands around it."""
        self._parts = parts

    def show(self) -> PageResponse:
        """The first step, empty."""
        return self._ask()

    def submit(self) -> PageResponse:
        """Look at a proof; when it is good, on to what it would revoke."""
        self._parts.rate.take(client())
        body = _sent()
        try:
            proven = self._parts.reader.read(body, self._parts.clock.now())
            self._parts.service.keys.certificates_with(proven)
        except (MalformedProof, PrivateKeySent, ProofRefused, UnknownKey) as refusal:
            return self._ask(_sentence(refusal, body), body), 422
        digest = self._parts.service.keys.keep_proof(proven, self._parts.clock.now() + TICKET_LIFETIME)
        session[_SHOWN] = self._parts.tickets.issue(digest)
        return redirect(url_for("key_page.check"), 303)

    def check(self) -> PageResponse:
        """The second step: every certificate with the key, and the one button."""
        ticket = session.get(_SHOWN)
        try:
            proven = self._proven(ticket)
        except TicketRefused:
            return redirect(url_for("key_page.show"), 303)
        statuses = self._parts.service.keys.certificates_with(proven)
        return render_template(
            "key_proof/check.html",
            ticket=ticket,
            certificates=[(each, self._would_do(each)) for each in statuses],
            key_sha256=proven.sha256.hex(),
        )

    def revoke(self) -> PageResponse:
        """Revoke what the second step showed, and on to what was done."""
        ticket = request.form.get("ticket")
        try:
            proven = self._proven(ticket)
        except TicketRefused:
            return self._ask(_TIMED_OUT), 400
        source = client()
        self._parts.rate.take(source)
        service = self._parts.service
        log_outcomes(service.revoke_by_key(proven, {"address": source.address}))
        # As long as a receipt can be looked at; what the ticket could do was done.
        service.keys.keep_proof(proven, self._parts.clock.now() + RECEIPT_LIFETIME)
        session[_DONE] = ticket
        return redirect(url_for("key_page.done"), 303)

    def done(self) -> PageResponse:
        """What the journal says of each certificate with the key, each with its receipt."""
        try:
            proven = self._proven(session.get(_DONE))
        except TicketRefused:
            return redirect(url_for("key_page.show"), 303)
        service = self._parts.service
        shown = []
        for each in service.keys.certificates_with(proven):
            entry = each.entry
            confirmation = None if entry is None else service.confirmation(entry.issuer_id, entry.sequence)
            address = None if confirmation is None else self._parts.receipt_address(confirmation)
            shown.append((each, confirmation, address))
        return render_template("key_proof/done.html", certificates=shown, key_sha256=proven.sha256.hex())

    def _would_do(self, status: CertificateStatus) -> str:
        if status.entry is not None:
            is_final = status.entry.reason is RevocationReason.KEY_COMPROMISE
            return "nothing" if is_final else "raise"
        return "expired" if self._parts.clock.now() > status.certificate.not_after else "revoke"

    def _proven(self, ticket: object) -> ProvenKey:
        found = self._parts.service.keys.kept_proof(self._parts.tickets.read(ticket))
        if found is None:
            raise TicketRefused("The proof is kept no longer.")
        return found

    def _ask(self, sentence: str | None = None, body: bytes = b"") -> str:
        shown = "" if is_private_key(body) or len(body) > _LONGEST_SHOWN else body.decode("utf-8", "replace")
        return render_template(
            "key_proof/prove.html",
            wrong=None if sentence is None else translated(sentence),
            # The octets of a file that is no text are not shown in a field for text.
            proof=shown if sentence != _PRIVATE and shown.isascii() else "",
            url=self._parts.reader.url.removesuffix(BY_KEY),
        )


def key_page(page: KeyPage, public_url: str) -> Blueprint:
    """The routes of the page, for the application at *public_url*."""
    blueprint = Blueprint("key_page", __name__)

    @blueprint.before_request
    def refuse_cross_site_forms() -> None:
        if request.method == "POST" and not is_from_here(request, public_url):
            raise CrossSiteForm("The form was sent by another site.")

    for address in (ENGLISH_ADDRESS, DUTCH_ADDRESS):
        blueprint.get(address, endpoint="show", strict_slashes=False)(page.show)
        blueprint.post(address, endpoint="submit", strict_slashes=False)(page.submit)
    blueprint.get("/key/check", endpoint="check")(page.check)
    blueprint.post("/key/check", endpoint="revoke")(page.revoke)
    blueprint.get("/key/done", endpoint="done")(page.done)
    return blueprint


def _sent() -> bytes:
    """The file where one was chosen, or else the text, whose line ends come as CR LF: that changes no proof."""
    file = request.files.get("file")
    octets = b"" if file is None else file.read()
    return octets if octets.strip() else request.form.get(_FIELD, "").strip().encode("utf-8", "replace")


def _sentence(refusal: PkiError, body: bytes) -> str:
    match refusal:
        case PrivateKeySent():
            return _PRIVATE
        case UnknownKey():
            return _UNKNOWN
        case ProofRefused():
            return _REFUSED
        case _:
            return _UNREADABLE if body.strip() else _EMPTY
