"""The status of a revocation: what its token opens, what it says, and that it tells strangers nothing."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, update
from werkzeug.test import TestResponse

from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls, journal_heads
from pki_revocation.model import Issuer
from pki_revocation.register.confirmations import ReceiptId
from pki_revocation.web.api_status import POLICY
from pki_revocation.web.tokens import ReceiptTokens
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.conftest import SESSION_KEY, Journal
from tests.pki_revocation.web.test_api import PATH, post, problem
from tests.subscribers import Subscriber, enrol

HOST = "http://127.0.0.1:8460"


def status(app: Flask, answer: dict[str, Any], *, token: str | None = None, path: str | None = None) -> TestResponse:
    """Ask where the answer to a revocation says, with its token."""
    headers = {"Authorization": f"Bearer {token or answer['status_token']}"}
    return app.test_client().get(path or answer["status_url"].removeprefix(HOST), headers=headers)


@pytest.fixture
def revoked(app: Flask, subscriber: Subscriber) -> dict[str, Any]:
    """The answer to a revocation."""
    document = {"number": subscriber.number, "code": subscriber.code, "reason": "superseded"}
    answer: dict[str, Any] = post(app, document).get_json()
    return answer


def test_status_says_what_the_answer_said_and_what_others_see(app: Flask, revoked: dict[str, Any]) -> None:
    """All that the journal says is the same; nobody has reported anything yet."""
    answer = status(app, revoked)

    seen = answer.get_json()
    told = ("repeated", "not_recorded", "status_url", "status_token")
    assert answer.status_code == 200
    assert {name: value for name, value in revoked.items() if name not in told}.items() <= seen.items()
    assert seen["reasons"] == [
        {
            "reason": "superseded",
            "reference": revoked["reference"],
            "recorded_at": "2026-11-23T14:03:22Z",
            "added": False,
        }
    ]
    assert seen["settled"] is False
    assert seen["measured_at"] == "2026-11-23T14:03:22Z"
    assert seen["ocsp"] == {"responders": 0, "answering": 0, "since": None, "earlier_answers_until": None}
    assert seen["crls"] == [{"scope": "full", "number": None, "since": None, "delta": False}]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_status_says_which_crl_lists_it(
    app: Flask, revoked: dict[str, Any], database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Its number, and since when it is public."""
    with database.write() as connection:
        connection.execute(
            insert(crls).values(
                issuer_id=issuer.id,
                scope="full",
                number=1_795_000_000,
                reserved_at=clock.now(),
                covers_sequence=1,
                this_update=clock.now(),
                next_update=clock.now() + timedelta(days=1),
                published_at=clock.now() + timedelta(seconds=2),
            )
        )

    seen = status(app, revoked).get_json()

    assert seen["crls"] == [{"scope": "full", "number": 1_795_000_000, "since": "2026-11-23T14:03:24Z", "delta": False}]


def test_status_has_both_reasons_under_either_reference(
    app: Flask, subscriber: Subscriber, revoked: dict[str, Any], clock: FakeClock
) -> None:
    """After the raise to keyCompromise, whichever answer's address and token are used."""
    clock.advance(timedelta(minutes=1))
    document = {"number": subscriber.number, "code": subscriber.code, "reason": "keyCompromise"}
    raised = post(app, document).get_json()
    tokens, references = (revoked["status_token"], raised["status_token"]), (revoked["reference"], raised["reference"])
    answers = [
        status(app, raised, token=token, path=f"{PATH}/{reference}") for token in tokens for reference in references
    ]

    assert [each.status_code for each in answers] == [200] * 4
    seen = answers[0].get_json()
    receipts = ("receipt_url", "receipt_pdf")
    assert all(each.get_json() | {name: seen[name] for name in receipts} == seen for each in answers)
    assert (seen["reference"], seen["first_reference"]) == (raised["reference"], revoked["reference"])
    assert [(each["reason"], each["added"]) for each in seen["reasons"]] == [
        ("superseded", False),
        ("keyCompromise", True),
    ]


@pytest.mark.parametrize(
    ("header", "says", "challenge"),
    [
        (None, "Bearer TOKEN", 'Bearer realm="revocations"'),
        ("", "Bearer TOKEN", 'Bearer realm="revocations"'),
        ("Bearer", "Bearer TOKEN", 'Bearer realm="revocations"'),
        ("Basic eDp5", "Bearer TOKEN", 'Bearer realm="revocations"'),
        ("Bearer x", "not given here", 'Bearer realm="revocations", error="invalid_token"'),
        ("Bearer WzEsMV0.AAAA", "not given here", 'Bearer realm="revocations", error="invalid_token"'),
        ("bearer \xff\xfe", "not given here", 'Bearer realm="revocations", error="invalid_token"'),
        ("Bearer over", "30 days", 'Bearer realm="revocations", error="invalid_token"'),
        ("Bearer cut", "not given here", 'Bearer realm="revocations", error="invalid_token"'),
    ],
)
def test_without_a_token_that_counts_nothing_is_told(
    app: Flask, revoked: dict[str, Any], clock: FakeClock, header: str | None, says: str, challenge: str
) -> None:
    """401 (RFC 6750 section 3), and alike whether the reference exists or not."""
    if header == "Bearer over":
        header = f"Bearer {revoked['status_token']}"
        clock.advance(timedelta(days=30, seconds=1))
    if header == "Bearer cut":
        header = f"Bearer {revoked['status_token'][:-1]}"
    headers = {} if header is None else {"Authorization": header}
    answers = [
        app.test_client().get(f"{PATH}/{reference}", headers=headers)
        for reference in (revoked["reference"], "AAAA-BBBB-CCCC")
    ]

    told = []
    for answer in answers:
        document = problem(answer)
        del document["instance"]
        told.append((answer.status_code, document, answer.headers["WWW-Authenticate"]))
        assert says in document["detail"]
    assert told[0] == told[1]
    assert told[0][0] == 401
    assert told[0][2] == challenge


