"""From a question's octets to an answer's, without HTTP: RFC 6960 section 2 clause by clause."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys.identity import Purpose, SigningIdentity, identify
from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.answering.issuers import issuer_hashes, parents_of
from ocsp_responder.answering.shared_cache import SharedAnswerCache
from ocsp_responder.errors import WouldWait
from ocsp_responder.request.signature import Requestors
from ocsp_responder.signing.response import Answer, AnswerSigner
from ocsp_responder.status import Good, SqlStatusSource, StatusReading, StatusSource, Unknown
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import INTEGER, octet_string, sequence, tlv
from pki_revocation.errors import StoreError
from pki_revocation.host.outage_log import OutageLog
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from pki_revocation.service import RevocationService
from tests.campaign import examples
from tests.fakes import FakeClock
from tests.ocsp_responder import answers, messages, registers
from tests.ocsp_responder.hierarchies import Subordinate
from tests.ocsp_responder.requestors import certificate_of, signed_request
from tests.ocsp_responder.responders import SETTINGS, VALIDITY, AllGood, Always, responder
from tests.pki import EPOCH, CertificateAuthority


class Breaking:
    """A source that fails with an unexpected error."""

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:  # noqa: ARG002 - the port's
        """Fail."""
        raise RuntimeError("broken")


@pytest.mark.parametrize("name", ["sha1", "sha256", "sha384", "sha512"])
def test_good_then_revoked(
    answerer: Answerer,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
    delegate: SigningIdentity,
    name: str,
) -> None:
    """RFC 6960 section 2.2, with each hash: good before, and revoked for the very next question."""
    question = messages.asked(issuer, certificate.serial_number, name=name)
    assert answers.statuses(answerer.answer(question).der) == [answers.GOOD]

    moment = registers.revoke(service, issuer, certificate.serial_number, RevocationReason.KEY_COMPROMISE)

    answer = answerer.answer(question).der
    assert answers.revocation(answer) == (moment, x509.ReasonFlags.key_compromise)
    answers.verify(answer, delegate.certificate)


def test_workers_have_answers_in_common(
    issuer: Issuer,
    delegate: SigningIdentity,
    certificate: x509.Certificate,
    service: RevocationService,
    database: Database,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """The same octets until the status changes or they are due to be signed anew; a nonce's are its asker's alone."""
    SharedAnswerCache.make(tmp_path / "answers", octets=1 << 20, longest=2000)
    signers = {issuer: AnswerSigner(delegate, issuer)}
    with SharedAnswerCache(tmp_path / "answers", clock) as one, SharedAnswerCache(tmp_path / "answers", clock) as other:
        first, second = (
            Answerer(signers=signers, source=SqlStatusSource(database, clock), settings=SETTINGS, shared=shared)
            for shared in (one, other)
        )
        question = messages.asked(issuer, certificate.serial_number)
        nonce = messages.asked(issuer, certificate.serial_number, nonce_value=bytes(16))
        good = first.answer(question)
        clock.advance(timedelta(hours=1))
        assert second.answer(question) == good
        assert second.answer(nonce).der != first.answer(nonce).der
        assert second.answer(messages.asked(issuer, certificate.serial_number, name="sha1")).der != good.der

        registers.revoke(service, issuer, certificate.serial_number)
        revoked = second.answer(question)
        assert answers.statuses(revoked.der) == [answers.REVOKED]
        assert revoked.revoked
        assert first.answer(question) == revoked
        clock.advance(VALIDITY / 2)
        assert first.answer(question).der != revoked.der
        for unknown in (first.answer(messages.asked(issuer, 5)), second.answer(messages.asked(issuer, 5))):
            assert unknown.shared is None


@pytest.mark.parametrize("serial", [1, 0, -1, 1 << 159, 1 << 1000])
def test_never_issued_is_unknown(answerer: Answerer, issuer: Issuer, serial: int) -> None:
    """BR 4.9.9: never good, for serials that no certificate has neither."""
    content = serial.to_bytes(serial.bit_length() // 8 + 1, signed=True)
    asked = messages.cert_id(
        messages.algorithm(),
        *issuer_hashes(issuer, messages.OIDS["sha256"]),
        tlv(INTEGER, content),
    )

    assert answers.statuses(answerer.answer(messages.ocsp_request(messages.single(asked))).der) == [answers.UNKNOWN]


def test_foreign_issuer_is_unauthorized(answerer: Answerer, clock: FakeClock) -> None:
    """RFC 9919 section 3.2.3: no authoritative record, five octets."""
    other = CertificateAuthority("Vreemde CA")
    question = messages.built(other.issue("Zorg BV", clock.now()), other.certificate)

    assert answerer.answer(question).der == answers.UNAUTHORIZED


@pytest.mark.parametrize("foreign_first", [True, False])
def test_partly_foreign_is_unauthorized(
    answerer: Answerer, issuer: Issuer, certificate: x509.Certificate, *, foreign_first: bool
) -> None:
    """An answer covers every certificate asked about (RFC 6960 section 4.2.2.3), or there is none."""
    singles = [
        messages.single(messages.cert_id()),
        messages.single(messages.cert_id_of(issuer, certificate.serial_number)),
    ]

    question = messages.ocsp_request(*(singles if foreign_first else reversed(singles)))

    assert answerer.answer(question).der == answers.UNAUTHORIZED


def test_two_issuers_of_ours_are_asked_one_by_one(
    database: Database,
    issuer: Issuer,
    certificate: x509.Certificate,
    delegate: SigningIdentity,
    clock: FakeClock,
) -> None:
    """RFC 6960 section 4.2.2.2: no signer is entitled for both, so unauthorized; each alone has its own signer."""
    other = CertificateAuthority("Tweede CA")
    with database.write() as connection:
        second = add_issuer(connection, name="second", certificate=other.certificate, is_default=False, clock=clock)
    theirs = other.issue("Zorg BV", clock.now())
    registers.add(database, second, clock, theirs)
    key, delegated = other.delegate(clock.now())
    identity = identify(key, delegated, Purpose.OCSP, issuer=other.certificate, now=clock.now())
    answerer = responder({issuer: delegate, second: identity}, SqlStatusSource(database, clock))

    both = messages.ocsp_request(
        messages.single(messages.cert_id_of(issuer, certificate.serial_number)),
        messages.single(messages.cert_id_of(second, theirs.serial_number)),
    )
    assert answerer.answer(both).der == answers.UNAUTHORIZED
    ours = answerer.answer(messages.asked(issuer, certificate.serial_number)).der
    answers.verify(ours, delegate.certificate)
    alone = answerer.answer(messages.asked(second, theirs.serial_number)).der
    assert answers.statuses(alone) == [answers.GOOD]
    answers.verify(alone, delegated)


def test_several_certificates_in_one_question(
    answerer: Answerer, issuer: Issuer, certificate: x509.Certificate, service: RevocationService
) -> None:
    """One answer for each, in order, in whichever hash each was asked (O22)."""
    serial = certificate.serial_number
    registers.revoke(service, issuer, serial)
    singles = [
        messages.single(messages.cert_id_of(issuer, asked, name))
        for asked, name in [(serial, "sha1"), (3, "sha256"), (serial, "sha512")]
    ]

    answer = answerer.answer(messages.ocsp_request(*singles)).der

    assert answers.statuses(answer) == [answers.REVOKED, answers.UNKNOWN, answers.REVOKED]


def test_hundred_certificates_and_not_one_more(answerer: Answerer, issuer: Issuer) -> None:
    """The bound of the setting; beyond it malformedRequest (RFC 9919 section 8.4)."""
    assert len(answers.statuses(answerer.answer(messages.asked(issuer, *range(1, 101))).der)) == 100
    assert answerer.answer(messages.asked(issuer, *range(1, 102))).der == answers.MALFORMED_REQUEST


@pytest.mark.parametrize(
    ("octets", "echoed"),
    [(0, False), (1, True), (15, True), (16, True), (32, True), (33, True), (128, True), (129, False)],
)
def test_nonce(answerer: Answerer, issuer: Issuer, certificate: x509.Certificate, octets: int, *, echoed: bool) -> None:
    """RFC 9654 section 2.1: 1 to 128 octets come back as sent; 0 and more are malformed (O19 to O21)."""
    nonce = bytes(octets)

    answer = answerer.answer(messages.asked(issuer, certificate.serial_number, nonce_value=nonce)).der

    if echoed:
        assert answers.read(answer).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
    else:
        assert answer == answers.MALFORMED_REQUEST


def test_moment_of_an_answer_is_before_its_look_up(ca: Issuer, delegate: SigningIdentity, clock: FakeClock) -> None:
    """The moment that comes with the statuses is thisUpdate and producedAt, however long the look-up took."""
    before = clock.now()
    answerer = responder({ca: delegate}, AllGood(clock, timedelta(seconds=3)))

    response = answers.read(answerer.answer(messages.asked(ca, 5)).der)

    assert response.produced_at_utc == before
    assert clock.now() == before + timedelta(seconds=3)


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/nothing"])
def test_database_that_is_gone_is_try_later(ca: Issuer, delegate: SigningIdentity, clock: FakeClock, url: str) -> None:
    """Never a guessed good (O33)."""
    with Database(url) as gone:
        answerer = responder({ca: delegate}, SqlStatusSource(gone, clock))
        assert answerer.answer(messages.asked(ca, 5)).der == answers.TRY_LATER


def test_expired_signer_is_try_later(
    answerer: Answerer, issuer: Issuer, certificate: x509.Certificate, clock: FakeClock
) -> None:
    """What it signed now would be believed by nobody; a renewed one needs a restart."""
    clock.advance(timedelta(days=14))

    assert answerer.answer(messages.asked(issuer, certificate.serial_number)).der == answers.TRY_LATER


def test_anything_unexpected_is_internal_error(
    ca: Issuer, delegate: SigningIdentity, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An OCSP answer for the client, and the trace in the log for the operator, once (RFC 6960 section 2.3)."""
    answerer = responder({ca: delegate}, Breaking())

    with caplog.at_level(logging.ERROR):
        for _ in range(100):
            assert answerer.answer(messages.asked(ca, 5)).der == answers.INTERNAL_ERROR

    assert caplog.text.count("RuntimeError: broken") == 1


