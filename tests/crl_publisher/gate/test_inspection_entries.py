"""The gate on the list of entries: whatever is not as the journal and the public CRL have it is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crl_publisher.crl.builder import build
from crl_publisher.errors import CrlRejected
from crl_publisher.gate.inspection import inspect
from crl_publisher.plan import Plan
from keys.identity import SigningIdentity
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import generalized_time, integer, sequence, time, tlv
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.crafted import (
    entry,
    reason_code,
)
from tests.crl_publisher.plans import NUMBER, found, public_of, recorded, saying
from tests.crl_publisher.population import Population
from tests.crl_publisher.publications import RULES
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)


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

    data = build(identity, plan.parameters, change(entries, revoked_at))

    assert expected in found(data, plan, database)


def test_many_findings_are_counted_and_few_are_told(
    identity: SigningIdentity, plan: Plan, population: Population, database: Database
) -> None:
    """A CRL that lost a thousand entries gives a short sentence with the number in it."""
    population.issue_revoked(1000)
    planned = replace(plan, covers_sequence=1003)

    with pytest.raises(CrlRejected, match=r"crl\.entry\.missing \(1003 times\)") as rejected:
        inspect(build(identity, planned.parameters, []), planned, database, RULES)

    assert len(str(rejected.value)) < 1000


def test_order_of_the_list_is_free(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """No standard asks for one."""
    assert found(build(identity, plan.parameters, entries[::-1]), plan, database) == set()


def test_rows_behind_the_covered_sequence_are_not_in(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], population: Population, database: Database
) -> None:
    """What a CRL covers is exactly what it says: a further revocation, and a raise of one, belong on the next."""
    (later,) = population.issue(serials=[0x44])
    (revocation,) = population.revoke(later)
    (raised,) = population.revoke(0x11, reason=RevocationReason.KEY_COMPROMISE)
    further = [*entries, entry(later, revocation.revocation_date)]
    with_raise = [entry(0x11, raised.revocation_date, reason_code(1)), *entries[1:]]

    assert found(build(identity, plan.parameters, entries), plan, database) == set()
    assert found(build(identity, plan.parameters, further), plan, database) == {"crl.entry.unknown"}
    assert found(build(identity, plan.parameters, with_raise), plan, database) == {"crl.entry.reason"}


def test_lost_serial_of_the_public_crl_is_found(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], revoked_at: datetime, database: Database
) -> None:
    """Also one that the journal never heard of, as after a restore from an old backup."""
    before = build(identity, saying(plan, number=NUMBER - 1).parameters, [*entries, entry(0x44, revoked_at)])
    later = replace(plan, public=public_of(before))

    assert found(build(identity, plan.parameters, entries), later, database) == {"crl.entry.lost"}


def test_expired_entry_may_go_after_one_more_crl(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], clock: FakeClock, database: Database
) -> None:
    """Once it was on a CRL issued beyond the certificate's validity, and not before (RFC 5280 section 3.3)."""
    after_expiry = clock.now() + timedelta(days=366)
    times = {"this_update": after_expiry, "next_update": after_expiry + timedelta(hours=48)}
    moved = replace(saying(plan, **times), moment=after_expiry)
    early, late = (
        replace(recorded(plan, 5), this_update=at) for at in (plan.parameters.this_update, after_expiry - HOUR)
    )
    without = build(identity, moved.parameters, entries[1:])

    assert found(without, replace(moved, recorded=early), database) == {"crl.entry.missing"}
    assert found(without, replace(moved, recorded=late), database) == set()
    assert found(without, replace(moved, recorded=replace(late, covers_sequence=0)), database) == {"crl.entry.missing"}
