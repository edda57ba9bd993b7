"""Error pages: in the visitor's language, with a way back, and without a word about our inside."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from pki_revocation.numbers import number_at
from tests.pki_revocation.web.browser import Browser
from tests.subscribers import Subscriber

FOUR_KILOBYTES = 4096


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda visitor: visitor.get("/nothing"), 404),
        (lambda visitor: visitor.client.put("/revoke", headers=visitor.headers), 405),
        (lambda visitor: visitor.submit({"number": "1" * FOUR_KILOBYTES}), 413),
        (lambda visitor: visitor.post("/revoke", {}), 400),
    ],
)
def test_error_pages_are_pages(bare_app: Flask, language: str, send: Callable[[Browser], object], status: int) -> None:
    """What goes wrong is said in the visitor's language, with a way back, and without a word about our inside."""
    visitor = Browser(bare_app, language=language)
    visitor.get("/revoke")
    answer = send(visitor)

    assert answer.status_code == status  # type: ignore[attr-defined] # a response
    text = answer.text  # type: ignore[attr-defined] # a response
    assert f'<html lang="{language}">' in text
    assert ("Naar de eerste pagina" if language == "nl" else "To the first page") in text
    assert not re.search(r"werkzeug|flask|traceback|python", text, re.IGNORECASE)


def test_method_that_is_not_allowed_names_those_that_are(bare_browser: Browser) -> None:
    """405 comes with Allow (RFC 9110 section 15.5.6)."""
    answer = bare_browser.client.delete("/revoke")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(("language", "said"), [("en", "by e-mail or by post"), ("nl", "per e-mail of per post")])
def test_outage_names_the_other_way(unreachable_app: Flask, language: str, said: str) -> None:
    """While the register does not answer: 503, Retry-After, and how to revoke without the page."""
    visitor = Browser(unreachable_app, language=language)
    answer = visitor.identify(number_at(1), "0" * 17)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert said in answer.text
    assert "revocation.db" not in answer.text


def test_any_other_fault_of_a_client_is_no_fault_of_ours(bare_browser: Browser) -> None:
    """A range that a file does not have is 416 and a page, as is a file that is not there; none is kept."""
    ranged = bare_browser.get("/static/page.css", {"Range": "bytes=999999-"})
    absent = bare_browser.get("/static/nothing.css")

    assert (ranged.status_code, absent.status_code) == (416, 404)
    assert "We cannot read this request" in ranged.text
    assert ranged.headers["Cache-Control"] == absent.headers["Cache-Control"] == "no-store"


def test_mistake_of_ours_says_nothing_of_itself(broken_app: Flask, subscriber: Subscriber) -> None:
    """An error that nobody foresaw is a page with status 500, and its reason stands in the log alone."""
    answer = Browser(broken_app).identify(subscriber.number, subscriber.code)

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "secret inside" not in answer.text
