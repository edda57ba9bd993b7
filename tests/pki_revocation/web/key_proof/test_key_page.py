"""The page for who has the private key: a proof, what it would revoke, one button, what was done; without script."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask

from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.encoding.possession.making import make_csr_proof, make_jws_proof
from pki_revocation.model import Channel, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.key_proofs import URL, key_of, said, signed
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.conftest import Journal
from tests.pki_revocation.web.test_headers import EVERYWHERE
from tests.subscribers import Subscriber, enrol

Key = ec.EllipticCurvePrivateKey


def prove(browser: Browser, proof: bytes, address: str = "/key") -> str:
    """Open the page and send a proof as text; the text of what is shown then."""
    browser.get(address)
    answer = browser.post("/key", {**browser.hidden(), "proof": proof.decode()})
    return browser.get(answer.headers["Location"]).text if answer.status_code == 303 else answer.text


def test_whole_way(
    browser: Browser, holder: Subscriber, key: Key, written: Journal, service: RevocationService, clock: FakeClock
) -> None:
    """Nothing is revoked before the one button of the second step; each POST answers with an address to look at."""
    shown = prove(browser, make_csr_proof(key))
    assert "Nothing has been revoked yet" in shown
    assert "zorg-bv.example" in shown
    assert shown.count('type="submit"') == 1
    assert re.findall(r'<(?:input|textarea|select)(?! type="hidden")', shown) == []
    assert written.entries() == []
    # Looked at again, and in another tab.
    assert "Nothing has been revoked yet" in browser.get("/key/check").text
    answer = browser.post("/key/check", browser.hidden())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/key/done")
    done = browser.get("/key/done").text
    (entry,) = written.entries()
    assert (entry.channel, entry.reason) == (Channel.KEY, RevocationReason.KEY_COMPROMISE)
    assert entry.reference in done
    (receipt,) = re.findall(r'class="receipt" href="http://127\.0\.0\.1:8460([^"]+)"', done)
    assert browser.get(receipt).status_code == 200
    # A reload looks again, and the button once more does nothing.
    assert entry.reference in browser.get("/key/done").text
    prove(browser, make_csr_proof(key))
    assert "There is nothing left to revoke" in browser.seen[-1].text
    assert 'type="submit"' not in browser.seen[-1].text
    assert len(written.entries()) == 1


def test_jws_and_file_are_taken(browser: Browser, holder: Subscriber, key: Key, clock: FakeClock) -> None:
    """What our program makes, as text; and any proof as a file, which a browser lets one drop onto the field."""
    assert "Nothing has been revoked yet" in prove(browser, make_jws_proof(key, URL, clock.now()))
    browser.get("/key")
    fields = {**browser.hidden(), "proof": "", "file": (BytesIO(make_csr_proof(key)), "proof.pem")}
    sent = browser.client.post("/key", base_url=browser.base_url, data=fields, headers=browser.headers)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/key/check")


def test_all_certificates_are_shown_with_what_becomes_of_them(
    browser: Browser,
    holder: Subscriber,
    key: Key,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
    service: RevocationService,
    written: Journal,
) -> None:
    """One that is live, one whose reason is raised, one that expired; and done, each says how it is now."""
    replaced, over = (
        enrol(database, issuer, authority.issue(name, clock.now(), life, key=key), clock, verifier)
        for name, life in (("Replaced BV", timedelta(days=90)), ("Over BV", timedelta(seconds=1)))
    )
    authenticated = service.authenticate(replaced.number, replaced.code)
    service.revoke(authenticated, RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.PAGE))
    clock.advance(timedelta(minutes=10))

    shown = prove(browser, make_csr_proof(key))

    assert sorted(re.findall(r'data-act="(\w+)"', shown)) == ["expired", "raise", "revoke"]
    browser.post("/key/check", browser.hidden())
    done = browser.get("/key/done").text
    assert done.count('class="receipt"') == 2
    assert "This certificate has expired" in done
    assert {each.serial for each in written.entries()} == {holder.certificate.serial, replaced.certificate.serial}
    assert over.certificate.serial not in {each.serial for each in written.entries()}


def test_dutch_address_speaks_dutch(app: Flask, holder: Subscriber, key: Key) -> None:
    """From the first step to the last, also in an English browser."""
    browser = Browser(app)
    first = browser.get("/sleutel").text
    shown = prove(browser, make_csr_proof(key), "/sleutel")
    browser.post("/key/check", browser.hidden())
    done = browser.get("/key/done").text

    for text, says in (
        (first, "Intrekken met de privésleutel"),
        (shown, "Er is nog niets ingetrokken"),
        (done, "De intrekking is vastgelegd"),
    ):
        assert '<html lang="nl">' in text
        assert says in text
    for text in (first, shown, done):
        # Every text has a Dutch one.
        assert not re.search(
            r"\b(the|proof|key|certificate|your)\b", re.sub(r"<pre.*?</pre>|<[^>]+>|proof\.pem|key\.pem", "", text)
        )


@pytest.mark.parametrize(
    ("proof", "says"),
    [
        (b"", "Paste the proof into the field"),
        (b"hello", "not a proof that we can read"),
        (b"{}", "not a proof that we can read"),
        (make_csr_proof(key_of("p384")), "no certificate with this key"),
    ],
)
def test_what_is_no_proof_is_told(
    browser: Browser, holder: Subscriber, written: Journal, proof: bytes, says: str
) -> None:
    """With the text still in the field, and a link to it."""
    text = prove(browser, proof)

    assert browser.seen[-1].status_code == 422
    assert says in text
    assert 'href="#proof"' in text
    assert 'aria-invalid="true"' in text
    if proof:
        assert proof.decode().splitlines()[0] in text.replace("&#34;", '"')
    assert written.entries() == []


def test_old_proof_is_told(browser: Browser, holder: Subscriber, key: Key, clock: FakeClock) -> None:
    """Older than half an hour."""
    assert "This proof does not count" in prove(browser, signed(key, "ES256", said(clock.now() - timedelta(hours=1))))


def test_private_key_is_not_shown_again(browser: Browser, holder: Subscriber, key: Key, written: Journal) -> None:
    """It is told that it must never be sent; the field is empty."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    text = prove(browser, pem)

    assert "This is the private key itself" in text
    assert pem.splitlines()[1].decode() not in text
    assert written.entries() == []


