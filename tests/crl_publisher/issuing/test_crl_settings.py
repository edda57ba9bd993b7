"""What [crl] adds to CRLs and asks of them: expired certificates, Microsoft's extension, sizes, and the lints."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from crl_publisher.config import CrlSettings, LintProfile, PublisherSettings
from crl_publisher.crl.builder import build
from crl_publisher.crl.crl_extensions import EXPIRED_CERTS_ON_CRL, NEXT_CRL_PUBLISH
from crl_publisher.crl.reading import ParsedCrl
from crl_publisher.errors import CrlRejected
from crl_publisher.issuing import issuance as issuance_module
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.timing import SettingsTiming
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.scheduling.coverage import MAKING
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import generalized_time, time
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import crl_at, issuance_of, serials
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Publishers:
    """Issuance with one setting or another, on the same database and folder."""

    def __init__(self, database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet) -> None:
        """All that it needs."""
        self._parts = (database, clock, one_key, outlet)

    def __call__(self, settings: CrlSettings, *, validity: timedelta = 48 * HOUR) -> CrlIssuance:
        """One of them."""
        timings = SettingsTiming(PublisherSettings(validity=validity))
        return issuance_of(*self._parts, settings=settings, timings=timings)


@pytest.fixture
def publishers(database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet) -> Publishers:
    """Of the issuer."""
    return Publishers(database, clock, one_key, outlet)


def octets_of(crl: ParsedCrl, oid: str) -> bytes | None:
    """An extension that is known as octets alone; it is not critical."""
    for each in crl.extensions:
        if each.oid.dotted_string == oid:
            assert not each.critical
            assert isinstance(each.value, x509.UnrecognizedExtension)
            return each.value.value
    return None


def test_expired_certificates_stay_listed_where_that_is_set(
    publishers: Publishers, issuer: Issuer, population: Population, clock: FakeClock, root: Path
) -> None:
    """And the CRL says since when: from the CA's beginning (X.509 clause 9.5.2.8)."""
    (short,) = population.issue(lifetime=DAY)
    population.revoke(short)
    keeping, dropping = publishers(CrlSettings(keep_expired=True)), publishers(CrlSettings())
    for _ in range(3):
        keeping.publish(issuer)
        clock.advance(2 * DAY)
    crl = crl_at(root, issuer)
    assert serials(crl) == {short}
    assert octets_of(crl, EXPIRED_CERTS_ON_CRL) == generalized_time(issuer.certificate.not_valid_before_utc)

    dropping.publish(issuer)
    crl = crl_at(root, issuer)
    assert (serials(crl), octets_of(crl, EXPIRED_CERTS_ON_CRL)) == (set(), None)

    # What had gone comes back, so that the CRL's word holds from its first day on.
    keeping.publish(issuer)
    assert serials(crl_at(root, issuer)) == {short}


def test_kept_entry_that_is_missing_is_found(
    publishers: Publishers, issuer: Issuer, population: Population, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where expired ones stay, none may go."""
    population.revoke(*population.issue(lifetime=DAY))
    keeping = publishers(CrlSettings(keep_expired=True))
    keeping.publish(issuer)
    clock.advance(2 * DAY)
    keeping.publish(issuer)
    monkeypatch.setattr(issuance_module, "build", lambda identity, said, _, spool: build(identity, said, [], spool))

    with pytest.raises(CrlRejected, match=r"crl\.entry\.missing"):
        keeping.publish(issuer)


def test_next_publication_is_said_where_that_is_set(
    publishers: Publishers, issuer: Issuer, clock: FakeClock, root: Path
) -> None:
    """Microsoft's extension: when the routine brings the next one, before nextUpdate."""
    publishers(CrlSettings(next_publish=True)).publish(issuer)

    crl = crl_at(root, issuer)
    assert octets_of(crl, NEXT_CRL_PUBLISH) == time(clock.now() + HOUR + MAKING)
    assert crl.next_update is not None
    assert clock.now() + HOUR + MAKING < crl.next_update
    publishers(CrlSettings()).publish(issuer)
    assert octets_of(crl_at(root, issuer), NEXT_CRL_PUBLISH) is None


def test_too_large_a_crl_is_published_with_a_warning(
    publishers: Publishers, issuer: Issuer, population: Population, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Relying parties are better off with a large CRL than with an old one."""
    population.issue_revoked(400)

    made = publishers(CrlSettings(size_limit=10_000)).publish(issuer)

    assert made.size > 10_000
    assert len(crl_at(root, issuer)) == 400
    assert f"crl.size: The CRL has {made.size} octets, and 10000 are what relying parties take" in caplog.text


def test_too_large_a_crl_is_stopped_where_that_is_set(
    publishers: Publishers, issuer: Issuer, population: Population, root: Path
) -> None:
    """The last good one stays."""
    blocking = CrlSettings(size_limit=10_000, size_blocks=True)
    size = publishers(blocking).publish(issuer).size
    before = crl_at(root, issuer).data
    population.issue_revoked(400)

    with pytest.raises(CrlRejected) as rejected:
        publishers(blocking).publish(issuer)

    assert set(rejected.value.counts) == {"crl.size"}
    assert crl_at(root, issuer).data == before
    assert size < 1000


@pytest.mark.parametrize("profile", LintProfile)
def test_ordinary_crls_pass_every_profile(
    profile: LintProfile, publishers: Publishers, issuer: Issuer, population: Population, root: Path
) -> None:
    """Empty, and with each reason that an operator may give."""
    publisher = publishers(CrlSettings(lint=profile))
    publisher.publish(issuer)
    for reason in (RevocationReason.SUPERSEDED, RevocationReason.PRIVILEGE_WITHDRAWN):
        population.issue_revoked(1, reason=reason)

    publisher.publish(issuer)

    assert len(crl_at(root, issuer)) == 2


def test_reason_that_only_the_baseline_requirements_forbid(
    publishers: Publishers, issuer: Issuer, population: Population, root: Path
) -> None:
    """AACompromise is a reason to RFC 5280 and none to BR 7.2.2."""
    population.issue_revoked(1, reason=RevocationReason.AA_COMPROMISE)

    publishers(CrlSettings(lint=LintProfile.PKIX)).publish(issuer)
    before = crl_at(root, issuer).data
    with pytest.raises(CrlRejected, match=r"crl\.lint\.cabf\."):
        publishers(CrlSettings(lint=LintProfile.BR)).publish(issuer)

    assert crl_at(root, issuer).data == before


def test_without_lints_pkilint_is_not_asked(
    publishers: Publishers, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some PKIs have good reasons to differ; the gate's own findings stay."""
    from crl_publisher.gate import pkilint_profiles  # noqa: PLC0415 - patched here alone

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(pkilint_profiles, "_validator", refuse)

    publishers(CrlSettings(lint=LintProfile.NONE)).publish(issuer)
    with pytest.raises(AssertionError):
        publishers(CrlSettings()).publish(issuer)
