"""What the description allows and forbids, sent to the real application: no 5xx, and each answer as described."""

from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, CheckFunction, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.campaign import examples
from tests.described_routes import routes_of
from tests.pki_revocation.web.test_api import PATH, post
from tests.subscribers import Subscriber

STATUS = f"{PATH}/{{reference}}"
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# What takes nothing cannot be sent anything wrong.
DRIVEN = [
    ("POST", PATH, RIGHT),
    ("POST", PATH, WRONG),
    ("GET", STATUS, RIGHT),
    ("GET", STATUS, WRONG),
    ("POST", f"{PATH}/by-key", RIGHT),
    ("POST", f"{PATH}/by-key", WRONG),
    ("GET", "/api/v1/compromised-keys/{sha256}", RIGHT),
    ("GET", "/api/v1/compromised-keys/{sha256}", WRONG),
    ("GET", "/api/openapi.yaml", RIGHT),
]
# A number and a code that check digits fit, and that belong together, are not in any schema's power to make.
BEYOND_SCHEMAS: list[CheckFunction] = [positive_data_acceptance]


@pytest.fixture
def schema(app: Flask) -> BaseSchema:
    """The description as the application serves it."""
    return schemathesis.openapi.from_wsgi("/api/openapi.yaml", app)


def test_operations_that_are_driven_are_all(app: Flask) -> None:
    """So that a new one is driven too."""
    assert {(path, method.lower()) for method, path, _ in DRIVEN} == routes_of(app)


@pytest.mark.parametrize(("method", "path", "mode"), DRIVEN, ids=str)
def test_whatever_is_sent_is_answered_as_described(
    schema: BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    """Right and wrong alike: status, kind, headers and members of the answer are in the description."""
    strategy = schema[path][method].as_strategy(generation_mode=mode)

    @settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def drive(case: Case[Any]) -> None:
        case.call_and_validate(excluded_checks=BEYOND_SCHEMAS)

    drive()


def test_revocation_and_its_status_are_as_described(app: Flask, schema: BaseSchema, subscriber: Subscriber) -> None:
    """The answers that no generated request gets: to right ones, a repeat, a raise, and a status."""
    asked: dict[str, Any] = {"number": subscriber.number, "code": subscriber.code}
    for more in ({"reason": "superseded"}, {"reason": "none"}, {"reason": "keyCompromise"}, {"reason": None}):
        request = schema[PATH]["POST"].Case(body=asked | more, media_type="application/json")
        assert request.call_and_validate(excluded_checks=BEYOND_SCHEMAS).status_code == 200
    said = post(app, asked).get_json()
    token = {"Authorization": f"Bearer {said['status_token']}"}
    look = schema[STATUS]["GET"].Case(path_parameters={"reference": said["first_reference"]}, headers=token)

    status = look.call_and_validate(excluded_checks=BEYOND_SCHEMAS)

    assert status.status_code == 200
    assert status.json()["reason"] == "keyCompromise"


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(reference=st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_reference_with_a_token_is_answered_as_described(
    app: Flask, subscriber: Subscriber, reference: str
) -> None:
    """404 for what is none of its own, and 429 in the end; never a 5xx."""
    said = post(app, {"number": subscriber.number, "code": subscriber.code}).get_json()
    token = {"Authorization": f"Bearer {said['status_token']}"}

    answer = app.test_client().get(f"{PATH}/{quote(reference, safe='')}", headers=token)

    assert answer.status_code in {404, 429}
    assert answer.mimetype == "application/problem+json"