class Failing:
    """A source that fails as it is told to, and then knows what another one knows."""

    def __init__(self, source: StatusSource) -> None:
        """It works until it is told to fail."""
        self._source = source
        self.error: Exception | None = None

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:
        """What the other one knows."""
        if self.error is not None:
            raise self.error
        return self._source.read(issuer_id, serials)


def test_outage_is_two_lines_in_the_log(
    ca: Issuer, delegate: SigningIdentity, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """One when it begins and one when it is over, however many ask meanwhile."""
    source, seconds = Failing(AllGood(clock)), [100.0]
    outages = OutageLog(
        logging.getLogger("tests"),
        failing="no answer can be given now",
        working="answers are given again",
        quiet=10,
        monotonic=lambda: seconds[0],
    )
    answerer = responder({ca: delegate}, source, outages=outages)
    source.error = StoreError("The database does not answer: gone.")
    for _ in range(100):
        assert answerer.answer(messages.asked(ca, 5)).der == answers.TRY_LATER
    source.error = None
    seconds[0] += 60
    for _ in range(100):
        assert answers.statuses(answerer.answer(messages.asked(ca, 5)).der) == [answers.GOOD]

    assert [record.getMessage() for record in caplog.records] == [
        "no answer can be given now: The database does not answer: gone.",
        "answers are given again: it failed 100 times in 0 s",
    ]


def test_source_that_would_wait_is_let_through(ca: Issuer, delegate: SigningIdentity, clock: FakeClock) -> None:
    """Not an outage: whoever asked has somebody else to ask."""
    source = Failing(AllGood(clock))
    source.error = WouldWait()

    with pytest.raises(WouldWait):
        responder({ca: delegate}, source).answer(messages.asked(ca, 5))


def test_answer_says_what_it_was_made_of(
    answerer: Answerer, issuer: Issuer, certificate: x509.Certificate, service: RevocationService
) -> None:
    """The issuer and its journal's sequence; refusals have neither."""
    question = messages.asked(issuer, certificate.serial_number)
    assert (answerer.answer(question).issuer_id, answerer.answer(question).sequence) == (issuer.id, 0)
    registers.revoke(service, issuer, certificate.serial_number)

    assert (answerer.answer(question).issuer_id, answerer.answer(question).sequence) == (issuer.id, 1)
    assert answerer.answer(b"") == Answer(der=answers.MALFORMED_REQUEST, shared=None)


def test_never_issued_is_revoked_where_that_is_asked_for(
    ca: Issuer, delegate: SigningIdentity, clock: FakeClock
) -> None:
    """RFC 6960 section 2.2, as a setting: the extension says how it is meant, and nobody may keep it (O08)."""
    settings = replace(SETTINGS, extended_revoke=True)
    source = Always(clock=clock, status=Unknown())

    answer = responder({ca: delegate}, source, settings=settings).answer(messages.asked(ca, 5))

    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert answers.revocation(answer.der) == (epoch, x509.ReasonFlags.certificate_hold)
    assert answer.shared is None
    plain = responder({ca: delegate}, source).answer(messages.asked(ca, 5))
    assert answers.statuses(plain.der) == [answers.UNKNOWN]


@pytest.mark.parametrize(
    ("retention", "cutoff"),
    [(None, EPOCH), (timedelta(days=400), datetime(2025, 10, 19, 14, 3, 22, tzinfo=UTC)), (timedelta(days=9), None)],
)
def test_ended_certificate(
    ca: Issuer, delegate: SigningIdentity, clock: FakeClock, retention: timedelta | None, cutoff: datetime | None
) -> None:
    """RFC 6960 section 4.4.4, EN 319 411-2 CSS-6.3.10-10 and RFC 9919 section 3.2.3 (O31)."""
    source = Always(clock=clock, status=Good(clock.now() - timedelta(days=10)))
    settings = replace(SETTINGS, retention=retention)

    answer = responder({ca: delegate}, source, settings=settings).answer(messages.asked(ca, 5)).der

    if cutoff is None:
        assert answer == answers.UNAUTHORIZED
    else:
        assert answers.statuses(answer) == [answers.GOOD]
        (single,) = answers.basic(answer)["tbs_response_data"]["responses"]
        assert single.archive_cutoff_value.native == cutoff


def test_certificates_of_a_revoked_issuer(
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    delegate: SigningIdentity,
    service: RevocationService,
    clock: FakeClock,
) -> None:
    """RFC 6960 sections 2.7 and 4.2.2.2: the setting has them revoked with the CA.

    A sub-CA's certificate is answered for by its root's signer like any other.
    """
    below = Subordinate("Sub CA", authority)
    with database.write() as connection:
        child = add_issuer(connection, name="sub", certificate=below.certificate, is_default=False, clock=clock)
    leaf, serial = below.issue("Zorg BV", clock.now()), below.certificate.serial_number
    registers.add(database, issuer, clock, below.certificate)
    registers.add(database, child, clock, leaf)
    key, delegated = below.delegate(clock.now())
    signers = {
        issuer: delegate,
        child: identify(key, delegated, Purpose.OCSP, issuer=below.certificate, now=clock.now()),
    }
    source = SqlStatusSource(database, clock, parents_of([issuer, child]))
    with_setting = responder(signers, source, settings=replace(SETTINGS, revoked_issuer=True))
    without = responder(signers, source)
    about_ca, about_leaf = messages.asked(issuer, serial), messages.asked(child, leaf.serial_number)
    for answerer in (with_setting, without):
        assert answers.statuses(answerer.answer(about_ca).der) == [answers.GOOD]
        assert answers.statuses(answerer.answer(about_leaf).der) == [answers.GOOD]

    moment = registers.revoke(service, issuer, serial, RevocationReason.KEY_COMPROMISE)

    for answerer in (with_setting, without):
        found = answerer.answer(about_ca).der
        assert answers.revocation(found) == (moment, x509.ReasonFlags.key_compromise)
        answers.verify(found, delegate.certificate)
    found = with_setting.answer(about_leaf).der
    assert answers.revocation(found) == (moment, x509.ReasonFlags.ca_compromise)
    answers.verify(found, delegated)
    assert answers.statuses(with_setting.answer(messages.asked(child, 7)).der) == [answers.UNKNOWN]
    assert answers.statuses(without.answer(about_leaf).der) == [answers.GOOD]


def test_only_those_who_may_ask_are_answered(ca: Issuer, delegate: SigningIdentity, clock: FakeClock) -> None:
    """RFC 6960 sections 2.3 and 4.1.2, as a setting: sigRequired, unauthorized, or an answer that no cache may keep."""
    key = ec.generate_private_key(ec.SECP256R1())
    clients, others = CertificateAuthority("Clients CA"), CertificateAuthority("Other CA")
    question = messages.asked(ca, 5)
    ours = signed_request(question, key, certificate_of(key, clients, clock.now()))
    theirs = signed_request(question, key, certificate_of(key, others, clock.now()))
    source = AllGood(clock)
    restricted = responder({ca: delegate}, source, requestors=Requestors([clients.certificate], clock))

    assert restricted.answer(question).der == answers.SIG_REQUIRED
    assert restricted.answer(theirs).der == answers.UNAUTHORIZED
    answer = restricted.answer(ours)
    assert answers.statuses(answer.der) == [answers.GOOD]
    assert answer.shared is None

    for each in (question, ours, theirs):
        answer = responder({ca: delegate}, source).answer(each)
        assert answers.statuses(answer.der) == [answers.GOOD]
        assert answer.shared is not None


def test_wish_for_sha1_is_not_granted(answerer: Answerer, issuer: Issuer, certificate: x509.Certificate) -> None:
    """RFC 6960 section 5.1: no weak algorithm, even where it is all that is asked for (O29)."""
    question = messages.ocsp_request(
        messages.single(messages.cert_id_of(issuer, certificate.serial_number)),
        extensions=(messages.preferred(messages.ECDSA_SHA1, messages.RSA_SHA1),),
    )

    answer = answerer.answer(question)

    assert answers.read(answer.der).signature_algorithm_oid.dotted_string == "1.2.840.10045.4.3.2"
    assert answer.shared is not None


def test_refresh_is_the_settings(ca: Issuer, delegate: SigningIdentity, clock: FakeClock) -> None:
    """Whoever keeps an answer is told when it must be signed anew."""
    settings = replace(SETTINGS, refresh=timedelta(hours=2))

    for used, due in ((SETTINGS, VALIDITY / 2), (settings, timedelta(hours=2))):
        answer = responder({ca: delegate}, AllGood(clock), settings=used).answer(messages.asked(ca, 5))
        assert answer.shared is not None
        assert answer.shared.refresh_at == clock.now() + due


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_questions_always_get_an_answer(knowing: Answerer, ca: Issuer, data: st.DataObject) -> None:
    """Whatever is cut, changed, put in or doubled in a valid request: no exception, and an answer that reads (O23)."""
    question = bytearray(
        data.draw(
            st.sampled_from(
                [
                    messages.asked(ca, 5, nonce_value=b"n" * 32),
                    messages.asked(ca, 5, 6, name="sha1"),
                    messages.ocsp_request(
                        messages.single(messages.cert_id_of(ca, 7), messages.nonce(b"n")),
                        before=messages.REQUESTOR,
                        after=messages.SIGNATURE,
                    ),
                ]
            )
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(0, len(question) - 1)))
        end = place + data.draw(st.integers(0, 4))
        question[place:end] = data.draw(st.binary(max_size=4))

    answer = knowing.answer(bytes(question)).der

    if answer not in {answers.MALFORMED_REQUEST, answers.UNAUTHORIZED}:
        assert set(answers.statuses(answer)) <= {answers.GOOD}


@given(question=st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_is_malformed(knowing: Answerer, question: bytes) -> None:
    """Octets that are no request, and such octets in a SEQUENCE (O23)."""
    assert knowing.answer(question).der == answers.MALFORMED_REQUEST
    assert knowing.answer(sequence(question)).der == answers.MALFORMED_REQUEST
    assert knowing.answer(messages.ocsp_request(octet_string(question))).der == answers.MALFORMED_REQUEST


def test_dates_lie_in_order(
    answerer: Answerer, issuer: Issuer, certificate: x509.Certificate, clock: FakeClock
) -> None:
    """ThisUpdate and producedAt are now, nextUpdate follows after the validity (O15, O18)."""
    response = answers.read(answerer.answer(messages.asked(issuer, certificate.serial_number)).der)

    now: datetime = clock.now()
    assert response.produced_at_utc == now
    (single,) = response.responses
    assert (single.this_update_utc, single.next_update_utc) == (now, now + VALIDITY)
