"""The subscriber's Flask application: `create_app` puts page, endpoint, receipts and their protection together."""

import logging
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped] # it carries no types
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from pki_revocation.clock import Clock, iso
from pki_revocation.config.settings import ContactSettings, SecuritySettings, WebSettings
from pki_revocation.documents.contact import dialling_address
from pki_revocation.documents.receipt import ReceiptSurroundings
from pki_revocation.documents.receipt_signing import ReceiptSigner
from pki_revocation.errors import PkiError, StoreError
from pki_revocation.model import EntryKind, serial_text
from pki_revocation.numbers import grouped
from pki_revocation.proof.gathering import EvidenceCollector
from pki_revocation.rate_limiting.client_address import NO_PROXIES, TrustedProxies
from pki_revocation.rate_limiting.proxy_watch import ProxyWatch
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.reasons import RevocationReason
from pki_revocation.runtime import problem_documents, request_metrics, security_headers
from pki_revocation.service import RevocationService

from . import fallback, languages, moments, request_origin
from .answering import FormAnswering
from .api import PREFIX, api
from .api_access import StatusTokens
from .api_answer import Links
from .api_description import api_description
from .api_status import api_status
from .availability import Availability
from .drafts import DraftCookies
from .error_pages import error_page_of
from .form import form_pages
from .form_errors import TYPING
from .key_proof import blueprints as key_proof
from .key_proof.reading import LONGEST_PROOF
from .names import issuer_name, subject_name
from .page import SubscriberPage
from .problems import problem_of
from .reason_choices import KEY_COMPROMISE, REASON_LABELS
from .receipt_check import LARGEST_BODY, RequestInMemory, TrustedRoots, is_check, receipt_check_pages
from .receipt_documents import FILES, ReceiptWriter, receipt_documents
from .receipts import ConfirmationPages, receipt_pages
from .routes import subscriber_page
from .steps import Step, first_address, switch_to
from .tokens import ReceiptTokens, TicketSigner

