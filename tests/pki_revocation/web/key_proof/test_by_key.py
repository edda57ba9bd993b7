"""POST /api/v1/revocations/by-key and GET /api/v1/compromised-keys: answers, problems, and no flood."""

import json
import logging
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from werkzeug.test import TestResponse

from pki_revocation.config.settings import WebSettings
from pki_revocation.encoding.possession.making import make_csr_proof, make_jws_proof
from pki_revocation.model import Channel, serial_text
from pki_revocation.rate_limiting.client_address import TrustedProxies
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from pki_revocation.web.app import PageServices, create_app
from tests.fakes import FakeClock
from tests.key_proofs import URL, key_of, said, signed
from tests.pki_revocation.web.conftest import SESSION_KEY, Journal
from tests.pki_revocation.web.test_api import problem
from tests.subscribers import Subscriber

PATH = "/api/v1/revocations/by-key"
JWS, CSR = "application/jose+json", "application/pkcs10"


def post(app: Flask, body: bytes, content_type: str = JWS, **headers: str) -> TestResponse:
    """Send a body."""
    return app.test_client().post(PATH, data=body, content_type=content_type, headers=headers)


def test_jws_revokes_with_key_compromise_whatever_was_asked(
    app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey, clock: FakeClock, written: Journal
) -> None:
    """One request, no code: the answer has exactly these members, and a repeat says so and changes nothing."""
    proof = signed(key, "ES256", said(clock.now(), reason="superseded"))
    response = post(app, proof)

    (entry,) = written.entries()
    answer = response.get_json()
    (certificate,) = answer.pop("certificates")
    receipt = certificate.pop("receipt_url")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert answer.keys() == {"key_sha256"}
    assert certificate == {
        "result": "revoked",
        "serial": serial_text(holder.certificate.serial),
        "issuer": "issuing",
        "revoked_at": "2026-11-23T14:03:22Z",
        "reason": "keyCompromise",
        "reference": entry.reference,
        "sequence": 1,
    }
    assert app.test_client().get(receipt.removeprefix("http://127.0.0.1:8460")).status_code == 200
    assert (entry.channel, entry.reason) == (Channel.KEY, RevocationReason.KEY_COMPROMISE)
    clock.advance(timedelta(minutes=1))
    again = post(app, proof).get_json()["certificates"]
    assert again == [certificate | {"result": "repeated", "receipt_url": receipt}]
    assert len(written.entries()) == 1


def test_request_as_proof_raises_a_reason(
    app: Flask,
    holder: Subscriber,
    key: ec.EllipticCurvePrivateKey,
    service: RevocationService,
    clock: FakeClock,
    written: Journal,
) -> None:
    """A certification request in PEM, of a certificate that was revoked before: the time stays."""
    authenticated = service.authenticate(holder.number, holder.code)
    service.revoke(authenticated, RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.PAGE))
    clock.advance(timedelta(days=200))

    (certificate,) = post(app, make_csr_proof(key), CSR).get_json()["certificates"]

    assert (certificate["result"], certificate["revoked_at"]) == ("reason-raised", "2026-11-23T14:03:22Z")
    assert written.entries()[-1].reason is RevocationReason.KEY_COMPROMISE


def test_expired_certificate_is_named_and_left(
    app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey, clock: FakeClock, written: Journal
) -> None:
    """Its key goes on the list, and an operator may revoke it."""
    clock.advance(timedelta(days=366))

    answer = post(app, make_csr_proof(key), CSR).get_json()

    assert answer["certificates"] == [
        {
            "result": "expired",
            "serial": serial_text(holder.certificate.serial),
            "issuer": "issuing",
            "not_after": "2027-11-23T14:03:22Z",
        }
    ]
    assert written.entries() == []
    assert app.test_client().get(f"/api/v1/compromised-keys/{answer['key_sha256']}").status_code == 200


