"""The gate at its edges: what just passes, what is only told, and of what the sample and the lints are made."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from crl_publisher.config import LintProfile
from crl_publisher.crl.builder import build
from crl_publisher.crl.crl_extensions import NEXT_CRL_PUBLISH
from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import CrlRejected
from crl_publisher.gate import tolerance
from crl_publisher.gate.findings import Finding, Findings, Level
from crl_publisher.gate.inspection import inspect
from crl_publisher.gate.lints import lint
from crl_publisher.gate.sample import check_sample
from crl_publisher.plan import Plan
from crl_publisher.scope import CA, FULL
from keys.identity import SigningIdentity
from pki_revocation.database.engine import Database
from tests.crl_publisher.crafted import Parts, entry, reason_code
from tests.crl_publisher.plans import NUMBER, found, plan_of, public_of, recorded, saying
from tests.crl_publisher.population import Population
from tests.crl_publisher.publications import RULES

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """On SQLite alone: what is asked here lies above the store."""
    return sqlite_database


def warned(data: bytes, plan: Plan, database: Database, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is told of a CRL that passes."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="crl_publisher.gate.inspection"):
        inspect(data, plan, database, RULES)
    return [record.getMessage() for record in caplog.records if record.name == "crl_publisher.gate.inspection"]


def test_findings_are_counted_and_few_are_kept() -> None:
    """Five of a kind word for word; warnings stop nothing."""
    findings = Findings()
    for place in range(7):
        findings.warning("crl.told", f"told {place}")
    findings.raise_errors()
    assert not findings.errors
    for place in range(6):
        findings.error("crl.wrong", f"wrong {place}")

    assert findings.counts == {"crl.told": 7, "crl.wrong": 6}
    assert [each.message for each in findings.listed] == [
        *(f"told {place}" for place in range(5)),
        *(f"wrong {place}" for place in range(5)),
    ]
    assert findings.listed[5] == Finding(id="crl.wrong", level=Level.ERROR, message="wrong 0")
    assert list(findings.errors) == findings.listed[5:]
    assert [str(level) for level in Level] == ["error", "warning"]
    with pytest.raises(CrlRejected, match=r"crl\.wrong \(6 times\).*wrong 0"):
        findings.raise_errors()


def test_what_is_framed_wrongly_is_not_read_on(
    parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """That its list is empty too is not even looked at."""
    without = parts.changed(listed=b"").signed_by(identity)

    assert found(without, saying(plan, number=NUMBER + 1), database) == {"crl.number.unreserved"}
    assert found(without, plan, database) == {"crl.entry.missing"}


BARELY: dict[str, Callable[[Plan], Plan]] = {
    "thisUpdate at this very moment": lambda plan: saying(plan, this_update=plan.moment),
    "nextUpdate a second from now": lambda plan: saying(plan, next_update=plan.moment + SECOND),
    "a second less than ten days": lambda plan: saying(
        plan, next_update=plan.parameters.this_update + timedelta(days=10) - SECOND
    ),
    "for ever": lambda plan: replace(
        saying(plan, next_update=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)), longest_validity=None
    ),
    "until 2049": lambda plan: replace(
        saying(plan, next_update=datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)), longest_validity=None
    ),
    "until 2050": lambda plan: replace(
        saying(plan, next_update=datetime(2050, 1, 1, tzinfo=UTC)), longest_validity=None
    ),
    "the largest number": lambda plan: saying(plan, number=(1 << 159) - 1),
    "the next publication in 2049": lambda plan: saying(
        plan, next_publish=datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    ),
    "the next publication in 2050": lambda plan: saying(plan, next_publish=datetime(2050, 1, 1, 1, 2, 3, tzinfo=UTC)),
    "expired ones kept": lambda plan: saying(plan, expired_kept_since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
}


@pytest.mark.parametrize("case", BARELY)
def test_what_is_barely_right_passes(
    case: str, identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """To the second, to the year and to the number; and the gate gives what it read."""
    planned = BARELY[case](plan)
    data = build(identity, planned.parameters, entries)

    assert inspect(data, planned, database, RULES).data == data


def test_same_this_update_as_the_public_one_is_right(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Not before it; and an earlier nextUpdate is told, because somebody may have relied on the later one."""
    before = saying(plan, number=NUMBER - 1)
    data = build(identity, plan.parameters, entries)
    for later, messages in ((timedelta(0), 0), (SECOND, 1)):
        next_update = plan.parameters.next_update + later
        public = public_of(build(identity, saying(before, next_update=next_update).parameters, entries))
        told = warned(data, replace(plan, public=public), database, caplog)
        assert len(told) == messages
    assert told[0].startswith(f"issuing: CRL {NUMBER}: crl.next-update.backwards: nextUpdate ")


