"""Both sides of a renewal, step by step: the responder's folder and rows, and the publisher's answers."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from keys.certificate_request import certificate_request
from keys.delegate_identity import identity_in
from keys.delegation.issuing import MOST_IN_A_DAY
from keys.delegation.renewal import DelegateRenewal
from keys.delegation.requests import end_responder
from keys.enrolment import sign_request
from keys.errors import UnusableKey
from keys.files.file_key import KEY_TYPES
from keys.files.key_lock import exclusive_lock
from keys.key_location import TokenKey
from keys.signing_audit import unfinished
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, delegate_requests
from tests.fakes import FakeClock
from tests.keys.delegation.scene import LIFETIME, Scene
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.tokens import OnToken
from tests.pki import CertificateAuthority


@pytest.fixture
def scene(tmp_path: Path, database: Database, clock: FakeClock) -> Scene:
    """The same, on both databases."""
    return Scene(tmp_path, database, clock)


def any_request() -> x509.CertificateSigningRequest:
    """Of a key that nobody else has."""
    return certificate_request(KEY_TYPES["p256"](), "CN=whoever")


def test_first_certificate_has_the_profile(scene: Scene) -> None:
    """RFC 6960 section 4.2.2.2 and BR 7.1.2.8, and the CA's own name, whatever the request says; 14 days."""
    scene.turn()

    certificate = identity_in(scene.folder, scene.issuer, scene.clock.now()).certificate
    names = {type(each.value).__name__ for each in certificate.extensions}
    assert names == {
        "BasicConstraints",
        "KeyUsage",
        "ExtendedKeyUsage",
        "OCSPNoCheck",
        "SubjectKeyIdentifier",
        "AuthorityKeyIdentifier",
    }
    assert "OCSP responder" not in certificate.subject.rfc4514_string()
    assert certificate.not_valid_after_utc == scene.clock.now() + LIFETIME
    assert scene.renewal.trouble is None


def test_renewed_at_half_with_a_new_key_and_the_old_one_destroyed(scene: Scene) -> None:
    """Not before half; then a new key. The old one stays while somebody signs with it, and goes with the last one."""
    scene.turn()
    first, old = scene.serial(), scene.folder.delegates()[0]
    quick, stuck = scene.signing(), scene.signing()
    scene.turn()
    assert scene.serial() == first
    scene.clock.advance(LIFETIME / 2)

    scene.turn()

    second = scene.folder.current(scene.clock.now())
    assert second is not None
    assert second.certificate.serial_number != first
    assert second.certificate.public_key() != old.certificate.public_key()
    del quick
    scene.renewal.poll()
    assert stuck.key.public_key() == scene.folder.location(old.name).load().public_key()
    assert old.name in scene.folder.state()
    del stuck
    scene.renewal.poll()
    assert scene.left() == {f"{second.name}.key", f"{second.name}.pem", "enrolment.key"}


