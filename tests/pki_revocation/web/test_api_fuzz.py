"""Nothing that is sent to the JSON endpoint makes it fall over."""

from datetime import datetime

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.numbers import number_at
from tests.campaign import examples
from tests.pki_revocation.web.test_api import post, problem

TEXTS = st.one_of(
    st.text(max_size=40),
    st.integers(0, 50).map(number_at),
    st.builds(new_code, st.sampled_from(CodeScheme)),
    st.sampled_from(["keyCompromise", "unspecified", "none", "6", "2026-11-20T10:00:00Z", "0001-01-01T00:00:00+14:00"]),
    st.datetimes().map(datetime.isoformat),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS), lambda inner: st.lists(inner, max_size=3)
)
DOCUMENTS = st.one_of(
    st.fixed_dictionaries(
        {"number": TEXTS, "code": TEXTS}, optional={"reason": VALUES, "key_compromised_at": VALUES, "x": VALUES}
    ),
    st.dictionaries(st.sampled_from(["number", "code", "reason", "key_compromised_at", ""]), VALUES),
    VALUES,
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=DOCUMENTS)
def test_any_json_gets_a_clear_refusal(app: Flask, document: object) -> None:
    """Whatever JSON comes in that is no right number and code: a 4xx problem document, never a 5xx."""
    response = post(app, document)

    assert 400 <= problem(response)["status"] < 500


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_any_octets_get_a_clear_refusal(bare_app: Flask, body: bytes) -> None:
    """Octets that are no JSON at all likewise."""
    assert 400 <= problem(post(bare_app, body))["status"] < 500
