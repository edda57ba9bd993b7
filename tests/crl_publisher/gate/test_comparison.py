"""The gate by what changed: as strict as by the whole, wherever something is wrong, and only on octets that it knew."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from crl_publisher.crl.builder import build
from crl_publisher.crl.differences import entries_of, serial_of
from crl_publisher.crl.reading import parse_crl
from crl_publisher.entry_store.listing import selected_entries
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.gate import comparison
from crl_publisher.gate.comparison import compare_entries
from crl_publisher.gate.expected_entries import expected_entries
from crl_publisher.gate.findings import Findings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.plan import Plan
from crl_publisher.scope import FULL
from keys.identity import SigningIdentity
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.conftest import START
from tests.crl_publisher.crafted import entry, reason_code
from tests.crl_publisher.plans import plan_of, public_of, recorded, saying
from tests.crl_publisher.population import YEAR, Population
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
# The list is longer than two of the stretches that are compared at once.
COUNT = 4000
Change = Callable[[list[bytes], int], None]


class JournalRefresh(list[int]):
    """How often the journal was read, and behind which sequence each time."""


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> JournalRefresh:
    """Counts, and lets through."""
    seen = JournalRefresh()

    def counted(*arguments: object, after: int = 0) -> object:
        seen.append(after)
        return expected_entries(*arguments, after=after)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(comparison, "expected_entries", counted)
    return seen


def _split(octets: bytes) -> list[bytes]:
    return list(entries_of(octets, slice(0, len(octets))))


@dataclass(kw_only=True)
class Scene:
    """A public CRL of many entries that passed the gate, and the next one as it is planned."""

    database: Database
    identity: SigningIdentity
    plan: Plan
    before: list[bytes]
    entries: list[bytes]

    def found(self, entries: list[bytes], plan: Plan | None = None) -> set[str]:
        """What is wrong with this list."""
        planned = plan or self.plan
        crl = parse_crl(build(self.identity, planned.parameters, entries))
        findings = Findings()
        with self.database.read() as connection:
            compare_entries(connection, crl, planned, findings)
        return set(findings.counts)


@pytest.fixture
def scene(database: Database, population: Population, identity: SigningIdentity) -> Scene:
    """Since the public one, a certificate was revoked and a reason was raised."""
    serials = population.issue_revoked(COUNT)
    store = EntryStore(database)
    store.apply(population.issuer)
    first = plan_of(population, FULL, covers=COUNT)
    with database.read() as connection:
        before = b"".join(selected_entries(connection, first.selection))
    data = build(identity, first.parameters, [before])
    population.issue_revoked(1)
    population.revoke(serials[7], reason=RevocationReason.KEY_COMPROMISE)
    store.apply(population.issuer)
    plan = replace(
        saying(plan_of(population, FULL, covers=COUNT + 2), number=first.number + 1),
        recorded=recorded(first, first.number),
        public=public_of(data, covers=COUNT),
    )
    with database.read() as connection:
        now = b"".join(selected_entries(connection, plan.selection))
    return Scene(database=database, identity=identity, plan=plan, before=_split(before), entries=_split(now))


def test_what_changed_is_enough(scene: Scene, looks: JournalRefresh) -> None:
    """A right list is let through by the rows behind what the public CRL covers: nothing else is read."""
    assert scene.found(scene.entries) == set()
    assert looks == [COUNT]


def _drop(entries: list[bytes], place: int) -> None:
    del entries[place]


def _double(entries: list[bytes], place: int) -> None:
    entries.insert(place, entries[place])


def _double_at_the_end(entries: list[bytes], place: int) -> None:
    entries.append(entries[place])


def _add(entries: list[bytes], place: int) -> None:
    entries.insert(place, entry(0x4444, START))


def _redate(entries: list[bytes], place: int) -> None:
    octets = bytearray(entries[place])
    # The last digit of the seconds: serial with header, then 13 digits and a Z behind a header of two.
    octets[4 + octets[3] + 2 + 11] ^= 1
    entries[place] = bytes(octets)


def _rename(entries: list[bytes], place: int) -> None:
    octets = bytearray(entries[place])
    octets[4 + octets[3] - 1] ^= 1
    entries[place] = bytes(octets)


def _give_reason(entries: list[bytes], place: int) -> None:
    serial = int.from_bytes(serial_of(entries[place]))
    entries[place] = entry(serial, START, reason_code(4))


CHANGES: dict[str, tuple[Change, str]] = {
    "lost": (_drop, "crl.entry.missing"),
    "doubled": (_double, "crl.entry.duplicate"),
    "doubled at the end": (_double_at_the_end, "crl.entry.duplicate"),
    "added": (_add, "crl.entry.unknown"),
    "with another date": (_redate, "crl.entry.date"),
    "with another serial": (_rename, "crl.entry.unknown"),
    "with another reason": (_give_reason, "crl.entry.reason"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_wrong_entry_is_found_wherever_it_stands(change: str, scene: Scene) -> None:
    """First, last, in the middle, where a compared stretch ends, and those that are new themselves."""
    alter, expected = CHANGES[change]
    stretch = (1 << 16) // len(scene.entries[0])
    last = len(scene.entries) - 1
    new = [place for place, each in enumerate(scene.entries) if each not in scene.before]
    assert len(new) == 2
    for place in {0, 1, last // 2, stretch - 1, stretch, stretch + 1, 2 * stretch, last - 1, last, *new}:
        entries = list(scene.entries)
        alter(entries, place)

        assert expected in scene.found(entries), f"place {place}"


def test_two_wrongs_that_even_out_are_found(scene: Scene) -> None:
    """One lost and another one doubled leave the number of entries as it was."""
    entries = list(scene.entries)
    entries[10] = entries[11]

    assert {"crl.entry.missing", "crl.entry.duplicate"} <= scene.found(entries)


def test_entry_beside_the_one_that_replaced_it_is_found(scene: Scene) -> None:
    """With the reason that was raised since, and with the one before: the certificate stands there twice."""
    (old,) = (each for each in scene.before if each not in scene.entries)
    place = next(place for place, each in enumerate(scene.entries) if serial_of(each) == serial_of(old))

    for where in (place, place + 1):
        assert "crl.entry.duplicate" in scene.found([*scene.entries[:where], old, *scene.entries[where:]])


def test_new_entry_that_is_missing_is_found(scene: Scene) -> None:
    """The list is the public one: what came since is not in."""
    assert scene.found(scene.before) == {"crl.entry.missing", "crl.entry.reason"}


@pytest.mark.parametrize("change", ["lost", "added", "with another date"])
def test_other_octets_than_the_known_ones_are_not_trusted(change: str, scene: Scene, looks: JournalRefresh) -> None:
    """The public file was replaced after it was recognised: a wrong entry in both is still wrong."""
    alter, expected = CHANGES[change]
    falsified, entries = list(scene.before), list(scene.entries)
    place = next(place for place in range(5, 99) if entries[place] == falsified[place])
    alter(falsified, place)
    alter(entries, place)
    other = build(scene.identity, scene.plan.parameters, falsified)
    known = scene.plan.public
    assert known is not None
    swapped = replace(known, size=len(other), open=lambda: nullcontext(BytesIO(other)))

    assert expected in scene.found(entries, replace(scene.plan, public=swapped))
    assert 0 in looks


@pytest.mark.parametrize("octets", [b"", b"rubbish", b"0\x82\x01\x01", None])
def test_public_crl_that_is_gone_or_rubbish_leads_to_a_look_at_everything(octets: bytes | None, scene: Scene) -> None:
    """Somebody took it away meanwhile: a right list still passes, and a wrong one does not."""
    stream = None if octets is None else BytesIO(octets)
    known = scene.plan.public
    assert known is not None
    gone = replace(scene.plan, public=replace(known, open=lambda: nullcontext(stream)))

    assert scene.found(scene.entries[1:], gone) >= {"crl.entry.missing"}


def test_right_list_in_another_order_passes(scene: Scene) -> None:
    """No standard asks for one, and a shard that was added changes it; what is wrong in it is found all the same."""
    turned = [*scene.entries[2000:], *scene.entries[:2000]]

    assert scene.found(turned) == set()
    assert scene.found(turned[:-1]) == {"crl.entry.missing", "crl.entry.lost"}


@pytest.mark.parametrize(
    ("recorded_after", "covered", "may_go"),
    [(HOUR, COUNT + 2, True), (-HOUR, COUNT + 2, False), (HOUR, 0, False)],
    ids=["listed beyond its validity", "not listed beyond it yet", "not known to have been listed"],
)
def test_expired_entry_goes_only_when_it_is_due(
    recorded_after: timedelta,
    covered: int,
    may_go: bool,  # noqa: FBT001 - a column of the table
    scene: Scene,
    clock: FakeClock,
) -> None:
    """RFC 5280 section 3.3: once a CRL issued beyond the certificate's validity has listed it, and not before."""
    expiry = clock.now() + YEAR
    at = expiry + recorded_after
    known, record = scene.plan.public, scene.plan.recorded
    assert known is not None
    assert record is not None
    plan = replace(
        scene.plan,
        public=replace(known, this_update=at),
        recorded=replace(record, this_update=at, covers_sequence=covered),
    )
    without = [each for place, each in enumerate(scene.entries) if place not in {3, 2500}]

    assert (scene.found(without, plan) == set()) is may_go
    # One of two may stay, and nobody has to hurry.
    assert (scene.found([*without, scene.entries[3]], plan) == set()) is may_go


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True)
def test_large_crl_goes_the_fast_way(
    issuance: CrlIssuance, issuer: Issuer, population: Population, looks: JournalRefresh, clock: FakeClock, root: Path
) -> None:
    """With 30,000 entries each further CRL reads the rows that came since; after anything odd, once everything."""
    serials = population.issue_revoked(30_000)
    issuance.publish(issuer)
    assert looks == [0]
    population.revoke(serials[123], reason=RevocationReason.KEY_COMPROMISE)
    for number in range(1, 4):
        clock.advance(HOUR)
        population.issue_revoked(number)
        issuance.publish(issuer)
    assert looks == [0, 30_000, 30_002, 30_004]
    public = root / "crl" / "issuing.crl"
    # The same record, other octets: its signature's last bit.
    falsified = bytearray(public.read_bytes())
    falsified[-1] ^= 1
    public.write_bytes(falsified)

    issuance.publish(issuer)
    assert looks[4:] == [0]
    issuance.publish(issuer)
    assert looks[5:] == [30_007]