def test_size_is_told_or_blocks(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """As the configuration says."""
    data = build(identity, plan.parameters, entries)
    rules = replace(RULES, size_limit=len(data) - 1)
    with caplog.at_level(logging.WARNING, logger="crl_publisher.gate.inspection"):
        inspect(data, plan, database, rules)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"issuing: CRL {NUMBER}: crl.size: The CRL has {len(data)} octets, and ")
    with pytest.raises(CrlRejected) as rejected:
        inspect(data, plan, database, replace(rules, size_blocks=True))
    assert rejected.value.counts == {"crl.size": 1}


@pytest.mark.parametrize(
    ("scope", "only_authorities", "passes"), [(FULL, False, False), (FULL, True, True), (CA, False, True)]
)
def test_crl_of_authorities_is_good_for_a_year(
    scope: object,
    only_authorities: bool,  # noqa: FBT001 - a column of the table
    passes: bool,  # noqa: FBT001 - a column of the table
    identity: SigningIdentity,
    plan: Plan,
    database: Database,
) -> None:
    """BR 7.2: twelve months for CA certificates alone, ten days for all others; both are the lints' to say."""
    planned = replace(
        saying(plan, scope=scope, next_update=plan.parameters.this_update + timedelta(days=300)),
        covers_sequence=0,
        longest_validity=None,
        only_authorities=only_authorities,
    )
    data = build(identity, planned.parameters, [])
    rules = replace(RULES, profile=LintProfile.BR)
    if passes:
        inspect(data, planned, database, rules)
        return
    with pytest.raises(CrlRejected, match=r"crl\.lint\.") as rejected:
        inspect(data, planned, database, rules)
    assert all(kind.startswith("crl.lint.cabf.") for kind in rejected.value.counts)


def linted(data: bytes, profile: LintProfile) -> set[str]:
    """What pkilint says."""
    findings = Findings()
    lint(data, profile, findings)
    return {f"{each.level} {each.id}" for each in findings.listed}


def test_lints_follow_their_profile(
    parts: Parts, identity: SigningIdentity, plan: Plan, entries: list[bytes], revoked_at: datetime
) -> None:
    """None says nothing of anything, PKIX holds RFC 5280, and BR allows fewer reasons than that."""
    held = build(identity, plan.parameters, [entry(0x11, revoked_at, reason_code(6)), *entries[1:]])
    unnumbered = parts.changed(extensions=parts.extensions[:1]).signed_by(identity)

    assert linted(held, LintProfile.NONE) == linted(unnumbered, LintProfile.NONE) == set()
    assert linted(build(identity, plan.parameters, entries), LintProfile.PKIX) == set()
    assert any(each.startswith("error crl.lint.pkix.") for each in linted(unnumbered, LintProfile.PKIX))
    assert not any("cabf" in each for each in linted(held, LintProfile.PKIX))
    assert any(each.startswith("error crl.lint.cabf.") for each in linted(held, LintProfile.BR))


