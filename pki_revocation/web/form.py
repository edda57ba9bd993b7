"""GET /formulier and /form: the form for post and e-mail as a PDF, with the number filled in where `?number=` gives it.

It needs no database: it is there when the page is not.
"""

from flask import Blueprint, Response, make_response, render_template, request

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.form_fields import FORM_NAMES
from pki_revocation.errors import MistypedNumber
from pki_revocation.subscribers.languages import Language

from .error_pages import ErrorPage
from .languages import translatable

_BAD_NUMBER = ErrorPage(
    400,
    translatable("This number has a typing error"),
    translatable(
        "Compare the number in the address with the one in your letter: twelve digits in groups of four. You can also "
        "leave it out, and fill it in on the form."
    ),
)


def form_pages(contact: ContactSettings) -> Blueprint:
    """The form's addresses; forms say how *contact* is reached."""
    blueprint = Blueprint("form", __name__)

    def answer(language: Language) -> Response:
        from pki_revocation.documents.form import form_for  # noqa: PLC0415 - 15 MiB, not needed until a client asks

        try:
            pdf = form_for(contact, language, request.args.get("number", "").strip())
        except MistypedNumber:
            return make_response(render_template("error.html", page=_BAD_NUMBER), _BAD_NUMBER.status)
        response = Response(pdf, mimetype="application/pdf")
        response.headers["Content-Disposition"] = f'inline; filename="{FORM_NAMES[language]}.pdf"'
        response.content_language.add(language.value)
        return response

    @blueprint.get(Language.DUTCH.form)
    def dutch() -> Response:
        return answer(Language.DUTCH)

    @blueprint.get(Language.ENGLISH.form)
    def english() -> Response:
        return answer(Language.ENGLISH)

    return blueprint