def test_token_opens_its_own_revocation_alone(
    app: Flask,
    revoked: dict[str, Any],
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
) -> None:
    """With another's reference, or one that there is not, the same 404."""
    other = enrol(database, issuer, authority.issue("Elders BV", clock.now()), clock, verifier)
    theirs = post(app, {"number": other.number, "code": other.code}).get_json()
    answers = [
        status(app, revoked, path=f"{PATH}/{reference}")
        for reference in (theirs["reference"], "AAAA-BBBB-CCCC", "aaaa-bbbb-cccc", "%ff" + 13 * "1")
    ]

    assert {each.status_code for each in answers} == {404}
    assert len({problem(each)["detail"] for each in answers}) == 1
    assert all(theirs["serial"] not in each.text for each in answers)
    # What is no reference at all has no address.
    assert {status(app, revoked, path=f"{PATH}/{each}").status_code for each in ("x", "1" * 500)} == {404}


def test_status_of_what_is_lost_says_so(app: Flask, revoked: dict[str, Any], issuer: Issuer) -> None:
    """After an old backup was restored: 410, and what to do."""
    lost = ReceiptId(issuer_id=issuer.id, serial=12345, reference="AAAA-BBBB-CCCC")
    answer = status(app, revoked, token=ReceiptTokens(SESSION_KEY).token(lost), path=f"{PATH}/AAAA-BBBB-CCCC")

    assert (answer.status_code, problem(answer)["type"]) == (410, "urn:pki-revocation:problem:confirmation-lost")


def test_token_of_before_opens_nothing_of_later(
    app: Flask, revoked: dict[str, Any], written: Journal, database: Database, issuer: Issuer
) -> None:
    """One that names a sequence alone counts for rows up to which the journal went then, here as for receipts."""
    old = str(ReceiptTokens(SESSION_KEY)._serializer.dumps([issuer.id, 1]))  # noqa: SLF001 - the same key and salt
    before = status(app, revoked, token=old)
    with database.write() as connection:
        connection.execute(update(journal_heads).values(named_through=1))

    assert (before.status_code, status(app, revoked, token=old).status_code) == (410, 200)


def test_reading_is_limited_for_each_source(app: Flask, revoked: dict[str, Any], clock: FakeClock) -> None:
    """429 with Retry-After when a minute's are used up, told before; another source and the next minute are free."""
    answers = [status(app, revoked) for _ in range(POLICY.quota + 1)]

    assert [each.status_code for each in answers] == [200] * POLICY.quota + [429]
    assert answers[0].headers["RateLimit"] == '"status";r=119;t=60'
    assert answers[-2].headers["RateLimit"] == '"status";r=0;t=60'
    assert answers[-1].headers["RateLimit"] == '"status";r=0;t=60'
    assert {each.headers["RateLimit-Policy"] for each in answers} == {'"status";q=120;w=60'}
    assert answers[-1].headers["Retry-After"] == "60"
    assert problem(answers[-1])["type"] == "urn:pki-revocation:problem:too-many-requests"
    # Those without a token count too.
    assert app.test_client().get(f"{PATH}/AAAA-BBBB-CCCC").status_code == 429
    headers = {"Authorization": f"Bearer {revoked['status_token']}"}
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    path = revoked["status_url"].removeprefix(HOST)
    assert app.test_client().get(path, headers=headers, environ_overrides=elsewhere).status_code == 200
    clock.advance(timedelta(minutes=1))
    assert status(app, revoked).status_code == 200


def test_status_is_told_during_an_outage_as_one(unreachable_app: Flask, issuer: Issuer) -> None:
    """503 with Retry-After, once the token is found to be ours."""
    token = ReceiptTokens(SESSION_KEY).token(ReceiptId(issuer_id=1, serial=1, reference="AAAA-BBBB-CCCC"))
    client = unreachable_app.test_client()
    answers = [
        client.get(f"{PATH}/AAAA-BBBB-CCCC", headers={"Authorization": f"Bearer {each}"}) for each in (token, "other")
    ]

    assert [each.status_code for each in answers] == [503, 401]
    assert int(answers[0].headers["Retry-After"]) > 0
