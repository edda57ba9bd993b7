"""What is said of ended certificates and of those of a revoked issuer, setting by setting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ocsp_responder.answering.policy import AnswerPolicy
from ocsp_responder.config import OcspSettings
from ocsp_responder.errors import Unauthorized
from ocsp_responder.request.message import parse_request
from ocsp_responder.signing.response import SingleResponse, Validity
from ocsp_responder.status import Good, Revoked, Status, StatusReading, Unknown
from pki_revocation.reasons import RevocationReason
from tests.ocsp_responder import messages
from tests.ocsp_responder.responders import SETTINGS

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
FOREVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
ISSUER_BEGAN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
VALIDITY = Validity(this_update=NOW, next_update=NOW + DAY, refresh_at=NOW + 12 * HOUR)
CERT_IDS = parse_request(messages.ocsp_request(*[messages.single(messages.cert_id())] * 3)).cert_ids
SINCE = NOW - 30 * DAY
RETAINING = replace(SETTINGS, retention=10 * DAY)


def _apply(
    settings: OcspSettings, *statuses: Status, issuer_revoked: Revoked | None = None
) -> tuple[list[SingleResponse], Validity]:
    reading = StatusReading(moment=NOW, statuses=statuses, sequence=1, issuer_revoked=issuer_revoked)
    return AnswerPolicy(settings).apply(CERT_IDS[: len(statuses)], reading, VALIDITY, ISSUER_BEGAN)


@pytest.mark.parametrize("settings", [SETTINGS, RETAINING], ids=["for ever", "ten days"])
@pytest.mark.parametrize(
    "status",
    [
        Good(NOW),
        Good(NOW + DAY),
        Good(FOREVER),
        Revoked(SINCE, RevocationReason.SUPERSEDED, NOW + 400 * DAY),
        Unknown(),
    ],
    ids=str,
)
def test_what_has_not_ended_has_no_cutoff(settings: OcspSettings, status: Status) -> None:
    """RFC 6960 section 4.4.4: the cutoff is for certificates that have ended; notAfter is still in their time."""
    singles, _ = _apply(settings, status)

    assert singles == [SingleResponse(CERT_IDS[0], status)]


@pytest.mark.parametrize("end", [NOW - SECOND, NOW - 400 * DAY])
def test_ended_are_answered_for_ever_with_the_issuers_beginning(end: datetime) -> None:
    """EN 319 411-2 CSS-6.3.10-10: without a retention the cutoff is the issuer's notBefore."""
    for status in (Good(end), Revoked(SINCE, RevocationReason.SUPERSEDED, end)):
        assert _apply(SETTINGS, status) == ([SingleResponse(CERT_IDS[0], status, ISSUER_BEGAN)], VALIDITY)


@pytest.mark.parametrize(
    ("ago", "answered"),
    [(SECOND, True), (9 * DAY, True), (10 * DAY, True), (10 * DAY + SECOND, False), (400 * DAY, False)],
)
def test_retention_ends(ago: timedelta, *, answered: bool) -> None:
    """RFC 6960 section 4.4.4: producedAt less the retention; RFC 9919 section 3.2.3: purged is unauthorized."""
    status = Good(NOW - ago)

    if answered:
        assert _apply(RETAINING, status)[0] == [SingleResponse(CERT_IDS[0], status, NOW - 10 * DAY)]
    else:
        with pytest.raises(Unauthorized):
            _apply(RETAINING, status)
        with pytest.raises(Unauthorized):
            _apply(RETAINING, Good(NOW + DAY), status)


@pytest.mark.parametrize(
    ("settings", "end", "refresh"),
    [
        (SETTINGS, NOW + 13 * HOUR, VALIDITY.refresh_at),
        (SETTINGS, VALIDITY.refresh_at, VALIDITY.refresh_at),
        (SETTINGS, NOW + HOUR, NOW + HOUR + SECOND),
        (SETTINGS, NOW, NOW + SECOND),
        (SETTINGS, NOW - HOUR, VALIDITY.refresh_at),
        (RETAINING, NOW - HOUR, VALIDITY.refresh_at),
        (RETAINING, NOW - 10 * DAY, NOW + SECOND),
        (RETAINING, NOW - 10 * DAY + HOUR, NOW + HOUR + SECOND),
    ],
)
def test_answer_is_kept_until_another_is_due(settings: OcspSettings, end: datetime, refresh: datetime) -> None:
    """With its certificate's end, or its retention's, the answer becomes another one."""
    _, validity = _apply(settings, Good(FOREVER), Good(end), Unknown())

    assert validity == replace(VALIDITY, refresh_at=refresh)


@pytest.mark.parametrize(
    ("above", "said"),
    [
        (RevocationReason.KEY_COMPROMISE, RevocationReason.CA_COMPROMISE),
        (RevocationReason.CA_COMPROMISE, RevocationReason.CA_COMPROMISE),
        (RevocationReason.CESSATION_OF_OPERATION, RevocationReason.CESSATION_OF_OPERATION),
        (RevocationReason.UNSPECIFIED, RevocationReason.UNSPECIFIED),
    ],
)
def test_all_certificates_of_a_revoked_issuer_are_revoked(above: RevocationReason, said: RevocationReason) -> None:
    """RFC 6960 section 2.7: since the CA was, or since they were themselves where that is earlier."""
    settings = replace(SETTINGS, revoked_issuer=True)
    earlier = Revoked(SINCE - DAY, RevocationReason.SUPERSEDED, FOREVER)
    later = Revoked(SINCE + DAY, RevocationReason.SUPERSEDED, FOREVER)

    singles, _ = _apply(settings, Good(FOREVER), earlier, later, issuer_revoked=Revoked(SINCE, above, FOREVER))

    inherited = Revoked(SINCE, said, FOREVER)
    assert [single.status for single in singles] == [inherited, earlier, inherited]


def test_unknown_stays_unknown_under_a_revoked_issuer() -> None:
    """What was never issued was not issued by a revoked CA either."""
    settings = replace(SETTINGS, revoked_issuer=True)

    singles, _ = _apply(settings, Unknown(), issuer_revoked=Revoked(SINCE, RevocationReason.KEY_COMPROMISE, NOW + DAY))

    assert [single.status for single in singles] == [Unknown()]


def test_revoked_issuer_changes_nothing_without_the_setting() -> None:
    """RFC 6960 section 2.7 says MAY."""
    status = Good(FOREVER)

    singles, _ = _apply(SETTINGS, status, issuer_revoked=Revoked(SINCE, RevocationReason.KEY_COMPROMISE, FOREVER))

    assert [single.status for single in singles] == [status]
