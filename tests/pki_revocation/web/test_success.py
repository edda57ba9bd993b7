"""Accepting a request is what makes liability end: success is what was committed, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, journal, mail_outbox
from pki_revocation.errors import StoreError
from tests.pki_revocation.web.browser import Browser
from tests.subscribers import Subscriber


@pytest.fixture
def failing_commit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that takes every statement, and then not the commit."""

    @contextmanager
    def write() -> Iterator[Connection]:
        with database.engine.connect() as connection:
            yield connection
            connection.rollback()
        raise StoreError("The database does not answer: the disk is full")

    monkeypatch.setattr(database, "hold_commit_fence", lambda *_: None)
    monkeypatch.setattr(database, "write", write)


def test_endpoint_shows_no_success_without_a_commit(
    app: Flask, subscriber: Subscriber, database: Database, failing_commit: None
) -> None:
    """503 with Retry-After, and neither journal nor audit nor outbox has anything."""
    document = {"number": subscriber.number, "code": subscriber.code}
    answer = app.test_client().post("/api/v1/revocations", json=document)

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "revoked_at" not in answer.text
    with database.read() as connection:
        for table in (journal, audit, mail_outbox):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_page_shows_no_success_without_a_commit(browser: Browser, subscriber: Subscriber, failing_commit: None) -> None:
    """Not a word of a reference or a moment: all answers again, and that we do not know."""
    browser.answer(subscriber, reason="replaced")
    answer = browser.confirm()

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "we do not know whether your confirmation was recorded" in answer.text
    assert "It has been replaced" in answer.text
    assert 'id="revoke"' in answer.text
    assert "Reference" not in answer.text
