"""Mozilla MRSP 6 and RFC 9919 section 7.2 near the end of the signer's certificate, and beyond it.

One responder whose delegated certificates end a quarter of a minute after it starts.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.conformance import answers
from tests.conformance import scene as scenes
from tests.conformance.scene import CLOCK, Scene
from tests.conformance.wire import Reply, Wire, several
from tests.vectors.authorities import GOOD, REVOKED, ROOT, SECOND
from tests.vectors.pieces import cert_id, nonce, request
from tests.waiting import patience

_QUESTIONS = [
    request(cert_id(GOOD)),
    request(cert_id(REVOKED, name="sha1")),
    request(cert_id(SECOND.certificate.serial_number, ROOT)),
]


@pytest.fixture(scope="module")
def ending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The running responder."""
    lifetime = timedelta(seconds=round(patience(10)))
    with scenes.served(scenes.make(tmp_path_factory.mktemp("ending"), lifetime=lifetime)) as running:
        yield running


def check_shared(reply: Reply, scene: Scene) -> None:
    """The times of an answer that a cache may keep: max-age ends before nextUpdate, which is the signer's end."""
    (single,) = answers.read(reply.body).responses
    end = single.next_update_utc
    assert end == scene.delegates["issuing"].not_valid_after_utc
    date, control = reply.header("Date"), reply.header("Cache-Control")
    assert date is not None
    assert control is not None
    sent, expires = parsedate_to_datetime(date), parsedate_to_datetime(reply.header("Expires") or "")
    max_age = int(control.split(",")[0].removeprefix("max-age="))
    assert expires == end
    assert control == f"max-age={max_age}, public, no-transform, must-revalidate"
    assert sent + timedelta(seconds=max_age) < end


@pytest.mark.long
def test_to_the_end_and_beyond(ending: Scene) -> None:
    """Until its end the signer signs, and nextUpdate never passes it, cold and warm; from then on tryLater.

    RFC 6960 section 2.3: what an expired signer has signed, nobody would believe; nobody keeps the refusal.
    """
    end = ending.delegates["issuing"].not_valid_after_utc
    assert CLOCK.now() < end - timedelta(seconds=5), "the responder took too long to start"
    asked = 0
    while CLOCK.now() < end - timedelta(seconds=2):
        with Wire(ending.url) as wire:
            for question in _QUESTIONS:
                for reply in answers.ask_all_ways(wire, question).all:
                    if CLOCK.now() >= end:
                        break
                    check_shared(reply, ending)
                    asked += 1
    assert asked > 20

    # The certificate's end is the matter, and no clock but the system's decides about it.
    time.sleep(max(0, (end - CLOCK.now()).total_seconds()) + 1)

    with several(ending.url, 4) as wires:
        for wire in wires:
            for question in [*_QUESTIONS, request(cert_id(GOOD), extensions=(nonce(b"n" * 32),))]:
                for reply in answers.ask_all_ways(wire, question).all:
                    assert answers.verdict(reply) == ("tryLater",)
                    assert reply.header("Cache-Control") == "no-store"
                    assert reply.header("ETag") is None