_log = logging.getLogger(__name__)
# A number, a code, a reason and a date: everything that may come in, with room to spare.
_LONGEST_BODY = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class PageServices:
    """What the application is given beside its service: contact, closing times, and where proofs come from.

    Without *availability* the page is never closed, without a *collector* there are no receipts to download, and
    without a *proxy_watch* nothing is noticed of proxies that are not as they should be. *limits* are those that the
    service keeps to, as clients are told them, and *proofs_per_minute* is how many proofs by a certificate's own key
    one source may send. *roots* are what receipts are checked against here, and *signer* signs those that are
    downloaded, where there is one.
    """

    contact: ContactSettings = field(default_factory=ContactSettings)
    security: SecuritySettings = field(default_factory=SecuritySettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    availability: Availability | None = None
    collector: EvidenceCollector | None = None
    proxy_watch: ProxyWatch | None = None
    proofs_per_minute: int = LimitSettings().proofs_per_minute
    roots: TrustedRoots = field(default_factory=TrustedRoots)
    signer: ReceiptSigner | None = None


NO_SERVICES = PageServices()


def create_app(
    *,
    service: RevocationService,
    settings: WebSettings,
    session_key: str,
    clock: Clock,
    proxies: TrustedProxies = NO_PROXIES,
    services: PageServices = NO_SERVICES,
) -> Flask:
    """The application; with an https *public_url* cookies are `__Host-` and HSTS is sent.

    The word of *proxies* on where a request comes from is taken.
    """
    secure = urlsplit(settings.public_url).scheme == "https"
    app = Flask(__name__)
    app.request_class = RequestInMemory
    app.config.update(
        SECRET_KEY=session_key,
        PUBLIC_URL=settings.public_url,
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        # Not Strict: a tab opened by a link on another site would come without it, and the session that it began would
        # take the token from the form in the first tab. Forms of other sites are refused by token and origin.
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        # One octet more than is taken: Werkzeug cuts chunked bodies off, and too long must be told from just fitting.
        MAX_CONTENT_LENGTH=_LONGEST_BODY + 1,
        MAX_FORM_MEMORY_SIZE=_LONGEST_BODY + 1,
        # A form may stay open as long as the browser does (WCAG 2.2.1); the ticket inside has its own half hour.
        WTF_CSRF_TIME_LIMIT=None,
        # Our Referrer-Policy leaves the Referer out; `request_origin` checks where a form came from instead.
        WTF_CSRF_SSL_STRICT=False,
    )
    request_metrics.install(app, "web")
    request_origin.install(app, proxies, services.proxy_watch)
    app.json.sort_keys = False  # type: ignore[attr-defined] # Flask's default provider has it
    app.before_request(_refuse_incomplete)
    fallback.install(app, services.contact)
    if services.availability is not None:
        app.before_request(services.availability.refuse_while_closed)
    security_headers.install(app, secure=secure, scripts=True)
    languages.install(app, secure=secure)
    _prepare_templates(app, secure=secure)
    receipts = ReceiptTokens(session_key)
    confirmations = ConfirmationPages(service=service, clock=clock, public_url=settings.public_url, receipts=receipts)
    tickets, drafts = TicketSigner(session_key, clock), DraftCookies(session_key, clock, secure=secure)
    page = SubscriberPage(service=service, clock=clock, tickets=tickets, drafts=drafts, confirmations=confirmations)
    answering = FormAnswering(service=service, clock=clock, tickets=tickets, drafts=drafts, confirmations=confirmations)
    app.register_blueprint(subscriber_page(page, answering, settings.public_url, _answer))
    links = Links(public_url=settings.public_url, has_documents=services.collector is not None)
    tokens = StatusTokens(receipts=receipts, service=service, clock=clock)
    endpoint = api(service=service, clock=clock, tokens=tokens, links=links, limits=services.limits)
    app.register_blueprint(endpoint)
    app.register_blueprint(api_status(service=service, clock=clock, tokens=tokens, links=links))
    app.register_blueprint(api_description(settings.public_url, services.security))
    app.register_blueprint(
        receipt_pages(service=service, clock=clock, receipts=receipts, confirmations=confirmations, drafts=drafts)
    )
    app.register_blueprint(form_pages(services.contact))
    check = receipt_check_pages(services.roots)
    app.register_blueprint(check)
    if services.collector is not None:
        app.jinja_env.globals["documents"] = {language.value: file for language, file in FILES.items()}
        writer = ReceiptWriter(
            clock=clock,
            collector=services.collector,
            surroundings=ReceiptSurroundings.of(
                services.contact, settings.public_url, has_check=bool(services.roots.anchors)
            ),
            signer=services.signer,
        )
        app.register_blueprint(receipt_documents(service=service, clock=clock, receipts=receipts, writer=writer))
    protection = CSRFProtect(app)
    protection.exempt(endpoint)
    protection.exempt(check)
    proofs = key_proof.blueprints(
        service=service,
        clock=clock,
        session_key=session_key,
        public_url=settings.public_url,
        proofs_per_minute=services.proofs_per_minute,
        receipt_address=confirmations.address,
    )
    for each in proofs.all:
        app.register_blueprint(each)
    # Each of their requests carries a proof of its own, and no cookie counts.
    for each in proofs.without_cookie:
        protection.exempt(each)
    problem_documents.install(app, PREFIX)
    _answer_errors(app)
    return app


def _refuse_incomplete() -> None:
    """Act on whole requests alone: what was cut off could be a revocation without its reason (RFC 9112 section 8).

    Raises:
        RequestEntityTooLarge: for a body over the limit.
        BadRequest: for one that is shorter than its Content-Length.
    """
    longest = LONGEST_PROOF if request.blueprint in key_proof.NAMES else _LONGEST_BODY
    if is_check():
        longest = LARGEST_BODY
    request.max_content_length = request.max_form_memory_size = longest + 1
    body = request.get_data()
    if len(body) > longest:
        raise RequestEntityTooLarge
    if request.content_length is not None and len(body) != request.content_length:
        raise BadRequest("The request was cut off: send it again.")


def _prepare_templates(app: Flask, *, secure: bool) -> None:
    app.jinja_env.globals.update(
        secure=secure,
        typing=TYPING,
        spoken_reasons=REASON_LABELS,
        key_compromise_choice=KEY_COMPROMISE,
        reasons=RevocationReason,
        kinds=EntryKind,
        steps=Step,
        first_address=first_address,
        switch_to=switch_to,
    )
    app.jinja_env.filters.update(
        local=lambda moment: moments.in_the_netherlands(moment, languages.current_language()),
        utc=lambda moment: moments.in_utc(moment, languages.current_language()),
        iso=iso,
        serial=serial_text,
        grouped=grouped,
        issuer_name=issuer_name,
        subject_name=subject_name,
        dialling_address=dialling_address,
        day=lambda moment: moments.day_in_words(moment, languages.current_language()),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _answer(error: Exception) -> Response:
    """Every error becomes one answer here: a problem document for the endpoint, a page for browsers."""
    # It logs what it answers.
    if request.path.startswith(PREFIX):
        return problem_of(error)
    if isinstance(error, StoreError):
        _log.error("%s", error)
    return error_page_of(error)


def _answer_errors(app: Flask) -> None:
    def answer_http(error: HTTPException) -> Response | BaseResponse:
        # Redirects are HTTP exceptions to Werkzeug, and no errors.
        if error.code is not None and error.code < 400:  # noqa: PLR2004 - where errors begin
            return error.get_response()
        return _answer(error)

    def answer_unexpected(error: Exception) -> Response:
        if not request.path.startswith(PREFIX):
            # Not the path: a receipt's address opens it.
            _log.error("unexpected error at %s", request.url_rule, exc_info=error)
        return _answer(error)

    app.register_error_handler(PkiError, _answer)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(Exception, answer_unexpected)
