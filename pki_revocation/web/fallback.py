"""What subscribers see when the page cannot be used: how to revoke by post and e-mail, in both languages at once.

The same sections stand in the answer of the running service (maintenance, or a database that is gone) and in the files
that a web server in front shows when the service itself is gone; they need no database and no cookie.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, current_app, make_response, render_template, request, url_for

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.errors import MistypedNumber
from pki_revocation.numbers import parse_number
from pki_revocation.register.maintenance import Maintenance
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.wording import Term

from .languages import current_language
from .moments import to_the_minute

FORM_ENDPOINTS = {Language.DUTCH: "form.dutch", Language.ENGLISH: "form.english"}
_EXTENSION = "pki-revocation-contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackSection:
    """One language's part: *until* is when the page is expected back, where that is known."""

    language: Language
    contact: ServiceDesk
    form_url: str
    until: str | None

    @property
    def without_address(self) -> str:
        """What is said where neither an e-mail nor a postal address is configured."""
        return Term.WITHOUT_ADDRESS.in_language(self.language)


def fallback_sections(
    contact: ContactSettings,
    form_url: Callable[[Language], str],
    *,
    first: Language = Language.DUTCH,
    notice: Maintenance | None = None,
) -> tuple[FallbackSection, ...]:
    """A section for each language, that of *first* at the beginning."""
    return tuple(
        FallbackSection(
            language=language,
            contact=ServiceDesk.of(contact, language),
            form_url=form_url(language),
            until=None if notice is None else to_the_minute(notice.until, language),
        )
        for language in sorted(Language, key=lambda each: each is not first)
    )


def install(app: Flask, contact: ContactSettings) -> None:
    """Have the answers say how you are reached: the fall-back page all of it, every page in its help (WCAG 3.2.6)."""
    app.extensions[_EXTENSION] = contact
    app.jinja_env.globals["contact_in"] = lambda language: ServiceDesk.of(contact, language)


def fallback_answer(retry_after: int, notice: Maintenance | None = None) -> Response:
    """503 with the page in both languages; *retry_after* in seconds (RFC 9110 section 10.2.3)."""
    number = _number_given()

    def form_url(language: Language) -> str:
        return url_for(FORM_ENDPOINTS[language], number=number)

    sections = fallback_sections(current_app.extensions[_EXTENSION], form_url, first=current_language(), notice=notice)
    response = make_response(render_template("fallback.html", sections=sections, notice=notice), 503)
    response.headers["Retry-After"] = str(max(1, retry_after))
    return response


def _number_given() -> str | None:
    """The number that came with the request, for the form; None where there is none that can be read."""
    try:
        return parse_number(request.args.get("number") or request.form.get("number") or "")
    except MistypedNumber:
        return None
