"""The fall-back page and the form as files, for the web server in front to show when this service is gone.

Everything they need is in the folder; `deploy/nginx/fallback.conf` serves it below `BASE`.
"""

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.form import form_for
from pki_revocation.documents.form_fields import FORM_NAMES
from pki_revocation.host import durable_files
from pki_revocation.subscribers.languages import Language

from .fallback import fallback_sections

# Where the files are served: a path of their own, away from the service's.
BASE = "/fallback/"
_HERE = Path(__file__).parent
_ASSETS = ("page.css", "icon.svg")
_PROBLEM = {
    "type": "urn:pki-revocation:problem:unavailable",
    "title": "The register does not answer",
    "status": 503,
    "detail": "Send the same request again later: a repeat gets the original answer.",
}


def export_fallback(folder: Path, contact: ContactSettings) -> tuple[str, ...]:
    """Write all files, each whole and readable by all accounts, over those of the same names. Gives the names.

    Where one cannot be written, all stay as they were.

    Raises:
        DocumentNotSet: when an address cannot be printed on the form.
    """
    files = {name: (_HERE / "static" / name).read_bytes() for name in _ASSETS}
    files["index.html"] = _page(contact).encode()
    files["problem.json"] = json.dumps(_PROBLEM).encode()
    for language in Language:
        files[f"{FORM_NAMES[language]}.pdf"] = form_for(contact, language)
    durable_files.make_folder(folder, 0o755)
    durable_files.write_all(*(durable_files.File(folder / name, files[name], mode=0o644) for name in files))
    return tuple(sorted(files))


def _page(contact: ContactSettings) -> str:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )

    def form_url(language: Language) -> str:
        return f"{BASE}{FORM_NAMES[language]}.pdf"

    template = environment.get_template("fallback_static.html")
    return template.render(sections=fallback_sections(contact, form_url), notice=None, base=BASE)