def test_issuers_ask_about_a_key(
    app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey, clock: FakeClock
) -> None:
    """404 that nobody keeps until it is proven; then since when and how it is known, which may be kept for an hour."""
    client, sha256 = app.test_client(), None
    unknown = client.get(f"/api/v1/compromised-keys/{'0' * 64}")
    assert problem(unknown)["type"].endswith(":key-not-listed")
    assert unknown.status_code == 404
    assert unknown.headers["Cache-Control"] == "no-store"
    sha256 = post(app, make_jws_proof(key, URL, clock.now())).get_json()["key_sha256"]

    for text in (sha256, sha256.upper()):
        known = client.get(f"/api/v1/compromised-keys/{text}")
        assert known.status_code == 200
        assert known.get_json() == {"key_sha256": sha256, "since": "2026-11-23T14:03:22Z", "source": "proof"}
        assert known.headers["Cache-Control"] == "public, max-age=3600"
    for text in (sha256[1:], f"{sha256}0", "x" * 64):
        refused = client.get(f"/api/v1/compromised-keys/{text}")
        assert (refused.status_code, problem(refused)["type"]) == (400, "urn:pki-revocation:problem:no-key-hash")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "name"),
    [
        (b"{}", JWS, 400, "malformed-proof"),
        (b"", JWS, 400, "malformed-proof"),
        (b"", CSR, 400, "malformed-proof"),
        (b"\xff\xfe", JWS, 400, "malformed-proof"),
        (b"-----BEGIN CERTIFICATE REQUEST-----", CSR, 400, "malformed-proof"),
        (signed(key_of("p256"), "ES256", {"purpose": "x"}), JWS, 403, "proof-refused"),
        (make_csr_proof(key_of("p384")), CSR, 404, "unknown-key"),
        (make_csr_proof(key_of("p384")), "application/json", 415, "unsupported-media-type"),
        (make_csr_proof(key_of("p384")), "text/plain", 415, "unsupported-media-type"),
        (b"a" * 24577, CSR, 413, "too-large"),
    ],
)
def test_problems(
    app: Flask, holder: Subscriber, written: Journal, body: bytes, content_type: str, status: int, name: str
) -> None:
    """Each is one document, and nothing is written."""
    response = post(app, body, content_type)

    assert (response.status_code, problem(response)["type"]) == (status, f"urn:pki-revocation:problem:{name}")
    assert written.entries() == []


def test_private_key_is_never_taken(
    app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey, written: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it is sent as; and it stands neither in the answer nor in the log."""
    caplog.set_level(logging.DEBUG)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secret = pem.splitlines()[1].decode()
    for content_type in (JWS, CSR):
        response = post(app, pem, content_type)
        assert (response.status_code, problem(response)["type"]) == (422, "urn:pki-revocation:problem:private-key-sent")
        assert secret not in response.text
    assert secret not in caplog.text
    assert written.entries() == []


def test_longest_proofs_fit(app: Flask) -> None:
    """A post-quantum key's request is longer than what the page takes otherwise."""
    body = make_csr_proof(key_of("mldsa65"))
    assert len(body) > 4096
    assert post(app, body, CSR).status_code == 404


def test_other_methods_and_addresses(app: Flask) -> None:
    """Nothing is revoked by looking."""
    answer = app.test_client().get(PATH)
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"OPTIONS", "POST"})
    assert app.test_client().post("/api/v1/compromised-keys/" + "0" * 64).status_code == 405


def test_flood_is_slowed_down_by_its_source(service: RevocationService, clock: FakeClock) -> None:
    """The sixth in a minute is answered 429 before it is looked at; another source is not, and no certificate waits."""
    app = create_app(
        service=service,
        settings=WebSettings(),
        session_key=SESSION_KEY,
        clock=clock,
        proxies=TrustedProxies.from_text("127.0.0.1"),
        services=PageServices(proofs_per_minute=5),
    )
    for _ in range(5):
        assert post(app, b"{}", **{"X-Forwarded-For": "192.0.2.7"}).status_code == 400
    denied = post(app, b"{}", **{"X-Forwarded-For": "192.0.2.7"})

    assert (denied.status_code, problem(denied)["type"]) == (429, "urn:pki-revocation:problem:too-many-proofs")
    assert 1 <= int(denied.headers["Retry-After"]) <= 12
    assert json.loads(denied.data)["title"] == "Too many proofs came from your address"
    assert post(app, b"{}", **{"X-Forwarded-For": "192.0.2.8"}).status_code == 400