def test_half_an_hour_to_confirm(
    browser: Browser, holder: Subscriber, key: Key, clock: FakeClock, written: Journal
) -> None:
    """Then the proof is asked for again, and nothing was revoked; a ticket that was made up is the same."""
    prove(browser, make_csr_proof(key))
    fields = browser.hidden()
    clock.advance(timedelta(minutes=30, seconds=1))

    for ticket in (fields["ticket"], "made-up", ""):
        answer = browser.post("/key/check", {**fields, "ticket": ticket})
        assert answer.status_code == 400
        assert "The half hour is over" in answer.text
    assert browser.get("/key/check").headers["Location"] == "/key"
    assert browser.get("/key/done").headers["Location"] == "/key"
    assert written.entries() == []


def test_two_tabs_revoke_what_each_showed(
    browser: Browser,
    holder: Subscriber,
    key: Key,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
    written: Journal,
) -> None:
    """A second proof in another tab changes nothing of what the first tab's button does."""
    other_key = ec.generate_private_key(ec.SECP256R1())
    other = enrol(database, issuer, authority.issue("Other BV", clock.now(), key=other_key), clock, verifier)
    prove(browser, make_csr_proof(key))
    first = browser.hidden()
    prove(browser, make_csr_proof(other_key))

    browser.post("/key/check", first)

    assert [each.serial for each in written.entries()] == [holder.certificate.serial]
    assert other.certificate.serial not in {each.serial for each in written.entries()}


def test_forms_of_other_sites_are_refused(browser: Browser, holder: Subscriber, key: Key, written: Journal) -> None:
    """By where the browser says that they come from, and by the token."""
    prove(browser, make_csr_proof(key))
    fields = browser.hidden()
    assert browser.post("/key/check", fields, {"Sec-Fetch-Site": "cross-site"}).status_code == 400
    assert browser.post("/key/check", {**fields, "csrf_token": "x"}).status_code == 400
    assert browser.post("/key", {"proof": "x"}).status_code == 400
    assert written.entries() == []


def test_first_page_leads_here(browser: Browser) -> None:
    """Who cannot get at the letter finds the way."""
    assert 'href="/key"' in browser.get("/revoke").text


@pytest.mark.parametrize("path", ["/key", "/sleutel", "/key/check", "/key/done", "/acme/directory", "/acme/new-nonce"])
def test_every_answer_is_protected(bare_app: Flask, path: str) -> None:
    """As the other pages are, and kept by nobody; none of them needs the database to say so."""
    answer = Browser(bare_app).get(path)

    assert answer.status_code < 400
    assert EVERYWHERE.items() <= dict(answer.headers).items()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
