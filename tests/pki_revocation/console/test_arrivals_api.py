"""POST /api/v1/certificates: who may, what is taken, and that the same again is the same."""

import json
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from pki_revocation.audit import verify_chain
from pki_revocation.console.app import create_app
from pki_revocation.console.arrivals_api import LONGEST_BODY
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificates
from pki_revocation.encoding.der import tlv
from pki_revocation.model import Issuer, serial_text
from pki_revocation.register import api_tokens
from pki_revocation.register.barred import write_bars
from pki_revocation.register.certificate_keys import hashes_of_certificate
from pki_revocation.register.certificates import certificate_with_number
from pki_revocation.register.compromised_keys import CompromisedKey, KeySource, list_keys
from pki_revocation.register.issuer_changes import IssuerChanges
from pki_revocation.register.letter_recipients import recipient_of
from pki_revocation.subscribers import contacts
from pki_revocation.subscribers.contacts import Contact
from pki_revocation.subscribers.recipients import Recipient
from tests.fakes import FakeClock
from tests.odd_authorities import ODD_NAMES, OddAuthority
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.crafted_certificates import POISON, SUBJECT, TIMESTAMPS, crafted
from tests.pki_revocation.importing.rows import pem, with_serial

PATH = "/api/v1/certificates"
Post = Callable[..., TestResponse]


@pytest.fixture
def app(database: Database, clock: FakeClock) -> Flask:
    """The console on the test's database."""
    return create_app(database=database, clock=clock)


@pytest.fixture
def token(database: Database, clock: FakeClock) -> str:
    """A token that counts."""
    with database.write() as connection:
        return api_tokens.issue(connection, "ca-1", clock)[1]


@pytest.fixture
def post(app: Flask, token: str, issuer: Issuer) -> Post:
    """Sends a body with the token."""

    def send(body: bytes, kind: str = "application/x-pem-file") -> TestResponse:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        return app.test_client().post(PATH, data=body, headers=headers)

    return send


@pytest.fixture
def certificate(authority: CertificateAuthority, clock: FakeClock) -> x509.Certificate:
    """One that was issued just now."""
    return authority.issue("Zorg BV", clock.now())


def registered(database: Database) -> int:
    """How many certificates there are."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(certificates)).scalar_one()


def test_certificate_is_registered_and_again_is_the_same(
    post: Post, certificate: x509.Certificate, database: Database
) -> None:
    """201 first, 200 after, with one answer; the audit trail says who brought it, once."""
    first, second = post(pem(certificate)), post(pem(certificate))

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert first.json is not None
    assert first.json["serial"] == serial_text(certificate.serial_number)
    assert (first.json["status"], first.json["issuer"], len(first.json["number"])) == ("registered", "issuing", 12)
    assert first.headers["Cache-Control"] == "no-store"
    with database.read() as connection:
        details = connection.execute(select(audit.c.detail).where(audit.c.event == "certificates.imported")).scalars()
        assert [json.loads(detail)["token"] for detail in details] == ["ca-1"]
        verify_chain(connection)


def test_compromised_key_is_said_in_the_answer(
    post: Post, certificate: x509.Certificate, database: Database, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The CA that brings it should not have issued it (BR 6.1.1.3): it is registered, and its answer warns."""
    (sha256, *_) = hashes_of_certificate(certificate.public_bytes(Encoding.DER))
    with database.write() as connection:
        list_keys(connection, [CompromisedKey(sha256=sha256, since=clock.now(), source=KeySource.LIST, note="a")])

    answer = post(pem(certificate))

    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["key_compromised_since"] == "2026-11-23T14:03:22Z"
    assert "revoke it within 24 hours" in answer.json["warning"]
    assert "its key is known to be compromised" in caplog.text


