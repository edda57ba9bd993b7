"""How receipts are handed out: one is made at a time, few wait, the rest is told to come back."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask

from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.model import Confirmation
from pki_revocation.proof.addresses import ServiceAddress
from pki_revocation.proof.gathering import EvidenceCollector, ReceiptEvidence
from pki_revocation.service import RevocationService
from pki_revocation.subscribers.languages import Language
from pki_revocation.web.app import PageServices, create_app
from pki_revocation.web.receipt_limiter import ReceiptKey, ReceiptLimiter, ReceiptsBusy, RenderedReceipt
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.conftest import SESSION_KEY
from tests.pki_revocation.web.test_receipt_documents import address_on
from tests.subscribers import Subscriber

NOWHERE = ServiceAddress(public="http://127.0.0.1:9", here="http://127.0.0.1:9")


def key(row: int) -> ReceiptKey:
    """One of many receipts."""
    return (1, row, Language.DUTCH)


def gathered() -> str:
    """What a receipt is made of."""
    return "evidence"


class Press:
    """Makes receipts, one after the other and only when it is let; *made* counts them."""

    def __init__(self, *, complete: bool = True) -> None:
        """Stopped."""
        self.go = threading.Event()
        self.begun = threading.Event()
        self.complete = complete
        self.made = 0
        self.at_once = 0
        self.most_at_once = 0

    def make(self, evidence: str) -> RenderedReceipt:
        """The next one, when it may be."""
        assert evidence == "evidence"
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.set()
        assert self.go.wait(10)
        self.made += 1
        self.at_once -= 1
        return RenderedReceipt(pdf=f"receipt {self.made}".encode(), complete=self.complete)


@contextmanager
def people(count: int) -> Iterator[ThreadPoolExecutor]:
    """So many at once."""
    with ThreadPoolExecutor(count) as pool:
        yield pool


def test_second_click_gets_the_receipt_that_is_being_made(clock: FakeClock) -> None:
    """Made once, for both."""
    limiter, press = ReceiptLimiter(clock), Press()
    with people(2) as pool:
        clicks = [pool.submit(limiter.render, key(1), gathered, press.make) for _ in range(2)]
        assert press.begun.wait(10)
        press.go.set()
        assert {click.result(10) for click in clicks} == {b"receipt 1"}


def test_more_than_three_are_told_to_come_back(clock: FakeClock) -> None:
    """Whatever receipts they ask for: three threads at most are held, and one receipt at a time is made."""
    limiter, press = ReceiptLimiter(clock), Press()
    with people(3) as pool:
        first = [pool.submit(limiter.render, key(row), gathered, press.make) for row in range(3)]
        assert press.begun.wait(10)
        while limiter._in_hand._value:  # noqa: SLF001 - until the three are in
            pass
        for _ in range(20):
            with pytest.raises(ReceiptsBusy):
                limiter.render(key(9), gathered, press.make)
        press.go.set()
        assert len({each.result(10) for each in first}) == 3
    assert press.most_at_once == 1
    assert limiter.render(key(9), gathered, press.make) == b"receipt 4"


def test_receipt_is_kept_for_a_minute(clock: FakeClock) -> None:
    """And made anew afterwards; in the other language it is another one."""
    limiter, press = ReceiptLimiter(clock), Press()
    press.go.set()
    assert limiter.render(key(1), gathered, press.make) == b"receipt 1"
    clock.advance(timedelta(seconds=59))
    assert limiter.render(key(1), gathered, press.make) == b"receipt 1"
    assert limiter.render((1, 1, Language.ENGLISH), gathered, press.make) == b"receipt 2"
    clock.advance(timedelta(seconds=1))
    assert limiter.render(key(1), gathered, press.make) == b"receipt 3"


def test_receipt_that_lacks_proof_is_kept_for_seconds(clock: FakeClock) -> None:
    """So that who comes back for the proof soon gets it."""
    limiter, press = ReceiptLimiter(clock), Press(complete=False)
    press.go.set()
    assert limiter.render(key(1), gathered, press.make) == b"receipt 1"
    clock.advance(timedelta(seconds=4))
    assert limiter.render(key(1), gathered, press.make) == b"receipt 1"
    clock.advance(timedelta(seconds=1))
    assert limiter.render(key(1), gathered, press.make) == b"receipt 2"


def test_memory_is_bounded(clock: FakeClock) -> None:
    """The oldest goes for a new one."""
    limiter, press = ReceiptLimiter(clock), Press()
    press.go.set()
    for row in range(9):
        limiter.render(key(row), gathered, press.make)
    assert limiter.render(key(8), gathered, press.make) == b"receipt 9"
    assert limiter.render(key(0), gathered, press.make) == b"receipt 10"


def test_failure_keeps_nobody_out(clock: FakeClock) -> None:
    """A receipt that could not be made leaves its place to the next."""
    limiter, press = ReceiptLimiter(clock), Press()
    press.go.set()

    def fail(_: str) -> RenderedReceipt:
        raise ZeroDivisionError

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            limiter.render(key(1), gathered, fail)
    assert limiter.render(key(1), gathered, press.make) == b"receipt 1"


class SlowDesk(EvidenceCollector):
    """A desk whose services keep everybody waiting."""

    def __init__(self, database: Database) -> None:
        """Stopped until it is let go."""
        super().__init__(database=database, ocsp=NOWHERE, distribution=NOWHERE)
        self.go = threading.Event()

    def gather(self, confirmation: Confirmation) -> ReceiptEvidence:
        """When it may."""
        assert self.go.wait(10)
        return super().gather(confirmation)


def test_flood_on_receipts_leaves_the_page_alone(
    database: Database, service: RevocationService, clock: FakeClock, subscriber: Subscriber
) -> None:
    """While the services that prove are slow: 503 with Retry-After and a page in words, and everything else works."""
    collector = SlowDesk(database)
    app: Flask = create_app(
        service=service,
        settings=WebSettings(),
        session_key=SESSION_KEY,
        clock=clock,
        services=PageServices(collector=collector),
    )
    visitor = Browser(app)
    address = address_on(visitor.revoke(subscriber).text)
    with people(8) as pool:
        asking = [pool.submit(Browser(app, language="nl").get, address) for _ in range(8)]
        answered = as_completed(asking, timeout=120)
        # Five are answered while the other three wait for the desk.
        for refused in [next(answered).result() for _ in range(5)]:
            assert refused.status_code == 503
            assert refused.headers["Retry-After"] == "5"
            assert "De intrekking staat vast" in refused.text
        assert visitor.get("/revoke").status_code == 200
        collector.go.set()
        assert {each.result().status_code for each in answered} == {200}
    assert visitor.get(address).status_code == 200
