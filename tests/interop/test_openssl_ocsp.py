"""`openssl ocsp` as the relying party of a responder that runs as a process: good before, and revoked after."""

import base64
import re
import shutil
import subprocess
import urllib.parse
from collections.abc import Callable
from datetime import datetime

import pytest

from pki_revocation.reasons import RevocationReason
from tests.conformance.scene import CLOCK
from tests.conformance.wire import Wire
from tests.interop.relying_party import RelyingParty
from tests.pki import CertificateAuthority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt install openssl")

HASHES = ["-sha1", "-sha256", "-sha384", "-sha512"]
# openssl sends a nonce of 16 octets by itself.
NONCES = [["-nonce"], ["-no_nonce"], []]
# How a client may write the base64 into the path (RFC 6960 A.1).
FORMS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "percent-encoded": lambda text: urllib.parse.quote(text, safe=""),
    "base64url": lambda text: text.replace("+", "-").replace("/", "_").rstrip("="),
    "slash in front": lambda text: f"/{text}",
}
_TRUST = ["-CAfile", "root.pem", "-verify_other", "issuing.pem"]


def openssl(party: RelyingParty, *arguments: str) -> str:
    """What `openssl ocsp` says, on both streams."""
    done = subprocess.run(
        ["openssl", "ocsp", *arguments], cwd=party.folder, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


def ask(party: RelyingParty, *arguments: str) -> str:
    """Over POST, with every check that openssl has, trusting the root."""
    return openssl(party, "-url", party.scene.url, "-issuer", "issuing.pem", *_TRUST, *arguments)


def get(party: RelyingParty, certificate: str, form: Callable[[str], str]) -> str:
    """Over GET: openssl writes the request, the socket carries it, openssl judges the octets of the answer."""
    asked = ["-issuer", "issuing.pem", "-sha256", "-cert", certificate]
    openssl(party, *asked, "-no_nonce", "-reqout", "request.der")
    encoded = base64.b64encode((party.folder / "request.der").read_bytes()).decode()
    with Wire(party.scene.url) as wire:
        reply = wire.get(form(encoded))
    assert reply.status == 200
    (party.folder / "answer.der").write_bytes(reply.body)
    return openssl(party, "-respin", "answer.der", *asked, *_TRUST)


def written(moment: datetime) -> str:
    """As openssl writes a moment."""
    return f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S %Y} GMT"


@pytest.mark.parametrize("nonce", NONCES, ids=["nonce", "no nonce", "as it is"])
@pytest.mark.parametrize("digest", HASHES)
def test_good_then_revoked(party: RelyingParty, digest: str, nonce: list[str]) -> None:
    """RFC 6960 section 2.2 by POST: verified, good, and after the revocation revoked with its time and reason."""
    name = f"openssl{digest}{''.join(nonce)}"
    certificate = party.issued(name)

    before = ask(party, digest, *nonce, "-cert", certificate)
    moment = party.revoke(name, RevocationReason.KEY_COMPROMISE)
    after = ask(party, digest, *nonce, "-cert", certificate)

    for said in (before, after):
        assert "Response verify OK" in said
        assert "WARNING" not in said
        assert "Next Update" in said
    assert f"{certificate}: good" in before
    assert f"{certificate}: revoked" in after
    assert "Reason: keyCompromise" in after
    assert f"Revocation Time: {written(moment)}" in after


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_get(party: RelyingParty, form: Callable[[str], str]) -> None:
    """The same by GET (RFC 6960 A.1), without a reason where none was given."""
    name = f"openssl-get-{list(FORMS.values()).index(form)}"
    certificate = party.issued(name)

    before = get(party, certificate, form)
    moment = party.revoke(name)
    after = get(party, certificate, form)

    assert "Response verify OK" in before
    assert f"{certificate}: good" in before
    assert "Response verify OK" in after
    assert f"{certificate}: revoked" in after
    assert f"Revocation Time: {written(moment)}" in after
    assert "Reason" not in after


def test_several_certificates_at_once(party: RelyingParty) -> None:
    """One answer for each, in order, one of them unknown to the register (RFC 6960 section 4.2.2.3)."""
    good, revoked = party.issued("openssl-several-good"), party.issued("openssl-several-revoked")
    party.revoke("openssl-several-revoked")

    said = ask(party, "-sha256", "-cert", good, "-serial", "0x1234", "-cert", revoked)

    assert "Response verify OK" in said
    assert re.search(rf"{good}: good.*0x1234: unknown.*{revoked}: revoked", said, re.DOTALL)


def test_issuing_ca_itself(party: RelyingParty) -> None:
    """RFC 6960 section 4.2.2.2: the root's certificate for the issuing CA, answered by the root's own signer."""
    said = openssl(party, "-url", party.scene.url, "-issuer", "root.pem", "-cert", "issuing.pem", "-CAfile", "root.pem")

    assert "Response verify OK" in said
    assert "issuing.pem: good" in said


def test_foreign_issuer_is_unauthorized(party: RelyingParty) -> None:
    """RFC 9919 section 3.2.3: the refusal that openssl names."""
    other = CertificateAuthority("Vreemde CA")
    issuer = party.keep("foreign", other.certificate)
    name = party.keep("theirs", other.issue("Zorg BV", CLOCK.now()))

    said = openssl(party, "-url", party.scene.url, "-issuer", issuer, "-cert", name, "-CAfile", "root.pem")

    assert "Responder Error: unauthorized (6)" in said


def test_signed_request_is_answered(party: RelyingParty) -> None:
    """RFC 9919 section 3.1.2: the signature is passed over, and the answer is the same."""
    name = party.issued("openssl-signed")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
         "/CN=asker", "-keyout", "asker-key.pem", "-out", "asker.pem"],
        cwd=party.folder, check=True, capture_output=True,
    )  # fmt: skip

    said = ask(party, "-cert", name, "-signer", "asker.pem", "-signkey", "asker-key.pem")

    assert "Response verify OK" in said
    assert f"{name}: good" in said
