"""The alarm before a responder's certificate ends: metric and log, by the clock, and quiet again after the roll."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from ocsp_responder.fast_path.signer_reload import SignerReload
from ocsp_responder.signing.answer_signers import CurrentSigners
from ocsp_responder.signing.renewal import DelegateRenewals
from ocsp_responder.signing.response import AnswerSigner
from pki_revocation.clock import iso
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.keys.delegation.scene import LIFETIME, Scene

_SECOND = timedelta(seconds=1)


class Responder:
    """A worker's take-up and the parent's renewing, each with its own signers as in two processes."""

    def __init__(self, scene: Scene) -> None:
        """With what the scene has now."""
        keyring = scene.keyring()
        present = {scene.issuer: AnswerSigner(keyring.ocsp_identity(scene.issuer), scene.issuer)}
        self.taken: list[AnswerSigner] = []
        self._worker = SignerReload(CurrentSigners(keyring, present), self._take, scene.clock)
        self._parent = DelegateRenewals([scene.renewal], scene.clock, monotonic=lambda: scene.clock.now().timestamp())
        self._signers = CurrentSigners(keyring, present)

    def _take(self, _: Issuer, signer: AnswerSigner) -> None:
        self.taken.append(signer)

    def step(self) -> None:
        """A second of both."""
        self._worker.reload()
        self._parent.step(self._signers)


def _metric(name: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"issuer": "issuing"})


@pytest.fixture
def scene(tmp_path: Path, database: Database, clock: FakeClock) -> Scene:
    """A responder with its first certificate; nobody answers its next request yet."""
    made = Scene(tmp_path, database, clock)
    made.turn()
    return made


def test_alarm_from_three_quarters_on(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """0 until then, 1 from then on, and 0 when the new key is taken up; the log says it once an hour meanwhile."""
    (old,) = scene.folder.delegates()
    ends = f"the OCSP certificate ends at {iso(old.certificate.not_valid_after_utc)}"
    responder = Responder(scene)
    scene.clock.advance(old.alarm_at - scene.clock.now() - _SECOND)
    responder.step()
    assert _metric("ocsp_signer_alarm") == 0
    assert ends not in caplog.text

    scene.clock.advance(_SECOND)
    for minute in range(121):
        responder.step()
        assert _metric("ocsp_signer_alarm") == 1
        assert caplog.text.count(ends) == 1 + minute // 60
        scene.clock.advance(timedelta(minutes=1))
    assert _metric("ocsp_signer_not_after_timestamp_seconds") == old.certificate.not_valid_after_utc.timestamp()

    scene.turn()
    responder.step()
    scene.clock.advance(timedelta(hours=2))
    responder.step()
    assert [each.not_after for each in responder.taken] == [scene.clock.now() - timedelta(hours=2) + LIFETIME]
    assert _metric("ocsp_signer_alarm") == 0
    assert caplog.text.count(ends) == 3


def test_what_keeps_the_next_one_away_is_said_once_an_hour(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """From half on, when it is asked for and no publisher answers."""
    responder = Responder(scene)
    scene.clock.advance(LIFETIME / 2)
    for _ in range(121):
        responder.step()
        scene.clock.advance(timedelta(minutes=1))

    said = [each.message for each in caplog.records if "no new certificate" in each.message]
    assert 2 <= len(said) <= 3
    assert "The publisher has not answered" in said[0]
