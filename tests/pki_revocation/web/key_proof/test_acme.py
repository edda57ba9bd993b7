"""The subset of ACME that revokes: what RFC 8555 says of directory, nonces, errors and revokeCert."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from werkzeug.test import TestResponse

from pki_revocation.config.settings import WebSettings
from pki_revocation.encoding.possession.json_web_key import from_base64url, to_base64url
from pki_revocation.model import Channel
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from pki_revocation.web.app import create_app
from tests.fakes import FakeClock
from tests.key_proofs import key_of, signed
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.conftest import SESSION_KEY, Journal
from tests.subscribers import Subscriber

ROOT = "http://127.0.0.1:8460/acme"
REVOKE = f"{ROOT}/revoke-cert"
JWS = "application/jose+json"


def new_nonce(app: Flask) -> str:
    """A nonce as clients ask for one."""
    answer = app.test_client().head("/acme/new-nonce")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    return answer.headers["Replay-Nonce"]


def request_for(
    app: Flask,
    subscriber: Subscriber,
    key: CertificateIssuerPrivateKeyTypes,
    payload: Mapping[str, object] | None = None,
    **header: object,
) -> bytes:
    """A good request, with other header members or another payload where given."""
    algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
    said = {"certificate": to_base64url(subscriber.certificate.der or b""), **(payload or {})}
    return signed(key, algorithm, said, **({"url": REVOKE, "nonce": new_nonce(app)} | header))


def revoke(app: Flask, body: bytes, content_type: str = JWS) -> TestResponse:
    """Send it; the answer to every POST brings a nonce, and says where the directory is."""
    answer = app.test_client().post("/acme/revoke-cert", data=body, content_type=content_type)
    assert len(from_base64url(answer.headers["Replay-Nonce"], "nonce")) == 40
    assert answer.headers["Link"] == f'<{ROOT}/directory>;rel="index"'
    return answer


def error(answer: TestResponse) -> tuple[int, str]:
    """Status and the last word of the problem's type."""
    assert answer.mimetype == "application/problem+json"
    document = json.loads(answer.data)
    assert document.keys() == {"type", "detail", "status"}
    assert document["status"] == answer.status_code
    kind: str = document["type"]
    assert kind.startswith("urn:ietf:params:acme:error:")
    return answer.status_code, kind.rpartition(":")[2]


def test_directory_names_everything(app: Flask) -> None:
    """RFC 8555 section 7.1.1: every address that it asks for, and a page for people."""
    answer = app.test_client().get("/acme/directory")

    assert answer.mimetype == "application/json"
    assert answer.get_json() == {
        "newNonce": f"{ROOT}/new-nonce",
        "newAccount": f"{ROOT}/new-account",
        "newOrder": f"{ROOT}/new-order",
        "keyChange": f"{ROOT}/key-change",
        "revokeCert": REVOKE,
        "meta": {"website": "http://127.0.0.1:8460/key"},
    }


def test_certificates_key_revokes(
    app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey, written: Journal
) -> None:
    """200 with nothing in it; superseded was asked, keyCompromise is recorded; a second time is alreadyRevoked."""
    answer = revoke(app, request_for(app, holder, key, payload={"reason": 4}))

    assert (answer.status_code, answer.data) == (200, b"")
    (entry,) = written.entries()
    assert (entry.channel, entry.reason) == (Channel.KEY, RevocationReason.KEY_COMPROMISE)
    assert error(revoke(app, request_for(app, holder, key))) == (400, "alreadyRevoked")
    assert len(written.entries()) == 1


def test_reason_is_raised(
    app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey, service: RevocationService, written: Journal
) -> None:
    """A certificate that was replaced before is not alreadyRevoked: there is something to add."""
    authenticated = service.authenticate(holder.number, holder.code)
    service.revoke(authenticated, RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.PAGE))

    assert revoke(app, request_for(app, holder, key)).status_code == 200
    assert written.entries()[-1].reason is RevocationReason.KEY_COMPROMISE


def test_nonce_counts_once_on_all_workers(
    app: Flask,
    holder: Subscriber,
    key: ec.EllipticCurvePrivateKey,
    service: RevocationService,
    clock: FakeClock,
    written: Journal,
) -> None:
    """Another worker with the same session key knows it, and that it was used; an hour later it is over."""
    other = create_app(service=service, settings=WebSettings(), session_key=SESSION_KEY, clock=clock)
    nonce = new_nonce(app)
    old = new_nonce(app)
    assert revoke(other, request_for(app, holder, key, nonce=nonce)).status_code == 200
    for each in (app, other):
        assert error(revoke(each, request_for(app, holder, key, nonce=nonce))) == (400, "badNonce")
    clock.advance(timedelta(hours=1, seconds=1))
    assert error(revoke(app, request_for(app, holder, key, nonce=old))) == (400, "badNonce")
    stranger = create_app(service=service, settings=WebSettings(), session_key="ab" * 32, clock=clock)
    for wrong in (new_nonce(stranger), "AAAA", "?", to_base64url(bytes(40))):
        assert error(revoke(app, request_for(app, holder, key, nonce=wrong))) == (400, "badNonce")
    assert error(revoke(app, signed(key, "ES256", _payload(holder), url=REVOKE))) == (400, "badNonce")
    assert len(written.entries()) == 1


