"""A key that follows another while the worker serves: what is kept of the old one ends with its certificate."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from ocsp_responder.answering.shared_cache import SharedAnswerCache
from ocsp_responder.client.query import Question
from ocsp_responder.config import OcspSettings
from pki_revocation.database.engine import Database
from tests.fakes import FakeClock
from tests.keys.delegation.scene import LIFETIME, Scene
from tests.ocsp_responder import registers
from tests.ocsp_responder.fast_path.layers import Asking, asking

_STEP = timedelta(minutes=20)
_BEFORE = timedelta(hours=6)


@pytest.fixture
def scene(tmp_path: Path, database: Database, clock: FakeClock) -> Scene:
    """A responder six hours before its certificate ends."""
    made = Scene(tmp_path, database, clock)
    made.turn()
    clock.advance(LIFETIME - _BEFORE)
    return made


@pytest.fixture(params=["a worker's own", "in common"])
def asked(request: pytest.FixtureRequest, scene: Scene, tmp_path: Path) -> Iterator[Asking]:
    """A worker of it; answers are good for a day, and kept by itself or in common with others."""
    shared = None
    if request.param == "in common":
        SharedAnswerCache.make(tmp_path / "answers", octets=1 << 20, longest=2000)
        shared = SharedAnswerCache(tmp_path / "answers", scene.clock)
    settings = OcspSettings(clock_tolerance=timedelta(days=30))
    identities = {scene.issuer: scene.signing()}
    with asking(
        scene.database, scene.clock, identities, settings=settings, keyring=scene.keyring(), shared=shared
    ) as made:
        yield made
    if shared is not None:
        shared.close()


def _signer_of(asked: Asking, question: bytes, clock: FakeClock) -> int:
    """Who signed what a client gets now, by POST, GET and from a thread alike, once its times are found right."""
    # Where only the database's server knows the status, this is left to a thread, and what that makes is kept.
    asked.post(question)
    threads = asked.patient(question).der
    asked.turn()
    posted, got = asked.post(question), asked.get(question)
    assert posted is not None
    assert got is not None
    serials = set()
    for der in (posted.body, got.body, threads):
        answer = ocsp.load_der_ocsp_response(der)
        (signer,) = answer.certificates
        assert answer.next_update_utc is not None
        assert answer.this_update_utc <= clock.now() < answer.next_update_utc <= signer.not_valid_after_utc
        serials.add(signer.serial_number)
    _, _, seconds = got.headers["Cache-Control"].partition("max-age=")
    kept_until = clock.now() + timedelta(seconds=int(seconds.partition(",")[0]))
    next_update = ocsp.load_der_ocsp_response(got.body).next_update_utc
    assert next_update is not None
    assert kept_until <= next_update
    (serial,) = serials
    return serial


def test_no_answer_outlives_its_signer_across_a_roll(scene: Scene, asked: Asking, clock: FakeClock) -> None:
    """Kept ones are served while they may be, the old signer's too, and not a second longer; then the new one signs."""
    certificate: x509.Certificate = scene.authority.issue("Zorg BV", clock.now())
    registers.add(scene.database, scene.issuer, clock, certificate)
    question = Question(issuer=scene.issuer, serial=certificate.serial_number, nonce=None).der
    old = scene.serial()
    assert _signer_of(asked, question, clock) == old
    scene.turn()
    new = scene.serial()
    fresh = Question(issuer=scene.issuer, serial=certificate.serial_number, nonce=bytes(32)).der
    asked.turn_until(lambda: ocsp.load_der_ocsp_response(asked.patient(fresh).der).certificates[0].serial_number == new)

    signers = []
    for _ in range(2 * (_BEFORE // _STEP)):
        signers.append(_signer_of(asked, question, clock))
        clock.advance(_STEP)

    assert signers == sorted(signers, key=[old, new].index)
    assert set(signers) == {old, new}
