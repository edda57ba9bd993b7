"""RFC 6960 section 2.2 on the running responder: good, revoked since when and why, unknown, and whose word it is.

Everything is asked before a revocation too, in every form, so that whatever the responder keeps is warm.
"""

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from pki_revocation.reasons import RevocationReason
from tests.conformance import answers
from tests.conformance.scene import CLOCK, Scene
from tests.conformance.wire import Reply, Wire, several
from tests.pki import CertificateAuthority
from tests.vectors.authorities import GOOD, ISSUING, NEVER_ISSUED, REVOKED, ROOT, SECOND, SECONDS_GOOD
from tests.vectors.pieces import HASHES, cert_id, nonce, request

_CONNECTIONS = 6
# BR 7.2.2: the reasons that an end entity's certificate may be given; unspecified is said by leaving it out.
_REASONS = {
    RevocationReason.UNSPECIFIED: None,
    RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    RevocationReason.AFFILIATION_CHANGED: x509.ReasonFlags.affiliation_changed,
    RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    RevocationReason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
    RevocationReason.PRIVILEGE_WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
}


def ask_everybody(scene: Scene, serial: int, authority: CertificateAuthority = ISSUING) -> list[Reply]:
    """Every hash, by POST and by GET, twice, over several connections."""
    with several(scene.url, _CONNECTIONS) as wires:
        return [
            reply
            for wire in wires
            for name in HASHES
            for reply in answers.ask_all_ways(wire, request(cert_id(serial, authority, name))).all
        ]


def verdicts(replies: list[Reply]) -> set[tuple[str, ...]]:
    """What they say."""
    return {answers.verdict(reply) for reply in replies}


def revocation(reply: Reply) -> tuple[datetime | None, x509.ReasonFlags | None]:
    """The one revocation's time and reason."""
    (single,) = answers.read(reply.body).responses
    return single.revocation_time_utc, single.revocation_reason


@pytest.mark.parametrize(("reason", "flag"), _REASONS.items(), ids=[reason.name for reason in _REASONS])
def test_revoked_since_when_and_why(scene: Scene, reason: RevocationReason, flag: x509.ReasonFlags | None) -> None:
    """RFC 6960 section 2.2: the journal's second and reason, from the next request on, in every form; RFC 5280 5.3.1:
    an unspecified reason is left out.
    """  # noqa: D205 - two clauses
    serial = scene.issue()
    assert verdicts(ask_everybody(scene, serial)) == {("good",)}

    moment = scene.revoke(serial, reason)

    after = ask_everybody(scene, serial)
    assert verdicts(after) == {("revoked",)}
    assert {revocation(reply) for reply in after} == {(moment, flag)}


def test_back_dated_revocation(scene: Scene) -> None:
    """BR 7.2.2: the date that the CA says, where a key was compromised earlier."""
    serial = scene.issue(ago=timedelta(days=20))
    ask_everybody(scene, serial)
    earlier = CLOCK.now() - timedelta(days=10)

    scene.revoke(serial, RevocationReason.KEY_COMPROMISE, revocation_date=earlier)

    found = {revocation(reply) for reply in ask_everybody(scene, serial)}
    assert found == {(earlier, x509.ReasonFlags.key_compromise)}


def test_reason_that_was_raised(scene: Scene) -> None:
    """BR 7.2.2: a compromise that is found later is said later, also where an answer was kept; the date stays."""
    serial = scene.issue()
    moment = scene.revoke(serial, RevocationReason.SUPERSEDED)
    assert {revocation(each) for each in ask_everybody(scene, serial)} == {(moment, x509.ReasonFlags.superseded)}

    scene.revoke(serial, RevocationReason.KEY_COMPROMISE)

    assert {revocation(each)[1] for each in ask_everybody(scene, serial)} == {x509.ReasonFlags.key_compromise}


def test_never_issued_until_it_is(scene: Scene) -> None:
    """BR 4.9.9: unknown, and good as soon as the certificate is registered, with nothing kept in between."""
    issued = scene.issue()
    stranger = NEVER_ISSUED ^ issued
    assert verdicts(ask_everybody(scene, stranger)) == {("unknown",)}

    fresh = scene.issue(lifetime=timedelta(days=7))
    assert verdicts(ask_everybody(scene, fresh)) == {("good",)}
    assert verdicts(ask_everybody(scene, stranger)) == {("unknown",)}


def test_each_issuer_by_its_own_signer(scene: Scene) -> None:
    """RFC 6960 section 4.2.2.2: signed by whom that very issuer let sign, the root's sub-CA by the root's."""
    asked = {
        "issuing": cert_id(GOOD),
        "second": cert_id(SECONDS_GOOD, SECOND),
        "root": cert_id(ISSUING.certificate.serial_number, ROOT),
    }
    with Wire(scene.url) as wire:
        for name, each in asked.items():
            for reply in answers.ask_all_ways(wire, request(each)).all:
                assert answers.verdict(reply) == ("good",)
                answers.verify(reply.body, scene.delegates[name])
                assert answers.read(reply.body).certificates == [scene.delegates[name]]


def test_sub_ca_is_revoked_like_any_other(scene: Scene) -> None:
    """BR 7.3: a CA's certificate, revoked with a reason; its own children are as they were, without that setting."""
    serial = scene.issue(issuer="root")
    assert verdicts(ask_everybody(scene, serial, ROOT)) == {("good",)}

    moment = scene.revoke(serial, RevocationReason.CESSATION_OF_OPERATION, issuer="root")

    found = {revocation(reply) for reply in ask_everybody(scene, serial, ROOT)}
    assert found == {(moment, x509.ReasonFlags.cessation_of_operation)}


@pytest.mark.parametrize("ago", [timedelta(minutes=1), timedelta(days=400)], ids=["just", "long ago"])
def test_expired_is_answered_as_it_was(scene: Scene, ago: timedelta) -> None:
    """RFC 6960 section 4.4.4: without a retention for ever, so the cutoff is the issuer's own beginning
    (EN 319 411-2 CSS-6.3.10-10); revoked stays revoked.
    """  # noqa: D205 - two clauses
    good, _ = scene.issue_expired(ago)
    revoked, _ = scene.issue_expired(ago)
    moment = scene.revoke(revoked)

    found = {serial: ask_everybody(scene, serial) for serial in (good, revoked)}
    assert verdicts(found[good]) == {("good",)}
    assert {revocation(reply) for reply in found[revoked]} == {(moment, None)}
    cutoffs = {answers.archive_cutoff(reply.body) for replies in found.values() for reply in replies}
    assert cutoffs == {ISSUING.certificate.not_valid_before_utc}


def test_answers_with_a_nonce_are_as_new(scene: Scene) -> None:
    """RFC 9654 section 2.1: the status behind a nonce is the same, and two nonces never share an answer (O19)."""
    serial = scene.issue()
    with Wire(scene.url) as wire:
        for status in ("good", "revoked"):
            bodies = set()
            for value in (b"a" * 32, b"b" * 32, b"a" * 32):
                reply = wire.post(request(cert_id(serial), extensions=(nonce(value),)))
                assert answers.verdict(reply) == (status,)
                assert answers.nonce(reply.body) == value
                bodies.add(reply.body)
            assert len(bodies) == 3
            scene.revoke(serial)


def test_revoked_before_the_responder_started(scene: Scene) -> None:
    """The vectors' revoked certificate: the journal's second, and keyCompromise."""
    found = {revocation(reply) for reply in ask_everybody(scene, REVOKED)}

    assert found == {(scene.revoked_at, x509.ReasonFlags.key_compromise)}