@pytest.mark.parametrize("count", [1, 15, 16, 17, 31, 33, 50])
def test_sample_is_from_everywhere_and_of_what_is_new(
    count: int, identity: SigningIdentity, population: Population, database: Database
) -> None:
    """Sixteen or a few more in equal steps, and the first sixteen that nobody has seen yet; each of them once."""
    revoked = population.clock.now()
    serials = sorted(population.issue(serials=range(0x100, 0x100 + count)))
    population.revoke(*serials)
    plan = plan_of(population, FULL, covers=count)
    listed = [entry(serial, revoked) for serial in serials]
    crl = parse_crl(build(identity, plan.parameters, listed))
    findings = Findings()
    with database.read() as connection:
        sample = check_sample(connection, crl, plan, listed[1:19], findings)

    step = max(1, count // 16)
    assert sample == list(dict.fromkeys([*listed[::step], *listed[1:17]]))
    assert findings.counts == {}


def test_sample_is_held_against_the_journal(
    identity: SigningIdentity, population: Population, database: Database
) -> None:
    """By what a relying party reads; what the journal does not have is the comparison's to say."""
    revoked = population.clock.now()
    population.revoke(*population.issue(serials=[0x11, 0x22, 0x33]))
    plan = plan_of(population, FULL, covers=3)
    listed = [entry(0x11, revoked, reason_code(0)), entry(0x22, revoked - SECOND), entry(0x44, revoked)]
    crl = parse_crl(build(identity, plan.parameters, listed))
    findings = Findings()
    with database.read() as connection:
        check_sample(connection, crl, plan, [], findings)

    assert findings.counts == {"crl.entry.irregular": 1, "crl.entry.date": 1}


def test_other_programs_say_more_and_do_no_harm(plan: Plan) -> None:
    """By name, not critical, and only in a CRL that another program made."""
    foreign = replace(plan, is_foreign=True)
    harmless = {
        "2.5.29.18": "issuerAltName",
        "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
        "1.3.6.1.4.1.311.21.1": "Microsoft's CA version",
        NEXT_CRL_PUBLISH: "Microsoft's next publication",
        "1.3.6.1.4.1.311.21.14": "Microsoft's CRL locations",
    }
    for oid, name in {**harmless, "2.5.29.99": None}.items():
        value = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x05\x00")
        for planned, critical in ((foreign, False), (foreign, True), (plan, False)):
            findings = Findings()
            through = tolerance.let_extension_through(x509.Extension(value.oid, critical, value), planned, findings)
            expected = name is not None and planned is foreign and not critical
            assert through is expected
            said = [f"It says {name} too, which is not recommended (BR 7.2.2)."] if expected else []
            assert [each.message for each in findings.listed] == said
            assert set(findings.counts) == ({"crl.extension.foreign"} if expected else set())


def test_key_identifier_may_name_the_right_certificate_too(plan: Plan, identity: SigningIdentity) -> None:
    """Key, issuer and serial, all three of them right (RFC 5280 section 4.2.1.1)."""
    foreign, certificate = replace(plan, is_foreign=True), plan.issuer.certificate
    key, issuer, serial = (
        identity.subject_key_identifier,
        x509.DirectoryName(certificate.issuer),
        certificate.serial_number,
    )
    other = x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Other")]))

    def through(planned: Plan, value: x509.ExtensionType) -> bool:
        findings = Findings()
        passed = tolerance.let_value_through(x509.Extension(value.oid, False, value), planned, findings)  # noqa: FBT003 - as cryptography has it
        assert set(findings.counts) == ({"crl.aki.foreign"} if passed else set())
        return passed

    right = x509.AuthorityKeyIdentifier(key, [issuer], serial)
    assert through(foreign, right)
    assert not through(plan, right)
    assert not through(foreign, x509.CRLNumber(5))
    for wrong in (
        x509.AuthorityKeyIdentifier(b"x" * 20, [issuer], serial),
        x509.AuthorityKeyIdentifier(key, [issuer], serial + 1),
        x509.AuthorityKeyIdentifier(key, [other], serial),
        x509.AuthorityKeyIdentifier(key, [issuer, other], serial),
        x509.AuthorityKeyIdentifier(key, None, None),
    ):
        assert not through(foreign, wrong)


def test_dates_of_another_program_are_near(plan: Plan) -> None:
    """Within a day to the second, on either side (BR 4.9.7)."""
    foreign = replace(plan, is_foreign=True)
    for difference, is_near in (
        (timedelta(0), True),
        (DAY, True),
        (-DAY, True),
        (DAY + SECOND, False),
        (-DAY - SECOND, False),
    ):
        assert tolerance.is_date_near(plan.moment + difference, plan.moment, foreign) is is_near
        assert not tolerance.is_date_near(plan.moment + difference, plan.moment, plan)


def test_advice_is_for_who_signed_elsewhere(plan: Plan) -> None:
    """A revocation that the journal lacks can be taken in; our own CRL has none."""
    assert tolerance.advice_on_unknown(plan) == ""
    assert "pki-revocation revoke" in tolerance.advice_on_unknown(replace(plan, is_foreign=True))


def test_number_is_above_both(identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database) -> None:
    """The public one's and the recorded one's, each told by itself."""
    public = public_of(build(identity, saying(plan, number=NUMBER).parameters, entries))
    both = replace(plan, public=public, recorded=recorded(plan, NUMBER))

    assert found(build(identity, plan.parameters, entries), both, database) == {
        "crl.number.not-above-public",
        "crl.number.not-above-recorded",
    }
