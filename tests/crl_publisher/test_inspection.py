"""The gate: each single thing that can be wrong with a CRL is found, under its own name."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crl_publisher.builder import build
from crl_publisher.crl_extensions import Particulars
from crl_publisher.errors import CrlRejected
from crl_publisher.inspection import inspect
from crl_publisher.plan import Plan
from crl_publisher.public import PublicCrl
from crl_publisher.reading import read_crl
from crl_publisher.store import PublishedCrl
from keys.identity import SigningIdentity
from pki_revocation import journal
from pki_revocation.database import Database
from pki_revocation.der import (
    extension,
    generalized_time,
    integer,
    object_identifier,
    sequence,
    time,
    tlv,
)
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.crafted import (
    ISSUING_DISTRIBUTION_POINT,
    Change,
    Parts,
    crl_number,
    entry,
    key_identifier,
    parts_of,
    reason_code,
)
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publishing import RULES
from tests.fakes import FakeClock
from tests.pki import name

NUMBER = 1_800_000_000
SERIALS = (0x11, 0x22, 0x33)
HOUR = timedelta(hours=1)
INVALIDITY_DATE = object_identifier("2.5.29.24")


@pytest.fixture
def identity(one_key: OneKey, issuer: Issuer) -> SigningIdentity:
    """The CA's."""
    return one_key.crl_identity(issuer)


@pytest.fixture
def revoked_at(population: Population, clock: FakeClock) -> datetime:
    """Three certificates are revoked: without a reason, for keyCompromise with a date, and superseded."""
    population.issue(serials=SERIALS)
    now = clock.now()
    population.revoke(0x11)
    population.revoke(0x22, reason=RevocationReason.KEY_COMPROMISE, invalidity_date=now - HOUR)
    population.revoke(0x33, reason=RevocationReason.SUPERSEDED)
    return now


@pytest.fixture
def entries(revoked_at: datetime) -> list[bytes]:
    """Their entries as they should be."""
    invalidity = extension(INVALIDITY_DATE, generalized_time(revoked_at - HOUR))
    return [
        entry(0x11, revoked_at),
        entry(0x22, revoked_at, reason_code(1), invalidity),
        entry(0x33, revoked_at, reason_code(4)),
    ]


@pytest.fixture
def plan(issuer: Issuer, clock: FakeClock, database: Database, revoked_at: datetime) -> Plan:
    """A first CRL that covers the three."""
    with database.read() as connection:
        covers = journal.read_head(connection, issuer.id).sequence
    return Plan(
        issuer=issuer,
        particulars=Particulars(
            number=NUMBER,
            this_update=clock.now() - timedelta(seconds=60),
            next_update=clock.now() + timedelta(hours=48),
        ),
        moment=clock.now(),
        covers_sequence=covers,
        longest_validity=timedelta(days=10),
        recorded=None,
        public=None,
    )


@pytest.fixture
def parts(identity: SigningIdentity, plan: Plan, entries: list[bytes]) -> Parts:
    """The parts of a CRL that the gate lets through."""
    return parts_of(identity, plan.particulars, entries)


def saying(plan: Plan, **particulars: Any) -> Plan:  # noqa: ANN401 - any of the particulars
    """The plan with other particulars."""
    return replace(plan, particulars=replace(plan.particulars, **particulars))


def public(data: bytes, *, covers: int | None = None) -> PublicCrl:
    """A CRL that is public; one that was never recorded here unless it says what it *covers*."""
    crl = read_crl(data)
    return PublicCrl(
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        size=len(data),
        sha256=crl.sha256,
        covers=covers,
        open=lambda: nullcontext(BytesIO(data)),
    )


def found(data: bytes, plan: Plan, database: Database) -> set[str]:
    """What the gate finds wrong."""
    try:
        inspect(data, plan, database, RULES)
    except CrlRejected as rejected:
        return set(rejected.counts)
    return set()