def _payload(subscriber: Subscriber) -> dict[str, object]:
    return {"certificate": to_base64url(subscriber.certificate.der or b"")}


def test_refusals(
    app: Flask,
    holder: Subscriber,
    key: ec.EllipticCurvePrivateKey,
    authority: CertificateAuthority,
    clock: FakeClock,
    written: Journal,
    subtests: pytest.Subtests,
) -> None:
    """Each with the error type that RFC 8555 section 6.7 has for it; nothing is revoked."""
    foreign = CertificateAuthority("Foreign CA").issue("Zorg BV", clock.now(), key=key)
    encoded = to_base64url(foreign.public_bytes(Encoding.DER))
    table = {
        "an account": (request_for(app, holder, key, kid=f"{ROOT}/acct/1"), (403, "unauthorized")),
        "another key": (request_for(app, holder, key_of("rsa2048")), (403, "unauthorized")),
        "another address": (request_for(app, holder, key, url=f"{ROOT}/new-order"), (403, "unauthorized")),
        "not ours": (request_for(app, holder, key, payload={"certificate": encoded}), (404, "malformed")),
        "no certificate": (request_for(app, holder, key, payload={"certificate": "AAAA"}), (400, "malformed")),
        "a PEM": (request_for(app, holder, key, payload={"certificate": "-----BEGIN"}), (400, "malformed")),
        "a hold": (request_for(app, holder, key, payload={"reason": 6}), (400, "badRevocationReason")),
        "reason 42": (request_for(app, holder, key, payload={"reason": 42}), (400, "badRevocationReason")),
        "reason true": (request_for(app, holder, key, payload={"reason": True}), (400, "badRevocationReason")),
        "reason in words": (request_for(app, holder, key, payload={"reason": "x"}), (400, "badRevocationReason")),
        "a reason in a list": (request_for(app, holder, key, payload={"reason": [1]}), (400, "badRevocationReason")),
        "no JWS": (b"{}", (400, "malformed")),
        "too long": (b"a" * 30_000, (413, "malformed")),
    }
    for what, (body, expected) in table.items():
        with subtests.test(what):
            assert error(revoke(app, body)) == expected
    assert error(revoke(app, request_for(app, holder, key), "application/json")) == (415, "malformed")
    assert written.entries() == []


def test_expired_certificate(
    app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey, clock: FakeClock, written: Journal
) -> None:
    """An operator may revoke it; a client is told."""
    clock.advance(timedelta(days=366))

    assert error(revoke(app, request_for(app, holder, key))) == (403, "unauthorized")
    assert written.entries() == []


@pytest.mark.parametrize("address", ["new-account", "new-order", "key-change"])
def test_accounts_are_refused_with_what_to_do(app: Flask, address: str) -> None:
    """Whatever a client sends: it shows its user the sentence."""
    answer = app.test_client().post(f"/acme/{address}", data=b"{}", content_type=JWS)

    assert error(answer) == (403, "unauthorized")
    assert "certbot revoke --cert-path" in json.loads(answer.data)["detail"]
    assert answer.headers["Replay-Nonce"]


def test_database_that_is_gone(unreachable_app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey) -> None:
    """503 with the time to come again; nothing of our inside."""
    answer = revoke(unreachable_app, request_for(unreachable_app, holder, key))

    assert error(answer) == (503, "serverInternal")
    assert answer.headers["Retry-After"] == "30"
    assert "gone" not in answer.text


def test_certificate_that_the_library_does_not_read(
    app: Flask, holder: Subscriber, key: ec.EllipticCurvePrivateKey
) -> None:
    """Its key and serial are read of its octets: other extensions than those we know of make no difference."""
    der = holder.certificate.der or b""
    assert x509.load_der_x509_certificate(der).serial_number == holder.certificate.serial
    octets = der.replace(bytes.fromhex("0603551d11"), bytes.fromhex("0603551d0e"))
    body = request_for(app, holder, key, payload={"certificate": to_base64url(octets)})
    assert revoke(app, body).status_code == 200
