"""The settings that change answers: extended_revoke, retention, revoked_issuer; and max_age, validity, max_cert_ids.

One responder has them all. The issuing CA's certificate stays as it is; the second CA's is revoked by the root.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPSingleResponse

from pki_revocation.reasons import RevocationReason
from tests.conformance import answers
from tests.conformance import scene as scenes
from tests.conformance.scene import Scene
from tests.conformance.wire import Reply, Wire, several
from tests.ocsp_responder.answers import lint_errors
from tests.vectors.authorities import GOOD, NEVER_ISSUED, REVOKED, ROOT, SECOND, SECONDS_GOOD
from tests.vectors.pieces import cert_id, nonce, request

_SETTINGS = """
extended_revoke = true
retention = "30d"
revoked_issuer = true
max_age = "60s"
validity = "48h"
max_cert_ids = 3
"""
_DAY = timedelta(days=1)
_RETENTION = 30 * _DAY
_EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.9"


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The running responder."""
    with scenes.served(scenes.make(tmp_path_factory.mktemp("configured"), settings=_SETTINGS)) as running:
        yield running


def ask(scene: Scene, octets: bytes) -> list[Reply]:
    """By POST and GET, twice, over several connections."""
    with several(scene.url, 4) as wires:
        return [reply for wire in wires for reply in answers.ask_all_ways(wire, octets).all]


def singles(reply: Reply) -> list[OCSPSingleResponse]:
    """The SingleResponses."""
    return list(answers.read(reply.body).responses)


def extensions(reply: Reply) -> list[str]:
    """The OIDs of the responseExtensions, none of which may be critical."""
    listed = answers.read(reply.body).extensions
    assert not any(each.critical for each in listed)
    return [each.oid.dotted_string for each in listed]


def test_never_issued_is_revoked(configured: Scene) -> None:
    """RFC 6960 section 2.2: certificateHold since 1970-01-01, the extended-revoke extension, and nothing to keep."""
    for reply in ask(configured, request(cert_id(NEVER_ISSUED))):
        assert answers.verdict(reply) == ("revoked",)
        (single,) = singles(reply)
        assert single.revocation_time_utc == datetime(1970, 1, 1, tzinfo=UTC)
        assert single.revocation_reason is x509.ReasonFlags.certificate_hold
        assert answers.single_extensions(reply.body) == {}
        assert _EXTENDED_REVOKE in extensions(reply)
        assert reply.header("Cache-Control") == "no-store"
        assert lint_errors(reply.body) == []


def test_never_issued_among_others(configured: Scene) -> None:
    """The same beside a good and a revoked one, with a nonce."""
    asked = request(cert_id(GOOD), cert_id(NEVER_ISSUED), cert_id(REVOKED), extensions=(nonce(b"n" * 32),))
    for reply in ask(configured, asked):
        assert answers.verdict(reply) == ("good", "revoked", "revoked")
        assert _EXTENDED_REVOKE in extensions(reply)
        assert answers.nonce(reply.body) == b"n" * 32
        assert singles(reply)[2].revocation_time_utc == configured.revoked_at


def test_never_issued_with_impossible_serials(configured: Scene) -> None:
    """RFC 5280 section 4.1.2.2: zero, negative and over-long serials were never issued either."""
    for serial in (0, -1, 1 << 159, 1 << 4000):
        for reply in ask(configured, request(cert_id(serial))):
            assert answers.verdict(reply) == ("revoked",)


def test_good_and_foreign_are_as_ever(configured: Scene) -> None:
    """RFC 6960 section 2.2: good needs no extension where this setting is off, and none comes with it here but that;
    a foreign issuer's serials are not this responder's to revoke.
    """  # noqa: D205 - two clauses
    for reply in ask(configured, request(cert_id(GOOD))):
        assert answers.verdict(reply) == ("good",)
        assert set(extensions(reply)) <= {_EXTENDED_REVOKE}


@pytest.mark.parametrize("ago", [_DAY / 24, 29 * _DAY], ids=["an hour ago", "29 days ago"])
def test_expired_within_the_retention(configured: Scene, ago: timedelta) -> None:
    """RFC 6960 section 4.4.4: good and revoked as they were, with archiveCutoff = producedAt minus the retention."""
    good, _ = configured.issue_expired(ago)
    revoked, _ = configured.issue_expired(ago)
    moment = configured.revoke(revoked)
    for serial, status in ((good, "good"), (revoked, "revoked")):
        for reply in ask(configured, request(cert_id(serial))):
            assert answers.verdict(reply) == (status,)
            (single,) = singles(reply)
            assert answers.archive_cutoff(reply.body) == answers.read(reply.body).produced_at_utc - _RETENTION
            assert lint_errors(reply.body) == []
            assert single.revocation_time_utc == (moment if status == "revoked" else None)


def test_expired_before_the_retention(configured: Scene) -> None:
    """RFC 9919 section 3.2.3: records that are kept no longer: unauthorized, for good and revoked alike."""
    good, _ = configured.issue_expired(31 * _DAY)
    revoked, _ = configured.issue_expired(31 * _DAY)
    configured.revoke(revoked)
    for serial in (good, revoked):
        for reply in ask(configured, request(cert_id(serial))):
            assert answers.verdict(reply) == ("unauthorized",)


def test_revoked_issuer(configured: Scene) -> None:
    """RFC 6960 section 2.7: when the CA's certificate is revoked, so is everything that it issued.

    From the next request on, on every worker; and nothing of anybody else's.
    """
    fresh = configured.issue(issuer="second")
    own = configured.issue(issuer="second")
    own_moment = configured.revoke(own, RevocationReason.SUPERSEDED, issuer="second")
    children = [request(cert_id(serial, SECOND)) for serial in (SECONDS_GOOD, fresh)]
    for child in children:
        assert {answers.verdict(reply) for reply in ask(configured, child)} == {("good",)}

    moment = configured.revoke(SECOND.certificate.serial_number, RevocationReason.CESSATION_OF_OPERATION, issuer="root")

    for child in children:
        for reply in ask(configured, child):
            assert answers.verdict(reply) == ("revoked",)
            (single,) = singles(reply)
            assert single.revocation_time_utc == moment
    for reply in ask(configured, request(cert_id(own, SECOND))):
        assert answers.verdict(reply) == ("revoked",)
        assert singles(reply)[0].revocation_time_utc == own_moment
    assert {answers.verdict(reply) for reply in ask(configured, request(cert_id(GOOD)))} == {("good",)}
    sub_ca = request(cert_id(SECOND.certificate.serial_number, ROOT))
    assert {answers.verdict(reply) for reply in ask(configured, sub_ca)} == {("revoked",)}


def test_times_as_set(configured: Scene) -> None:
    """RFC 9919 section 7.2: max_age and validity are the settings'."""
    for reply in ask(configured, request(cert_id(GOOD))):
        (single,) = singles(reply)
        assert single.next_update_utc == single.this_update_utc + timedelta(hours=48)
        assert reply.header("Cache-Control") == "max-age=60, public, no-transform, must-revalidate"


def test_number_of_certificates_as_set(configured: Scene) -> None:
    """RFC 9919 section 8.4: three, and not a fourth."""
    with Wire(configured.url) as wire:
        assert len(answers.verdict(wire.post(request(*[cert_id(GOOD)] * 3)))) == 3
        assert answers.verdict(wire.post(request(*[cert_id(GOOD)] * 4))) == ("malformedRequest",)
