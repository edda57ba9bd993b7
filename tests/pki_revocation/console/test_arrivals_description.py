"""The description of the endpoint that certificates arrive at: valid, and true of what it answers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from cryptography import x509
from flask import Flask
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pki_revocation.console import arrival_document, arrivals_api
from pki_revocation.console.app import create_app
from pki_revocation.database.engine import Database
from pki_revocation.register import api_tokens
from pki_revocation.register.issuers import add_issuer
from tests.campaign import examples
from tests.described_routes import described_by, routes_of
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import pem

FILE = Path(arrivals_api.__file__).with_name("openapi.yaml")
PATH = "/api/v1/certificates"
# What takes nothing cannot be sent anything wrong.
DRIVEN = [
    ("POST", PATH, GenerationMode.POSITIVE),
    ("POST", PATH, GenerationMode.NEGATIVE),
    ("GET", "/api/openapi.yaml", GenerationMode.POSITIVE),
]


@pytest.fixture
def app(sqlite_database: Database, clock: FakeClock) -> Flask:
    """The console on the test's database."""
    return create_app(database=sqlite_database, clock=clock)


@pytest.fixture
def headers(sqlite_database: Database, clock: FakeClock) -> dict[str, str]:
    """With a token that counts."""
    with sqlite_database.write() as connection:
        return {"Authorization": f"Bearer {api_tokens.issue(connection, 'ca-1', clock)[1]}"}


@pytest.fixture(scope="module")
def description() -> Mapping[str, Any]:
    """The file as programs read it."""
    content: Mapping[str, Any] = yaml.safe_load(FILE.read_text())
    return content


def test_description_is_valid_and_served(app: Flask, description: Mapping[str, Any]) -> None:
    """OpenAPI 3.1, to anyone who reaches the console."""
    OpenAPIV31SpecValidator(description).validate()
    answer = app.test_client().get("/api/openapi.yaml")

    assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/yaml", FILE.read_bytes())


def test_every_route_is_described_and_every_description_is_a_route(app: Flask, description: Mapping[str, Any]) -> None:
    """With all media types and all members that are taken."""
    assert described_by(description) == routes_of(app)
    body = description["paths"][PATH]["post"]["requestBody"]["content"]
    assert set(body) == set(arrival_document.MEDIA_TYPES)
    members = description["components"]["schemas"]["Arrival"]["properties"]
    assert tuple(members) == arrival_document._MEMBERS  # noqa: SLF001 - what is described


@pytest.mark.parametrize(("method", "path", "mode"), DRIVEN, ids=str)
def test_whatever_is_sent_is_answered_as_described(
    app: Flask, headers: dict[str, str], method: str, path: str, mode: GenerationMode
) -> None:
    """With a token: status, kind, headers and members of the answer are in the description; never a 5xx."""
    schema: BaseSchema = schemathesis.openapi.from_wsgi("/api/openapi.yaml", app)

    @settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def drive(case: Case[Any]) -> None:
        # What is no certificate is beyond a schema.
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    drive()


def test_arrival_is_as_described(
    app: Flask,
    headers: dict[str, str],
    sqlite_database: Database,
    authority: CertificateAuthority,
    clock: FakeClock,
) -> None:
    """The answers that no generated certificate gets: registered, and registered already."""
    with sqlite_database.write() as connection:
        add_issuer(connection, name="issuing", certificate=authority.certificate, is_default=True, clock=clock)
    certificate: x509.Certificate = authority.issue("Zorg BV", clock.now())
    schema: BaseSchema = schemathesis.openapi.from_wsgi("/api/openapi.yaml", app)
    case = schema[PATH]["POST"].Case(body={"certificate": pem(certificate).decode()}, media_type="application/json")

    answers = [case.call_and_validate(headers=headers) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 200]
    assert json.loads(answers[0].content)["issuer"] == "issuing"