def test_right_crl_passes(
    parts: Parts, identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """Crafted from parts and made by the builder alike: what the other tests change is right to begin with."""
    assert found(parts.signed_by(identity), plan, database) == set()
    assert found(build(identity, plan.particulars, entries), plan, database) == set()


def test_every_flipped_bit_is_found(parts: Parts, identity: SigningIdentity, plan: Plan, database: Database) -> None:
    """One bit in each octet, from the first to the last."""
    data = parts.signed_by(identity)
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        assert found(bytes(flipped), plan, database), f"octet {place}"


@pytest.mark.parametrize("tail", [b"\0", b"\n", b"0\0"])
def test_trailing_octets_are_found(
    tail: bytes, parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """One CertificateList and nothing behind it."""
    assert found(parts.signed_by(identity) + tail, plan, database) == {"crl.unreadable"}


FRAMES: dict[str, tuple[str, Change]] = {
    "version 1": ("crl.version", lambda parts: parts.changed(version=b"", extensions=())),
    "algorithms differ": (
        "crl.algorithm.mismatch",
        lambda parts: parts.changed(outer_algorithm=sequence(object_identifier("1.2.840.10045.4.3.3"))),
    ),
    "another encoding of the algorithm": (
        "crl.algorithm.encoding",
        lambda parts: parts.changed(algorithm=sequence(object_identifier("1.2.840.10045.4.3.2"), tlv(0x05))),
    ),
    "another issuer": ("crl.issuer", lambda parts: parts.changed(issuer=name("Somebody else").public_bytes())),
    "the empty list": ("crl.entries.empty-list", lambda parts: parts.changed(listed=sequence())),
    "no AKI": ("crl.aki", lambda parts: parts.changed(extensions=(crl_number(NUMBER),))),
    "another AKI": ("crl.aki", lambda parts: parts.changed(extensions=(key_identifier(b"x" * 20), crl_number(NUMBER)))),
    "no number": ("crl.number.missing", lambda parts: parts.changed(extensions=parts.extensions[:1])),
    "a number that was not reserved": (
        "crl.number.unreserved",
        lambda parts: parts.changed(extensions=(parts.extensions[0], crl_number(NUMBER + 1))),
    ),
    "a number of 20 octets and a bit": (
        "crl.number.too-large",
        lambda parts: parts.changed(extensions=(parts.extensions[0], crl_number(1 << 159))),
    ),
    "a critical number": (
        "crl.extension.criticality",
        lambda parts: parts.changed(extensions=(parts.extensions[0], crl_number(NUMBER, critical=True))),
    ),
    "an extension twice": (
        "crl.unreadable",
        lambda parts: parts.changed(extensions=(*parts.extensions, crl_number(NUMBER))),
    ),
    "a distribution point on a full CRL": (
        "crl.extension.unexpected",
        lambda parts: parts.changed(
            extensions=(
                *parts.extensions,
                extension(ISSUING_DISTRIBUTION_POINT, sequence(tlv(0x81, b"\xff")), critical=True),
            )
        ),
    ),
    "no nextUpdate": ("crl.next-update.missing", lambda parts: parts.changed(next_update=b"")),
}


@pytest.mark.parametrize("case", FRAMES)
def test_wrong_frame_is_found(
    case: str, parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """Everything around the list, signed all the same."""
    expected, change = FRAMES[case]

    # The strict parser refuses some of these before anybody can look closer.
    assert {expected, "crl.unreadable"} & found(change(parts).signed_by(identity), plan, database)


def test_signature_of_another_key_is_found(
    parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """A right CRL in the CA's name, signed by somebody else's key."""
    other = replace(identity, key=ec.generate_private_key(ec.SECP256R1()))

    assert found(parts.signed_by(other), plan, database) == {"crl.signature"}


TIMES: dict[str, tuple[str, Callable[[Plan], Plan]]] = {
    "thisUpdate in the future": (
        "crl.this-update.future",
        lambda plan: saying(plan, this_update=plan.moment + timedelta(seconds=1)),
    ),
    "nextUpdate in the past": ("crl.next-update.past", lambda plan: saying(plan, next_update=plan.moment)),
    "nextUpdate ten days away, both ends counted": (
        "crl.next-update.too-far",
        lambda plan: saying(plan, next_update=plan.particulars.this_update + timedelta(days=10)),
    ),
}


@pytest.mark.parametrize("case", TIMES)
def test_impossible_times_are_found(
    case: str, identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """Even when they were planned that way."""
    expected, change = TIMES[case]
    planned = change(plan)

    assert found(build(identity, planned.particulars, entries), planned, database) == {expected}


@pytest.mark.parametrize("field", ["this_update", "next_update"])
def test_times_that_were_not_planned_are_found(
    field: str, parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """A second off is not what was planned and recorded."""
    moment = getattr(plan.particulars, field) - timedelta(seconds=1)

    wrong = parts.changed(**{field: time(moment)}).signed_by(identity)

    assert found(wrong, plan, database) == {f"crl.{field.replace('_', '-')}.unplanned"}


def test_time_of_the_wrong_type_is_found(
    parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """GeneralizedTime is for 2050 and later (RFC 5280 section 5.1.2.4)."""
    wrong = parts.changed(next_update=generalized_time(plan.particulars.next_update)).signed_by(identity)

    assert found(wrong, plan, database) & {"crl.time.type", "crl.unreadable"}


ENTRIES: dict[str, tuple[str, Callable[[list[bytes], datetime], list[bytes]]]] = {
    "one is missing": ("crl.entry.missing", lambda entries, _: entries[:1] + entries[2:]),
    "the last one is missing": ("crl.entry.missing", lambda entries, _: entries[:2]),
    "all are missing": ("crl.entry.missing", lambda _, __: []),
    "one is not in the journal": ("crl.entry.unknown", lambda entries, at: [*entries, entry(0x44, at)]),
    "one stands there twice": ("crl.entry.duplicate", lambda entries, _: [entries[0], *entries]),
    "another date": (
        "crl.entry.date",
        lambda entries, at: [entry(0x11, at + timedelta(seconds=1)), *entries[1:]],
    ),
    "a reason that nobody gave": (
        "crl.entry.reason",
        lambda entries, at: [entry(0x11, at, reason_code(5)), *entries[1:]],
    ),
    "a reason that was left out": ("crl.entry.reason", lambda entries, at: [*entries[:2], entry(0x33, at)]),
    "an invalidity date that was left out": (
        "crl.entry.invalidity-date",
        lambda entries, at: [entries[0], entry(0x22, at, reason_code(1)), entries[2]],
    ),
    "the reason unspecified": (
        "crl.entry.irregular",
        lambda entries, at: [entry(0x11, at, reason_code(0)), *entries[1:]],
    ),
    "a hold": ("crl.entry.irregular", lambda entries, at: [entry(0x11, at, reason_code(6)), *entries[1:]]),
    "a reason that does not exist": (
        "crl.unreadable",
        lambda entries, at: [entry(0x11, at, reason_code(7)), *entries[1:]],
    ),
    "a critical reason": (
        "crl.entry.irregular",
        lambda entries, at: [*entries[:2], entry(0x33, at, reason_code(4, critical=True))],
    ),
    "a date of the wrong type": (
        "crl.entry.encoding",
        lambda entries, at: [sequence(integer(0x11), generalized_time(at)), *entries[1:]],
    ),
    "a date of the wrong type before a reason": (
        "crl.entry.encoding",
        lambda entries, at: [*entries[:2], sequence(integer(0x33), generalized_time(at), sequence(reason_code(4)))],
    ),
    "an empty list of extensions": (
        "crl.entry.encoding",
        lambda entries, at: [sequence(integer(0x11), time(at), sequence()), *entries[1:]],
    ),
    "a negative serial": (
        "crl.entry.unknown",
        lambda entries, at: [sequence(tlv(0x02, b"\xef"), time(at)), *entries[1:]],
    ),
}


@pytest.mark.parametrize("case", ENTRIES)
def test_wrong_entries_are_found(
    case: str, identity: SigningIdentity, plan: Plan, entries: list[bytes], revoked_at: datetime, database: Database
) -> None:
    """The list is held against the journal, entry by entry."""
    expected, change = ENTRIES[case]

    data = build(identity, plan.particulars, change(entries, revoked_at))

    assert expected in found(data, plan, database)


def test_many_findings_are_counted_and_few_are_told(
    identity: SigningIdentity, plan: Plan, population: Population, database: Database
) -> None:
    """A CRL that lost a thousand entries gives a short sentence with the number in it."""
    population.issue_revoked(1000)
    planned = replace(plan, covers_sequence=1003)

    with pytest.raises(CrlRejected, match=r"crl\.entry\.missing \(1003 times\)") as rejected:
        inspect(build(identity, planned.particulars, []), planned, database, RULES)

    assert len(str(rejected.value)) < 1000


def test_order_of_the_list_is_free(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """No standard asks for one."""
    assert found(build(identity, plan.particulars, entries[::-1]), plan, database) == set()


def test_rows_behind_the_covered_sequence_are_not_in(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], population: Population, database: Database
) -> None:
    """What a CRL covers is exactly what it says: a further revocation, and a raise of one, belong on the next."""
    (later,) = population.issue(serials=[0x44])
    (revocation,) = population.revoke(later)
    (raised,) = population.revoke(0x11, reason=RevocationReason.KEY_COMPROMISE)
    further = [*entries, entry(later, revocation.revocation_date)]
    with_raise = [entry(0x11, raised.revocation_date, reason_code(1)), *entries[1:]]

    assert found(build(identity, plan.particulars, entries), plan, database) == set()
    assert found(build(identity, plan.particulars, further), plan, database) == {"crl.entry.unknown"}
    assert found(build(identity, plan.particulars, with_raise), plan, database) == {"crl.entry.reason"}


@pytest.mark.parametrize(("above", "expected"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize("which", ["public", "recorded"])
def test_number_must_be_above_what_is_public_and_recorded(
    above: int,
    expected: bool,  # noqa: FBT001 - a column of the table
    which: str,
    identity: SigningIdentity,
    plan: Plan,
    entries: list[bytes],
    database: Database,
) -> None:
    """An old number, and the same number again, are found; the next one passes."""
    before = build(identity, saying(plan, number=NUMBER - above).particulars, entries)
    if which == "public":
        later = replace(plan, public=public(before))
    else:
        later = replace(plan, recorded=recorded(plan, NUMBER - above))

    result = found(build(identity, plan.particulars, entries), later, database)

    assert (f"crl.number.not-above-{which}" in result) is expected


def test_this_update_never_goes_backwards(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """A CRL that looks older than the public one is found."""
    second_later = plan.particulars.this_update + timedelta(seconds=1)
    before = saying(plan, number=NUMBER - 1, this_update=second_later)
    later = replace(plan, public=public(build(identity, before.particulars, entries)))

    assert found(build(identity, plan.particulars, entries), later, database) == {"crl.this-update.backwards"}


def test_lost_serial_of_the_public_crl_is_found(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], revoked_at: datetime, database: Database
) -> None:
    """Also one that the journal never heard of, as after a restore from an old backup."""
    before = build(identity, saying(plan, number=NUMBER - 1).particulars, [*entries, entry(0x44, revoked_at)])
    later = replace(plan, public=public(before))

    assert found(build(identity, plan.particulars, entries), later, database) == {"crl.entry.lost"}


def test_expired_entry_may_go_after_one_more_crl(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], clock: FakeClock, database: Database
) -> None:
    """Once it was on a CRL issued beyond the certificate's validity, and not before (RFC 5280 section 3.3)."""
    after_expiry = clock.now() + timedelta(days=366)
    times = {"this_update": after_expiry, "next_update": after_expiry + timedelta(hours=48)}
    moved = replace(saying(plan, **times), moment=after_expiry)
    early, late = (
        replace(recorded(plan, 5), this_update=at) for at in (plan.particulars.this_update, after_expiry - HOUR)
    )
    without = build(identity, moved.particulars, entries[1:])

    assert found(without, replace(moved, recorded=early), database) == {"crl.entry.missing"}
    assert found(without, replace(moved, recorded=late), database) == set()
    assert found(without, replace(moved, recorded=replace(late, covers_sequence=0)), database) == {"crl.entry.missing"}


def recorded(plan: Plan, number: int) -> PublishedCrl:
    """A record of an earlier CRL that covered the same."""
    return PublishedCrl(
        issuer=plan.issuer.name,
        scope=plan.scope.name,
        number=number,
        base_number=None,
        this_update=plan.particulars.this_update,
        next_update=plan.particulars.next_update,
        covers_sequence=plan.covers_sequence,
        entries=3,
        size=1,
        sha256="",
        published_at=plan.moment,
    )