def test_der_and_json_are_taken_too(
    post: Post, authority: CertificateAuthority, clock: FakeClock, database: Database
) -> None:
    """DER as it is; JSON says in which language and to which address the letter goes."""
    one, two = authority.issue("Een", clock.now()), authority.issue("Twee", clock.now())
    document = {"certificate": pem(two).decode(), "language": "en", "address": ["Postbus 1", "1234 AB  Utrecht"]}

    assert post(one.public_bytes(Encoding.DER), "application/pkix-cert").status_code == 201
    answer = post(json.dumps(document).encode(), "application/json")

    assert answer.status_code == 201
    assert answer.json is not None
    with database.read() as connection:
        found = certificate_with_number(connection, answer.json["number"])
        assert found is not None
        recipient = recipient_of(connection, found.id)
    assert recipient == Recipient(language="en", address=("Postbus 1", "1234 AB Utrecht"))
    assert post(json.dumps(document).encode(), "application/json").status_code == 200
    changed = post(json.dumps(document | {"language": "nl"}).encode(), "application/json")
    assert changed.status_code == 409
    assert "another language or address" in changed.text


def test_precertificate_and_certificate_are_one_answer(
    post: Post, authority: CertificateAuthority, certificate: x509.Certificate, database: Database
) -> None:
    """RFC 6962 section 3.1: 201 and 200 in either order, one number, and the certificate is what is kept."""
    ders = [crafted(authority, certificate, extensions=[each]) for each in (POISON, TIMESTAMPS)]

    sent = [post(ders[place], "application/pkix-cert") for place in (0, 1, 0)]

    assert [each.status_code for each in sent] == [201, 200, 200]
    assert len({each.text for each in sent}) == 1
    with database.read() as connection:
        assert connection.execute(select(certificates.c.der)).scalars().all() == [ders[1]]


