"""Problems of the endpoint that certificates arrive at: all at once, found in the log, and with what is taken."""

import json

import pytest
from flask import Flask

from pki_revocation.database.engine import Database
from tests.pki_revocation.console.test_arrivals_api import PATH, Post, app, post, registered, token

__all__ = ["app", "post", "token"]


def test_all_mistakes_of_a_document_are_told_at_once(post: Post, database: Database) -> None:
    """Each with a pointer to its member: of types first, and of contents when those are right."""
    for document, pointers in (
        ({"certificate": 1, "colour": "red", "email": 7}, ["#/colour", "#/certificate", "#/email"]),
        ({"language": 1, "address": "x"}, ["#/certificate", "#/language", "#/address"]),
        (
            {"certificate": "x", "language": "fr", "address": ["x" * 99], "email": ""},
            ["#/language", "#/address", "#/email"],
        ),
    ):
        answer = post(json.dumps(document).encode(), "application/json")
        told = answer.get_json(force=True)
        assert answer.status_code == 422
        assert [each["pointer"] for each in told["errors"]] == pointers
        assert told["errors"][0]["detail"] == told["detail"]
        assert {each["type"] for each in told["errors"]} == {told["type"]}
    assert registered(database) == 0


def test_instance_stands_in_the_log(post: Post, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Once, with status and kind, so that what the issuing system's log has is found here."""
    caplog.set_level("INFO")
    for answer, line in (
        (post(b"x"), f"POST {PATH}: 400 malformed-document"),
        (app.test_client().post(PATH, headers={"Authorization": "Bearer prt_secret"}), f"POST {PATH}: 401 no-token"),
    ):
        assert caplog.text.count(f"{line}, {answer.get_json(force=True)['instance']}") == 1
    assert "prt_secret" not in caplog.text


def test_what_is_taken_and_allowed_is_told(post: Post, app: Flask) -> None:
    """Accept with 415, and Allow to OPTIONS, which has no body."""
    refused, options = post(b"x", "text/html"), app.test_client().options(PATH)

    assert refused.headers["Accept"] == (
        "application/json, application/pem-certificate-chain, application/x-pem-file, application/pkix-cert"
    )
    assert (options.status_code, options.data, sorted(options.headers["Allow"].split(", "))) == (
        200, b"", ["OPTIONS", "POST"],
    )  # fmt: skip
    assert "Content-Type" not in options.headers