def test_key_goes_when_its_certificate_ends_whoever_holds_it(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A process that is stuck for good keeps it no longer: said once after a minute, and destroyed at notAfter."""
    scene.turn()
    old, stuck = scene.folder.delegates()[0], scene.signing()
    scene.clock.advance(LIFETIME / 2)
    scene.turn()
    for _ in range(3):
        scene.clock.advance(timedelta(minutes=1))
        scene.renewal.poll()
    assert old.name in scene.folder.state()
    assert caplog.text.count(f"the key {old.name} is not destroyed yet") == 1
    scene.clock.advance(old.certificate.not_valid_after_utc - scene.clock.now())

    scene.renewal.poll()

    assert not {each for each in scene.left() if old.name in each}
    assert stuck.lock is not None


def test_process_that_was_killed_holds_nothing(scene: Scene) -> None:
    """The kernel ends its hold with it, without a word from it."""
    scene.turn()
    old = scene.folder.delegates()[0]
    code = (
        "import sys; from pathlib import Path; from keys.files.key_lock import shared_lock; "
        "held = shared_lock(Path(sys.argv[1])); print(held is not None, flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(scene.folder.path / f"{old.name}.pem")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        scene.clock.advance(LIFETIME / 2)
        scene.turn()
        scene.renewal.poll()
        assert old.name in scene.folder.state()
        process.kill()
        process.wait()

    scene.renewal.poll()
    assert old.name not in scene.folder.state()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_certificate_that_root_installed_holds_up_nothing() -> None:
    """`keys delegate install` by root leaves a file that the responder's account reads and does not write."""
    code = (
        "import sys; from pathlib import Path; from keys.files.key_lock import exclusive_lock, shared_lock\n"
        "file = Path(sys.argv[1])\n"
        "with exclusive_lock(file) as alone: print(alone)\n"
        "held = shared_lock(file)\n"
        "with exclusive_lock(file) as alone: print(alone)"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "0123456789abcdef.pem"
        file.touch(mode=0o644)
        become = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        words = [*become, sys.executable, "-c", code, str(file)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout.split() == ["True", "False"], done.stderr


def test_key_that_is_being_destroyed_is_not_taken_up(scene: Scene) -> None:
    """Who comes while it is done gets no hold, and neither does who opened the certificate just before."""
    scene.turn()
    (only,) = scene.folder.delegates()
    file = scene.folder.path / f"{only.name}.pem"
    with exclusive_lock(file) as alone:
        assert alone
        assert scene.folder.lock(only.name) is None
    assert scene.folder.lock(only.name) is not None
    scene.folder.destroy(only.name)

    assert scene.folder.lock(only.name) is None
    with pytest.raises(UnusableKey, match="no valid certificate"):
        scene.signing()


def test_keys_on_a_token_are_destroyed_too(
    on_token: OnToken, tmp_path: Path, database: Database, clock: FakeClock
) -> None:
    """Each renewal makes a pair on the token; of the old one neither half is left."""
    scene = Scene(tmp_path, database, clock, TokenKey(softhsm.parsed(on_token.label, "ocsp")))
    scene.turn()
    old, signing = scene.folder.delegates()[0], scene.signing()
    scene.clock.advance(LIFETIME / 2)
    scene.turn()
    new = scene.folder.current(clock.now())
    assert new is not None
    assert new.location.load().public_key() == new.certificate.public_key()
    scene.renewal.poll()
    signature = signing.sign(b"the last answer")
    signing.algorithm.verify(old.certificate.public_key(), signature, [b"the last answer"])
    del signing

    scene.renewal.poll()

    listed = on_token.location("any").token.run(
        lambda borrowed: [each[Attribute.LABEL] for each in borrowed.session.get_objects()]
    )
    assert listed == [f"ocsp {new.name}"] * 2
    with pytest.raises(UnusableKey):
        scene.folder.location(old.name).load()


def test_goes_on_where_it_was_stopped(scene: Scene) -> None:
    """After each step a new process takes over: one key, one request, one certificate."""
    for _ in range(4):
        again = DelegateRenewal(issuer=scene.issuer, folder=scene.folder, database=scene.database, clock=scene.clock)
        again.poll()
        scene.issuing.answer(scene.issuer)

    with scene.database.read() as connection:
        assert len(connection.execute(select(delegate_requests.c.id)).all()) == 1
    assert len(scene.folder.delegates()) == 1
    assert scene.folder.pending() is None


def test_only_the_responder_itself_asks(scene: Scene) -> None:
    """A row in its name that its enrolment key did not sign gets a refusal, and no certificate."""
    scene.write_row(ed25519.Ed25519PrivateKey.generate(), any_request())
    scene.issuing.answer(scene.issuer)

    (why,) = scene.refusals()
    assert "not written by that responder" in why


def test_row_of_nobody_is_refused_by_the_database(scene: Scene) -> None:
    """There is no request of a responder that is not registered."""
    with pytest.raises(IntegrityError), scene.database.write() as connection:
        connection.execute(
            insert(delegate_requests).values(
                responder_id=77, request=b"x", signature=b"x", key_sha256=b"x", requested_at=scene.clock.now()
            )
        )


def test_one_request_waits_at_a_time(scene: Scene) -> None:
    """And none is larger than 16 KiB: the database holds both, whoever writes."""
    scene.write_row(scene.enrolment, any_request())
    with pytest.raises(IntegrityError):
        scene.write_row(scene.enrolment, any_request())


def test_rate_is_bounded(scene: Scene) -> None:
    """Whoever asks too often is refused until a day has passed."""
    for _ in range(MOST_IN_A_DAY + 1):
        scene.write_row(scene.enrolment, any_request())
        scene.issuing.answer(scene.issuer)
    assert len(scene.refusals()) == 1
    assert "within a day" in scene.refusals()[0]
    scene.clock.advance(timedelta(days=1, seconds=1))
    scene.write_row(scene.enrolment, any_request())
    scene.issuing.answer(scene.issuer)
    assert len(scene.refusals()) == 1


def _spoilt(request: x509.CertificateSigningRequest) -> bytes:
    der = request.public_bytes(Encoding.DER)
    return der[:-1] + bytes([der[-1] ^ 1])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(_spoilt, "not signed with the key"), (lambda _: b"\x30\x00", "cannot be used"), (lambda _: b"", "cannot be")],
)
def test_bad_request_is_refused(
    scene: Scene, spoil: Callable[[x509.CertificateSigningRequest], bytes], why: str
) -> None:
    """Without proof of possession, or without anything that could be read: one sentence, and the job goes on."""
    der = spoil(any_request())
    with scene.database.write() as connection:
        connection.execute(
            insert(delegate_requests).values(
                responder_id=1,
                request=der,
                signature=sign_request(scene.enrolment, scene.issuer.certificate, der),
                key_sha256=os.urandom(32),
                requested_at=scene.clock.now(),
            )
        )
    scene.issuing.answer(scene.issuer)

    assert why in scene.refusals()[0]


def test_refusal_is_said_and_tried_again_after_an_hour(scene: Scene) -> None:
    """With another key, since none is asked for twice."""
    scene.renewal.poll()
    with scene.database.write() as connection:
        connection.execute(delegate_requests.update().values(signature=b"no"))
    scene.issuing.answer(scene.issuer)
    scene.renewal.poll()
    assert "refused" in str(scene.renewal.trouble)
    scene.clock.advance(timedelta(hours=1))
    scene.renewal.poll()
    scene.turn()

    assert scene.renewal.trouble is None
    assert scene.serial()


def test_responder_that_is_not_registered_says_what_to_do(scene: Scene) -> None:
    """It makes its key and waits; one whose registration was ended gets nothing either."""
    with scene.database.write() as connection:
        end_responder(connection, scene.issuer, "one", scene.clock.now())
    scene.turn()

    assert "keys delegate register" in str(scene.renewal.trouble)
    with scene.database.read() as connection:
        assert connection.execute(select(delegate_requests.c.id)).all() == []


def test_certificate_of_another_key_is_not_taken_up(scene: Scene) -> None:
    """What came is looked at before it is used."""
    scene.renewal.poll()
    scene.issuing.answer(scene.issuer)
    other = CertificateAuthority("Demo Zorgverzekeraars CA").certificate.public_bytes(Encoding.DER)
    with scene.database.write() as connection:
        connection.execute(delegate_requests.update().values(certificate=other))
    scene.renewal.poll()

    assert "cannot be used" in str(scene.renewal.trouble)
    assert scene.folder.delegates() == []


def test_use_of_the_ca_key_is_audited(scene: Scene) -> None:
    """Intent and result, tied by one number; the responder, the request and the key are in it."""
    scene.turn()

    with scene.database.read() as connection:
        events = [row.event for row in connection.execute(select(audit.c.event).order_by(audit.c.sequence))]
        assert unfinished(connection) == []
    assert events[-2:] == ["delegate.intended", "delegate.done"]
