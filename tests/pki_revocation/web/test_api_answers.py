"""What the endpoint says of a revocation that stood already, of dates that are unlikely, and of its receipts."""

from datetime import timedelta

import pytest
from flask import Flask

from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.proof.addresses import ServiceAddress
from pki_revocation.proof.gathering import EvidenceCollector
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from tests.fakes import FakeClock
from tests.pki_revocation.web.conftest import SESSION_KEY, Journal
from tests.pki_revocation.web.test_api import PATH, post, problem
from tests.subscribers import Subscriber


@pytest.mark.parametrize("days", [0, 1, 29, 30, 31, 400])
def test_repeat_gets_a_receipt_that_can_be_read(
    app: Flask, subscriber: Subscriber, clock: FakeClock, days: int
) -> None:
    """However old the revocation: page, document and status answer for thirty days more."""
    request = {"number": subscriber.number, "code": subscriber.code}
    post(app, request)
    clock.advance(timedelta(days=days))
    answer = post(app, request).get_json()
    clock.advance(timedelta(days=29))

    client = app.test_client()
    headers = {"Authorization": f"Bearer {answer['status_token']}"}
    assert client.get(answer["receipt_url"].removeprefix("http://127.0.0.1:8460")).status_code == 200
    assert client.get(f"{PATH}/{answer['reference']}", headers=headers).status_code == 200


def test_what_was_not_recorded_is_said(app: Flask, subscriber: Subscriber, written: Journal, clock: FakeClock) -> None:
    """A second reason or date that the journal does not take; and nothing, where it says the same already."""
    asked = {"number": subscriber.number, "code": subscriber.code}
    leaked = asked | {"reason": "keyCompromise"}
    said = [post(app, asked | {"reason": "superseded"}).get_json()]
    clock.advance(timedelta(minutes=5))
    later = (
        asked | {"reason": "cessationOfOperation"},
        asked | {"reason": "superseded"},
        asked,
        leaked | {"key_compromised_at": "2026-11-23T13:30:00Z"},
        leaked | {"key_compromised_at": "2026-11-23T13:45:00Z"},
        leaked | {"key_compromised_at": "2026-11-23T14:30:00+01:00"},
        leaked,
        asked | {"reason": "superseded"},
        asked | {"reason": "affiliationChanged"},
    )
    said += [post(app, request).get_json() for request in later]

    first, raised = written.entries()
    assert [(each["repeated"], each["not_recorded"]) for each in said] == [
        (False, None),
        (True, {"reason": "cessationOfOperation"}),
        (True, None),
        (True, None),
        (False, None),
        (True, {"key_compromised_at": "2026-11-23T13:45:00Z"}),
        (True, None),
        (True, None),
        (True, None),
        (True, {"reason": "affiliationChanged"}),
    ]
    assert {each["first_reference"] for each in said} == {first.reference}
    assert {each["revoked_at"] for each in said} == {"2026-11-23T14:03:22Z"}
    assert [each["reference"] for each in said] == [first.reference] * 4 + [raised.reference] * 6
    assert {each["key_compromised_at"] for each in said[4:]} == {"2026-11-23T13:30:00Z"}


def test_receipt_document_is_named_in_the_language_that_is_asked_for(
    service: RevocationService, database: Database, subscriber: Subscriber, clock: FakeClock
) -> None:
    """Dutch, or English where the client says so; and the confirmation's own address before it."""
    nowhere = ServiceAddress(public="http://127.0.0.1:9", here="http://127.0.0.1:9")
    collector = EvidenceCollector(database=database, ocsp=nowhere, distribution=nowhere)
    app = create_app(
        service=service,
        settings=WebSettings(public_url="https://intrekken.example/"),
        session_key=SESSION_KEY,
        clock=clock,
        services=PageServices(collector=collector),
    )
    request = {"number": subscriber.number, "code": subscriber.code}
    answers = [
        app.test_client().post(PATH, json=request, headers=headers, base_url="https://intrekken.example").get_json()
        for headers in ({}, {"Accept-Language": "en-GB"})
    ]

    names = ["intrekkingsbewijs", "revocation-receipt"]
    assert [each["receipt_pdf"] for each in answers] == [
        f"{each['receipt_url']}/{name}.pdf" for each, name in zip(answers, names, strict=True)
    ]
    assert answers[0]["receipt_url"].startswith("https://intrekken.example/receipt/")


def test_date_before_the_certificate_is_refused_where_the_client_rules_it_out(
    app: Flask, subscriber: Subscriber, written: Journal
) -> None:
    """A second before notBefore nothing is revoked then; otherwise it is taken, and the answer says where it lies."""
    request = {
        "number": subscriber.number,
        "code": subscriber.code,
        "reason": "keyCompromise",
        "key_compromised_at": "2026-11-23T13:03:21Z",
    }
    asked = post(app, request | {"compromised_before_certificate": False})
    document = problem(asked)
    assert (asked.status_code, document["type"].rpartition(":")[2]) == (422, "date-before-certificate")
    assert [each["pointer"] for each in document["errors"]] == ["#/key_compromised_at"]
    assert "2026-11-23T13:03:22Z" in document["detail"]
    assert "compromised_before_certificate" in document["detail"]
    assert written.entries() == []

    confirmed = post(app, request)

    assert confirmed.get_json()["key_compromised_at"] == "2026-11-23T13:03:21Z"
    assert confirmed.get_json()["compromised_before_certificate"] is True
    # What is not recorded is not asked about.
    assert post(app, request).get_json()["not_recorded"] is None
    assert post(app, request | {"key_compromised_at": "2006-01-03T00:00:00Z"}).get_json()["not_recorded"] == {
        "key_compromised_at": "2006-01-03T00:00:00Z"
    }
