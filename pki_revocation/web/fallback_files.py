"""The fall-back page and the form as files, for the web server in front to show when this service is gone.

And what that server itself refuses, in the words in which the page refuses it. Everything they need is in the folder;
`deploy/nginx/pki-revocation.conf` serves it below `BASE`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.contact import dialling_address
from pki_revocation.documents.form import form_for
from pki_revocation.documents.form_fields import FORM_NAMES
from pki_revocation.host import durable_files
from pki_revocation.subscribers.languages import Language

from .error_pages import AGAIN, page_for_status
from .fallback import fallback_sections
from .languages import read_translations
from .problems import document_for_status

# Where the files are served: a path of their own, away from the service's.
BASE = "/fallback/"
_HERE = Path(__file__).parent
_ASSETS = ("page.css", "icon.svg")
# What a web server in front refuses by itself: what it cannot read, or what is larger than it takes.
_REFUSED = (400, 413)
_PROBLEM = {
    "type": "urn:pki-revocation:problem:unavailable",
    "title": "The register does not answer",
    "status": 503,
    "detail": "Send the same request again later: a repeat gets the original answer.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalSection:
    """One language's part of a refusal: title, text, and the way back to the first page."""

    language: Language
    title: str
    text: str
    again: str

    @property
    def first_page(self) -> str:
        """The path of the first page in this language."""
        return f"{self.language.page}?lang={self.language.value}"


def export_fallback(folder: Path, contact: ContactSettings) -> tuple[str, ...]:
    """Write all files, each whole and readable by all accounts, over those of the same names. Gives the names.

    Where one cannot be written, all stay as they were.

    Raises:
        DocumentNotSet: when an address cannot be printed on the form.
    """
    files = {name: (_HERE / "static" / name).read_bytes() for name in _ASSETS}
    files["index.html"] = _page(contact).encode()
    files["problem.json"] = json.dumps(_PROBLEM).encode()
    for status in _REFUSED:
        files[f"{status}.html"] = _refusal(status).encode()
        files[f"{status}.json"] = json.dumps(document_for_status(status)).encode()
    for language in Language:
        files[f"{FORM_NAMES[language]}.pdf"] = form_for(contact, language)
    durable_files.make_folder(folder, 0o755)
    durable_files.write_all(*(durable_files.File(folder / name, files[name], mode=0o644) for name in files))
    return tuple(sorted(files))


def _page(contact: ContactSettings) -> str:
    def form_url(language: Language) -> str:
        return f"{BASE}{FORM_NAMES[language]}.pdf"

    sections = fallback_sections(contact, form_url)
    return _rendered("fallback_static.html", sections=sections, anchor="fallback-title", notice=None)


def _refusal(status: int) -> str:
    return _rendered("refusal_static.html", sections=tuple(_refusal_sections(status)), anchor="refusal-title")


def _refusal_sections(status: int) -> Iterator[RefusalSection]:
    page = page_for_status(status)
    for language, texts in read_translations().items():
        yield RefusalSection(
            language=language,
            title=texts.gettext(page.title),
            text=texts.gettext(page.text),
            again=texts.gettext(AGAIN),
        )


def _rendered(template: str, **values: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["dialling_address"] = dialling_address
    return environment.get_template(template).render(base=BASE, **values)
