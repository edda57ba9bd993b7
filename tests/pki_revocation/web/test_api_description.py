"""The description of the endpoints: valid, complete, and true of the routes; and what leads to it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from pki_revocation.config.sections import load_section
from pki_revocation.config.settings import SecuritySettings, WebSettings
from pki_revocation.errors import ConfigurationError
from pki_revocation.service import RevocationService
from pki_revocation.web import api_document
from pki_revocation.web import app as application
from pki_revocation.web.app import PageServices, create_app
from pki_revocation.web.problem_types import BY_NAME
from tests.described_routes import described_by, routes_of
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.conftest import SESSION_KEY
from tests.pki_revocation.web.test_api import PATH, post
from tests.subscribers import Subscriber

FILE = Path(application.__file__).with_name("openapi.yaml")


@pytest.fixture(scope="module")
def description() -> Mapping[str, Any]:
    """The file as programs read it."""
    content: Mapping[str, Any] = yaml.safe_load(FILE.read_text())
    return content


def test_description_is_valid(description: Mapping[str, Any]) -> None:
    """OpenAPI 3.1, references and schemas included."""
    OpenAPIV31SpecValidator(description).validate()


def test_every_route_is_described_and_every_description_is_a_route(
    bare_app: Flask, description: Mapping[str, Any]
) -> None:
    """Below /api/: an endpoint that is added without its paragraph in openapi.yaml fails here, and the other way."""
    assert described_by(description) == routes_of(bare_app)


def test_members_of_the_request_are_described(description: Mapping[str, Any]) -> None:
    """All that are taken, and no others."""
    described = description["components"]["schemas"]["RevocationRequest"]

    assert tuple(described["properties"]) == api_document._MEMBERS  # noqa: SLF001 - what is described
    assert described["additionalProperties"] is False


def test_members_of_the_answers_are_described(
    app: Flask, subscriber: Subscriber, description: Mapping[str, Any]
) -> None:
    """Each member that is answered is in the description, and each described one that must be there is answered."""
    answer = post(app, {"number": subscriber.number, "code": subscriber.code}).get_json()
    headers = {"Authorization": f"Bearer {answer['status_token']}"}
    status = app.test_client().get(f"{PATH}/{answer['reference']}", headers=headers).get_json()
    schemas = description["components"]["schemas"]
    for name, said in (("Confirmation", answer), ("Status", status)):
        own = schemas[name]["allOf"][1]
        described = schemas["Revocation"]["properties"].keys() | own["properties"].keys()

        assert said.keys() == described
        assert said.keys() == {*schemas["Revocation"]["required"], *own["required"]}


def test_description_is_served(bare_app: Flask) -> None:
    """As YAML (RFC 9512), octet for octet, while the database is away, and without a cookie."""
    answer = Browser(bare_app).get("/api/openapi.yaml")

    assert (answer.status_code, answer.mimetype) == (200, "application/yaml")
    assert answer.data == FILE.read_bytes()
    assert "Set-Cookie" not in answer.headers


def test_catalogue_leads_to_the_description(bare_secure_app: Flask) -> None:
    """RFC 9727: a linkset with the endpoint and its description; HEAD says where the catalogue is."""
    client = bare_secure_app.test_client()
    answer = client.get("/.well-known/api-catalog", base_url="https://intrekken.example")
    head = client.head("/.well-known/api-catalog", base_url="https://intrekken.example")

    here = "https://intrekken.example"
    assert answer.mimetype == "application/linkset+json"
    assert answer.mimetype_params == {"profile": "https://www.rfc-editor.org/info/rfc9727"}
    assert head.headers["Link"] == f'<{here}/.well-known/api-catalog>; rel="api-catalog"'
    catalogue, endpoint = answer.get_json()["linkset"]
    assert catalogue["item"] == [{"href": f"{here}{PATH}"}]
    assert endpoint["anchor"] == f"{here}{PATH}"
    for relation, kind in (("service-desc", "application/yaml"), ("service-doc", "text/html")):
        (link,) = endpoint[relation]
        leads_to = client.get(link["href"].removeprefix(here), base_url=here)
        assert (leads_to.status_code, leads_to.mimetype, link["type"]) == (200, kind, kind)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_problem_has_its_page(bare_app: Flask, name: str) -> None:
    """In English whatever the browser asks for, and without a cookie; the list leads to it."""
    visitor = Browser(bare_app, language="nl")
    page = visitor.get(f"/problems/{name}")

    assert page.status_code == 200
    assert '<html lang="en">' in page.text
    assert BY_NAME[name].type in page.text
    assert BY_NAME[name].title in page.text
    assert "Set-Cookie" not in page.headers
    assert f'href="/problems/{name}"' in visitor.get("/problems/").text


def test_problem_that_there_is_not_has_no_page(bare_app: Flask) -> None:
    """404 as a page, in the browser's own language."""
    answer = Browser(bare_app, language="nl").get("/problems/nothing")

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert '<html lang="nl">' in answer.text


def secured(service: RevocationService, clock: FakeClock, **settings: object) -> Flask:
    """The application at https with these settings of [security]."""
    return create_app(
        service=service,
        settings=WebSettings(public_url="https://intrekken.example/"),
        session_key=SESSION_KEY,
        clock=clock,
        services=PageServices(security=load_section(SecuritySettings, {"security": settings})),
    )


def test_security_file_says_whom_to_tell(unreachable_service: RevocationService, clock: FakeClock) -> None:
    """RFC 9116: the fields, each on a line, in their order of preference."""
    app = secured(
        unreachable_service,
        clock,
        contact="mailto:security@register.example, https://www.register.example/report",
        expires=date(2027, 6, 30),
        policy="https://www.register.example/disclosure",
    )
    answer = app.test_client().get("/.well-known/security.txt", base_url="https://intrekken.example")

    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text == (
        "Contact: mailto:security@register.example\n"
        "Contact: https://www.register.example/report\n"
        "Expires: 2027-06-30T23:59:59Z\n"
        "Preferred-Languages: nl, en\n"
        "Policy: https://www.register.example/disclosure\n"
        "Canonical: https://intrekken.example/.well-known/security.txt\n"
    )


def test_without_a_contact_there_is_no_security_file(bare_app: Flask) -> None:
    """Nobody is told to write to nobody."""
    assert Browser(bare_app).get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"contact": "security@register.example", "expires": date(2027, 6, 30)}, "contact"),
        ({"contact": "mailto:", "expires": date(2027, 6, 30)}, "contact"),
        ({"contact": "mailto:a@b.example\nPolicy: https://x", "expires": date(2027, 6, 30)}, "contact"),
        ({"contact": "mailto:a@b.example"}, "expires"),
        ({"contact": "mailto:a@b.example", "expires": "2027-06-30"}, "expires"),
        ({"contact": "mailto:a@b.example", "expires": date(2027, 6, 30), "policy": "http://x.example"}, "policy"),
    ],
)
def test_unfit_security_settings_are_refused(settings: dict[str, object], says: str) -> None:
    """At the start, naming the setting."""
    with pytest.raises(ConfigurationError, match=rf"\[security\] {says}"):
        load_section(SecuritySettings, {"security": settings})
