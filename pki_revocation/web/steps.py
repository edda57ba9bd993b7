"""The steps of the subscriber's page and their addresses: /revoke/… in English, /intrekken/… in Dutch.

The first step's address stands in letters. The others name a draft, which only the browser that began it has.
"""

from enum import StrEnum
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from flask.typing import RouteCallable
from werkzeug.wrappers import Response

from pki_revocation.subscribers.languages import Language

from .languages import PARAMETER, current_language

_SEE_OTHER = 303


class Step(StrEnum):
    """A step by the English word for it."""

    IDENTIFY = "number-and-code"
    REASON = "reason"
    CHECK = "check"
    LEFT = "not-revoked"

    def word(self, language: Language) -> str:
        """The word in the addresses of a language."""
        return _DUTCH[self] if language is Language.DUTCH else self.value

    def endpoint(self, method: str) -> str:
        """The name of what answers a method here."""
        return f"page.{self._view(method)}"

    def address(self, name: str) -> str:
        """The path of this step of a draft, in the language of the request."""
        language = current_language()
        return f"{language.page}/{name}/{self.word(language)}"

    def add_to(self, blueprint: Blueprint, method: str, view: RouteCallable) -> None:
        """Have *view* answer this step in both languages; it is given the draft's *name*."""
        for language in Language:
            path = f"{language.page}/<name>/{self.word(language)}"
            blueprint.add_url_rule(
                path, endpoint=self._view(method), view_func=view, methods=[method], strict_slashes=False
            )

    def _view(self, method: str) -> str:
        return f"{method.lower()}_{self.name.lower()}"


_DUTCH = {
    Step.IDENTIFY: "nummer-en-code",
    Step.REASON: "reden",
    Step.CHECK: "controle",
    Step.LEFT: "niet-ingetrokken",
}


def first_address() -> str:
    """The path of the empty first step, in the language of the request."""
    return current_language().page


def switch_to(language: Language, number: str = "") -> str:
    """Where the page at hand is in another language, with the *number* that stands in its form."""
    step = next((each for each in Step if request.endpoint == each.endpoint("GET")), None)
    path = ""
    if step is not None:
        path = f"{language.page}/{(request.view_args or {})['name']}/{step.word(language)}"
    elif request.endpoint == "page.show":
        path = language.page
    return f"{path}?{urlencode({PARAMETER: language.value, **({'number': number} if number else {})})}"


def see_other(path: str) -> Response:
    """Answer a form: the browser gets the page that follows, and a reload sends nothing again (RFC 9110 15.4.4)."""
    return redirect(path, _SEE_OTHER)
