"""What programs and their makers find out about the endpoints: the description, the catalogue, and a page per problem.

`/api/openapi.yaml` is a file written by hand (OpenAPI 3.1); a test holds it against the routes. `/.well-known/` leads
to it (RFC 9727), and says whom to tell of a weakness (RFC 9116). None of it needs the database.
"""

import json
from pathlib import Path

from flask import Blueprint, Response, render_template
from werkzeug.exceptions import NotFound

from pki_revocation.config.settings import SecuritySettings
from pki_revocation.subscribers.languages import Language

from .languages import answer_in
from .problem_types import BY_NAME
from .problems import PAGES

DESCRIPTION = "/api/openapi.yaml"
CATALOGUE = "/.well-known/api-catalog"
SECURITY_FILE = "/.well-known/security.txt"
_FILE = Path(__file__).parent / "openapi.yaml"
_YAML = "application/yaml"  # RFC 9512
_LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'


def api_description(public_url: str, security: SecuritySettings) -> Blueprint:
    """The blueprint of what describes the endpoints at *public_url*."""
    blueprint = Blueprint("api_description", __name__)
    here = public_url.rstrip("/")
    description = _FILE.read_bytes()

    @blueprint.get(DESCRIPTION)
    def openapi() -> Response:
        return Response(description, mimetype=_YAML)

    @blueprint.get(CATALOGUE)
    def catalogue() -> Response:
        response = Response(json.dumps(_linkset(here)), content_type=_LINKSET)
        # RFC 9727 section 2: HEAD is answered with where the catalogue is.
        response.headers["Link"] = f'<{here}{CATALOGUE}>; rel="api-catalog"'
        return response

    @blueprint.get(SECURITY_FILE)
    def security_file() -> Response:
        if not security.contact:
            raise NotFound
        return Response(_security_text(here, security), content_type="text/plain; charset=utf-8")

    @blueprint.get(PAGES)
    def problems() -> str:
        answer_in(Language.ENGLISH)
        return render_template("problems.html", problems=sorted(BY_NAME.values(), key=lambda each: each.name))

    @blueprint.get(f"{PAGES}<name>")
    def problem(name: str) -> str:
        if name not in BY_NAME:
            raise NotFound
        answer_in(Language.ENGLISH)
        return render_template("problem.html", problem=BY_NAME[name])

    return blueprint


def _linkset(here: str) -> dict[str, object]:
    """The catalogue as RFC 9264 section 4.2 writes links: one API, its description and its problems' pages."""
    return {
        "linkset": [
            {"anchor": f"{here}{CATALOGUE}", "item": [{"href": f"{here}/api/v1/revocations"}]},
            {
                "anchor": f"{here}/api/v1/revocations",
                "service-desc": [{"href": f"{here}{DESCRIPTION}", "type": _YAML}],
                "service-doc": [{"href": f"{here}{PAGES}", "type": "text/html", "hreflang": ["en"]}],
            },
        ]
    }


def _security_text(here: str, security: SecuritySettings) -> str:
    lines = [f"Contact: {each}" for each in security.contacts]
    lines.append(f"Expires: {security.expires:%Y-%m-%d}T23:59:59Z")
    lines.append(f"Preferred-Languages: {', '.join(language.value for language in Language)}")
    if security.policy:
        lines.append(f"Policy: {security.policy}")
    # RFC 9116 section 2.5.2: an address that begins with https.
    if here.startswith("https:"):
        lines.append(f"Canonical: {here}{SECURITY_FILE}")
    return "".join(f"{line}\n" for line in lines)
