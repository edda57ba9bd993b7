"""A power cut or a kill at any moment of a renewal: the responder finds the old pair or both, and goes on."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from keys.config import KeyType
from keys.delegate_key_store import DelegateKeyStore
from keys.delegation.renewal import DelegateRenewal
from keys.files.file_key import KEY_TYPES, KeyFile, load_certificate, load_key, replace_pair
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from tests.fakes import FakeClock
from tests.keys.delegation.scene import LIFETIME, Scene
from tests.killing import killed_at
from tests.pki import CertificateAuthority
from tests.power_cuts import PowerCuts, power_cuts


@pytest.fixture
def scene(tmp_path: Path, sqlite_database: Database, clock: FakeClock) -> Scene:
    """A responder with its first certificate, half-way through its life."""
    made = Scene(tmp_path, sqlite_database, clock)
    made.turn()
    clock.advance(LIFETIME / 2)
    return made


def pairs_in(path: Path) -> list[int]:
    """The serials of the certificates there, each of which has its key; the one that ends last comes first."""
    found = DelegateKeyStore(path, key_type=KeyType.P256, unencrypted=True)
    for each in found.delegates():
        assert each.location.load().public_key() == each.certificate.public_key(), each.name
    return [each.certificate.serial_number for each in found.delegates()]


def renewed(scene: Scene) -> PowerCuts:
    """A whole renewal: a new key, its request, its certificate, and the old key destroyed."""

    def renew() -> None:
        scene.turn()
        scene.renewal.poll()

    return power_cuts(scene.folder.path, renew)


def test_power_cut_leaves_the_old_pair_or_both_or_the_new_one(scene: Scene, tmp_path: Path) -> None:
    """In every state that it may leave: no certificate without its key, and always one to sign with."""
    old = scene.serial()

    cuts = renewed(scene)

    new = scene.serial()
    assert len(cuts.during) > 10
    seen = {tuple(pairs_in(left.put(tmp_path / f"cut-{location}"))) for location, left in enumerate(cuts.during)}
    assert seen == {(old,), (new, old), (new,)}
    assert {tuple(pairs_in(left.put(tmp_path / f"end-{location}"))) for location, left in enumerate(cuts.ended)} == {
        (new,)
    }


def test_responder_goes_on_after_a_power_cut(scene: Scene, tmp_path: Path) -> None:
    """From each such state: nothing holds up the next renewal, and in the end one pair is left and nothing else."""
    cuts = renewed(scene)

    for location, left in enumerate(cuts.during):
        path = left.put(tmp_path / f"cut-{location}")
        scene.folder = DelegateKeyStore(path, key_type=KeyType.P256, unencrypted=True)
        scene.renewal = DelegateRenewal(
            issuer=scene.issuer, folder=scene.folder, database=scene.database, clock=scene.clock
        )
        # No more than a few certificates are given in a day.
        scene.clock.advance(timedelta(days=1))
        for _ in range(3):
            scene.turn()
        (serial,) = pairs_in(path)
        assert scene.renewal.trouble is None
        names = {each.name.partition(".")[0] for each in path.iterdir() if not each.name.startswith(".")}
        assert len(names) == 2, (serial, names)


@pytest.mark.parametrize("failpoint", ["file.drafted", "file.named", "file.removed"])
def test_kill_leaves_a_pair_and_what_it_left_is_cleared(scene: Scene, tmp_path: Path, failpoint: str) -> None:
    """Also a draft that may be a key: the next renewal takes it away."""
    old = scene.serial()
    scene.folder.prepare()

    killed_at(failpoint, tmp_path / "failpoints", scene.turn)

    assert old in pairs_in(scene.folder.path)
    for _ in range(3):
        scene.turn()
    scene.clock.advance(LIFETIME / 2 + timedelta(seconds=1))
    for _ in range(3):
        scene.turn()
    assert len(pairs_in(scene.folder.path)) == 1
    assert {each.suffix for each in scene.folder.path.iterdir()} == {".key", ".pem"}


def test_pair_in_two_files_is_on_disk_before_the_old_key_is_overwritten(tmp_path: Path) -> None:
    """[keys] ocsp_key and ocsp_certificate: after a power cut neither name stands for zeros, whatever was kept."""
    authority, now = CertificateAuthority("Demo Zorgverzekeraars CA"), SystemClock().now()
    folder = tmp_path / "keys"
    key, certificate = folder / "ocsp.key", folder / "ocsp.pem"
    issued = [authority.issue(name, now).public_bytes(Encoding.PEM) for name in ("one", "two")]
    made = [KEY_TYPES["p256"]() for _ in issued]
    replace_pair(made[0], KeyFile(key, unencrypted=True), issued[0], certificate)

    cuts = power_cuts(folder, lambda: replace_pair(made[1], KeyFile(key, unencrypted=True), issued[1], certificate))

    found = []
    for location, left in enumerate(cuts.during):
        path = left.put(tmp_path / f"cut-{location}")
        public = load_key(path / "ocsp.key", unencrypted=True).public_key()
        assert load_certificate(path / "ocsp.pem").public_bytes(Encoding.PEM) in issued
        found.append([each.public_key() for each in made].index(public))
    assert set(found) == {0, 1}
    assert key.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in folder.iterdir()} == {"ocsp.key", "ocsp.pem"}
