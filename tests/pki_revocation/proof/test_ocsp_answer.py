"""The responder's word is taken for a receipt only when anybody would take it."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pki_revocation.proof.addresses import ServiceAddress
from pki_revocation.proof.fetching import ServiceClient
from pki_revocation.proof.ocsp_answer import OcspAnswer, ask_ocsp
from tests.fakes import FakeClock
from tests.pki import DAY, CertificateAuthority


class Responder:
    """Answers every request with the same octets, over real HTTP."""

    def __init__(self) -> None:
        """On a port of its own."""
        outer = self
        self.octets: bytes = b""

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.octets)))
                self.end_headers()
                self.wfile.write(outer.octets)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self) -> ServiceAddress:
        """Where it answers."""
        url = f"http://127.0.0.1:{self.server.server_port}/ocsp"
        return ServiceAddress(public="http://ocsp.invalid/ocsp", here=url)


@pytest.fixture
def responder() -> Iterator[Responder]:
    """A responder that says what it is told to."""
    running = Responder()
    yield running
    running.server.shutdown()
    running.server.server_close()
    running.thread.join()


class Scene:
    """A certificate that was revoked at the clock's moment, and answers about it."""

    def __init__(self, authority: CertificateAuthority, clock: FakeClock, responder: Responder) -> None:
        """Revoked now."""
        self.authority, self.now, self.responder = authority, clock.now(), responder
        self.certificate = authority.issue("Zorg BV", self.now)

    def ask(self) -> OcspAnswer | None:
        """What a receipt would get."""
        return ask_ocsp(
            ServiceClient(self.responder.address), self.authority.certificate, self.certificate.serial_number, self.now
        )

    def say(self, **changed: Any) -> None:  # noqa: ANN401 - parts of an answer
        """Have the responder give a right answer with some parts changed."""
        signing: CertificateAuthority = changed.get("signing", self.authority)
        key, delegate = changed.get("delegate") or signing.delegate(self.now)
        subject: x509.Certificate = changed.get("certificate", self.certificate)
        status = changed.get("status", ocsp.OCSPCertStatus.REVOKED)
        revoked_at: datetime | None = changed.get("revoked_at", self.now)
        is_revoked = status is ocsp.OCSPCertStatus.REVOKED
        self.responder.octets = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=subject,
                issuer=self.authority.certificate,
                algorithm=hashes.SHA1(),  # noqa: S303 - as openssl asks
                cert_status=status,
                this_update=self.now,
                next_update=self.now + DAY,
                revocation_time=revoked_at if is_revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, delegate)
            .certificates([delegate])
            .sign(key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )


@pytest.fixture
def scene(authority: CertificateAuthority, responder: Responder) -> Scene:
    """By the real clock, which dates the answers."""
    return Scene(authority, FakeClock(datetime.now().astimezone()), responder)


def test_right_answer_is_taken(scene: Scene) -> None:
    """As it was sent, with its moment and its signer."""
    scene.say()
    answer = scene.ask()
    assert answer is not None
    assert answer.der == scene.responder.octets
    assert answer.revocation_time == scene.now
    assert "Test OCSP responder" in answer.signer


def test_answer_of_the_ca_itself_is_taken(scene: Scene) -> None:
    """Without a delegate."""
    scene.say(delegate=(scene.authority.key, scene.authority.certificate))
    assert scene.ask() is not None


@pytest.mark.parametrize(
    "wrong",
    [
        "another CA's",
        "good",
        "another moment",
        "another certificate",
        "expired signer",
        "no OCSP signer",
        "cut off",
        "flipped",
        "long",
    ],
)
def test_anything_else_is_no_proof(scene: Scene, wrong: str) -> None:
    """Then there is none, and the receipt says so."""
    match wrong:
        case "another CA's":
            scene.say(signing=CertificateAuthority("Demo Zorgverzekeraars CA"))
        case "good":
            scene.say(status=ocsp.OCSPCertStatus.GOOD)
        case "another moment":
            scene.say(revoked_at=scene.now - timedelta(seconds=1))
        case "another certificate":
            scene.say(certificate=scene.authority.issue("Andere BV", scene.now))
        case "expired signer":
            scene.say(delegate=scene.authority.delegate(scene.now - 20 * DAY, 10 * DAY))
        case "no OCSP signer":
            leaf_key = scene.authority.delegate(scene.now)[0]
            scene.say(delegate=(leaf_key, scene.authority.issue("Zorg BV", scene.now, key=leaf_key)))
        case _:
            scene.say()
            octets = scene.responder.octets
            flipped = octets[:-700] + bytes([octets[-700] ^ 1]) + octets[-699:]
            scene.responder.octets = {"cut off": octets[:-9], "flipped": flipped, "long": octets + bytes(70_000)}[wrong]
    assert scene.ask() is None


def test_nobody_there_is_no_proof(scene: Scene) -> None:
    """A responder that does not answer, on neither address."""
    nowhere = ServiceAddress(public="http://127.0.0.1:9/ocsp", here="http://127.0.0.1:9/ocsp")
    assert ask_ocsp(ServiceClient(nowhere), scene.authority.certificate, 1, scene.now) is None