def test_barred_serial_is_a_conflict(
    post: Post, certificate: x509.Certificate, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """409 with the sentence that barred it; nothing is registered."""
    with database.write() as connection:
        bar = (certificate.serial_number, "hold", "index.txt, line 1: It is on hold.")
        write_bars(connection, issuer.id, [bar], clock.now())

    refused = post(pem(certificate))

    assert refused.status_code == 409
    assert "is barred, and does not come in as live (index.txt, line 1: It is on hold.)" in refused.text
    assert registered(database) == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings_of_pem(post: Post, certificate: x509.Certificate, encoding: str) -> None:
    """As Windows writes it."""
    assert post(pem(certificate).decode().encode(encoding)).status_code == 201


def test_odd_certificates_are_no_errors_of_ours(post: Post, authority: CertificateAuthority, clock: FakeClock) -> None:
    """What the issuer signed is registered, with any serial; what it did not sign is 422."""
    plain = authority.issue("Zorg BV", clock.now())
    odd = crafted(authority, plain, {SUBJECT: tlv(0x0C, b"zorg")})

    assert post(odd, "application/pkix-cert").status_code == 201
    answer = post(with_serial(authority, plain, b"\xe8"), "application/pkix-cert")
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["serial"] == "-18"
    assert post(odd[:-1] + b"\0", "application/pkix-cert").status_code == 422
    assert post(odd[:-1], "application/pkix-cert").status_code == 422


def test_contact_comes_with_the_certificate(post: Post, certificate: x509.Certificate, database: Database) -> None:
    """Mail goes there from then on, in the letter's language; another is a conflict, and one that is none is said."""
    document = {"certificate": pem(certificate).decode(), "language": "en", "email": "beheer@zorg.example"}
    unfit = post(json.dumps(document | {"email": "nobody"}).encode(), "application/json")
    assert (unfit.status_code, registered(database)) == (422, 0)
    assert "e-mail address cannot be used" in unfit.text

    answer = post(json.dumps(document).encode(), "application/json")

    assert answer.status_code == 201
    assert answer.json is not None
    with database.read() as connection:
        found = contacts.of_number(connection, answer.json["number"])
        details = connection.execute(select(audit.c.detail)).scalars().all()
    assert found == Contact(email="beheer@zorg.example", language="en")
    assert "beheer" not in "".join(details)
    assert post(json.dumps(document).encode(), "application/json").status_code == 200
    changed = post(json.dumps(document | {"email": "ander@zorg.example"}).encode(), "application/json")
    assert changed.status_code == 409
    assert "another contact" in changed.text
    assert "zorg.example" not in changed.text
    assert post(json.dumps(document | {"email": 1}).encode(), "application/json").status_code == 422


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp5", f"Bearer prt_{'0' * 12}_{'0' * 64}"])
def test_without_a_token_nothing_is_taken(
    app: Flask, issuer: Issuer, certificate: x509.Certificate, database: Database, header: str | None
) -> None:
    """401 with WWW-Authenticate, and nothing registered; the answer never differs."""
    headers = {"Content-Type": "application/x-pem-file"} | ({} if header is None else {"Authorization": header})
    answer = app.test_client().post(PATH, data=pem(certificate), headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"
    assert registered(database) == 0


def test_withdrawn_token_opens_nothing(
    post: Post, certificate: x509.Certificate, database: Database, clock: FakeClock
) -> None:
    """From the next request on."""
    with database.write() as connection:
        api_tokens.withdraw(connection, "ca-1", clock)

    assert post(pem(certificate)).status_code == 401
    assert registered(database) == 0


def test_what_is_wrong_with_a_certificate_is_said(
    post: Post, certificate: x509.Certificate, clock: FakeClock, database: Database
) -> None:
    """Another CA's, none at all, two at once, a key beside it: one sentence each, and nothing registered."""
    foreign = CertificateAuthority("Elders CA").issue("Zorg BV", clock.now())
    whole = pem(certificate)
    for body, kind, status, says in (
        (pem(foreign), "application/x-pem-file", 422, "not registered"),
        (b"x", "application/x-pem-file", 400, "no certificate"),
        (whole + whole, "application/x-pem-file", 400, "one certificate alone"),
        (whole[:200], "application/x-pem-file", 422, "no certificate"),
        (b"\x30\x03\x02\x01\x00", "application/pkix-cert", 422, "no certificate"),
        (b"{", "application/json", 400, "not JSON"),
        (b"[]", "application/json", 400, "not a JSON object"),
        (b'{"certificate": "x", "certificate": "y"}', "application/json", 400, "twice"),
        (b'{"certificate": 1}', "application/json", 422, "certificate"),
        (b'{"certificate": "x", "colour": "red"}', "application/json", 422, "colour"),
        (b'{"certificate": "x", "language": "fr"}', "application/json", 422, "language"),
        (b'{"certificate": "x", "address": "Utrecht"}', "application/json", 422, "address"),
        (whole, "text/html", 415, "application/x-pem-file"),
        (b"x" * (LONGEST_BODY + 1), "application/x-pem-file", 413, str(LONGEST_BODY)),
    ):
        answer = post(body, kind)
        assert answer.status_code == status, (body[:40], answer.text)
        assert answer.mimetype == "application/problem+json"
        assert answer.json is not None
        assert says in answer.json["detail"]
        assert answer.json["status"] == status
    assert registered(database) == 0


def test_serial_that_was_given_twice_is_a_conflict(
    post: Post, authority: CertificateAuthority, clock: FakeClock, database: Database
) -> None:
    """Two certificates with one serial: the second is not taken for a repeat."""
    assert post(pem(authority.issue("Een", clock.now(), serial=77))).status_code == 201

    answer = post(pem(authority.issue("Twee", clock.now(), serial=77)))

    assert answer.status_code == 409
    assert "one serial twice" in answer.text
    assert registered(database) == 1


def test_other_methods_and_addresses(app: Flask) -> None:
    """405 with Allow, 404, both as problem documents."""
    client = app.test_client()
    assert "POST" in client.get(PATH).headers["Allow"]
    assert client.get(PATH).mimetype == client.post("/api/v1/nothing").mimetype == "application/problem+json"
    assert (client.get(PATH).status_code, client.post("/api/v1/nothing").status_code) == (405, 404)


@pytest.mark.parametrize("name", ["Latin-1 in UTF8String", "an INTEGER", "a SEQUENCE"])
def test_issuer_with_an_odd_name_stops_no_other(
    post: Post, certificate: x509.Certificate, database: Database, clock: FakeClock, name: str
) -> None:
    """Once it is registered, certificates of the others and its own come in as before."""
    odd = OddAuthority(ODD_NAMES[name])
    with database.write() as connection:
        IssuerChanges(clock).add(connection, odd.certificate, name="odd", makes_default=False)
    answers = [post(pem(certificate)), post(pem(odd.issue(clock.now())))]

    assert [each.status_code for each in answers] == [201, 201]
    assert [(each.json or {}).get("issuer") for each in answers] == ["issuing", "odd"]
    unknown = post(pem(OddAuthority(ODD_NAMES["NULL"]).issue(clock.now())))
    assert unknown.status_code == 422
    assert "CN=#0500" in unknown.text
