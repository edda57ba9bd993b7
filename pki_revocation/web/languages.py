"""Dutch and English: which language a request gets, and the texts in it (WCAG 3.1.1).

The texts in the code and the templates are English; `translations/nl.po` holds the Dutch ones and is read at start, but
for what paper and mail say too, which has both languages in `subscribers`. Dutch is the first language: a browser that
asks for neither gets it.
"""

import gettext
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, Response, current_app, g, request

from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.reason_words import reason_wordings
from pki_revocation.subscribers.wording import Term, Wording

CATALOGUE = Path(__file__).parent / "translations" / "nl.po"
PARAMETER = "lang"
DUTCH_ADDRESS = Language.DUTCH.page
_EXTENSION = "pki-revocation-languages"
_A_YEAR = 365 * 24 * 60 * 60
_DUTCH_ADDRESSES = (DUTCH_ADDRESS, "/sleutel", "/bewijs")


def translatable(text: str) -> str:
    """Mark a text for translation where it stands; the template that shows it looks it up."""
    return text


def read_translations() -> dict[Language, gettext.NullTranslations]:
    """The texts of each language, from the catalogue as translators edit it: nothing compiled is kept."""
    compiled = BytesIO()
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file)
    for wording in shared_wordings():
        catalogue.add(wording.english, wording.dutch)
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return {Language.DUTCH: gettext.GNUTranslations(compiled), Language.ENGLISH: gettext.NullTranslations()}


def shared_wordings() -> tuple[Wording, ...]:
    """What the page says in the words of paper and mail: templates look it up by its English, as any other text."""
    return (*(term.value for term in Term), *reason_wordings())


def translated(text: str, **values: object) -> str:
    """A text in the language of this request, with what belongs into its places."""
    translated: str = current_app.extensions[_EXTENSION][current_language()].gettext(text)
    return translated % values if values else translated


def current_language() -> Language:
    """The language of this request: as chosen now or before, as the address says, as the browser asks, or Dutch."""
    if "language" not in g:
        before = _known(request.cookies.get(_cookie_name()))
        # A Dutch letter names the Dutch address: that counts more than what a browser was set up with, here and on
        # the pages that follow.
        chosen = _known(request.args.get(PARAMETER)) or (None if before else _spoken_at(request.path))
        if chosen is not None:
            choose(chosen)
        else:
            g.language = before or _asked_for() or Language.DUTCH
    language: Language = g.language
    return language


def choose(language: Language) -> None:
    """Answer this request in *language*, and have the browser remember it."""
    g.language = g.remember_language = language


def answer_in(language: Language) -> None:
    """Answer this request in *language*, whatever was chosen; the browser remembers nothing of it."""
    g.language = language


def choose_named(tag: str | None) -> None:
    """Answer this request in the language of a tag that came in, as `choose` does; an unknown tag changes nothing."""
    if (language := _known(tag)) is not None:
        choose(language)


def install(app: Flask, *, secure: bool) -> None:
    """Give the templates their texts, and remember the language that a subscriber chooses."""
    translations = read_translations()
    app.extensions[_EXTENSION] = translations
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True

    def translated(text: str) -> str:
        return translations[current_language()].gettext(text)

    def counted(one: str, many: str, count: int) -> str:
        return translations[current_language()].ngettext(one, many, count)

    environment.install_gettext_callables(  # type: ignore[attr-defined] # the extension adds it
        gettext=translated, ngettext=counted, newstyle=True
    )
    environment.globals.update(languages=tuple(Language), current_language=current_language)
    app.config["LANGUAGE_COOKIE_NAME"] = "__Host-language" if secure else "language"

    @app.after_request
    def remember(response: Response) -> Response:
        # What the page's script asks for says its language itself, and leaves nothing behind.
        if "remember_language" in g and response.mimetype == "text/html":
            response.set_cookie(
                _cookie_name(),
                g.remember_language.value,
                max_age=_A_YEAR,
                path="/",
                secure=secure,
                httponly=True,
                # A link on another site leads here in the language that was chosen here.
                samesite="Lax",
            )
        if response.mimetype == "text/html":
            response.content_language.add(current_language().value)
            response.vary.update(("Accept-Language", "Cookie"))
        return response


def _spoken_at(path: str) -> Language | None:
    """Dutch at the Dutch addresses and what is below them; the others speak as the browser asks."""
    return Language.DUTCH if path.startswith("/") and f"/{path.split('/')[1]}" in _DUTCH_ADDRESSES else None


def _cookie_name() -> str:
    return str(current_app.config["LANGUAGE_COOKIE_NAME"])


def _asked_for() -> Language | None:
    # By the first part of each tag, best first: nl-BE is Dutch, and weighs more than a plain en that comes after it.
    asked = (_known(tag.partition("-")[0].lower()) for tag, quality in request.accept_languages if quality > 0)
    return next((language for language in asked if language is not None), None)


def _known(tag: str | None) -> Language | None:
    return Language(tag) if tag in set(Language) else None
