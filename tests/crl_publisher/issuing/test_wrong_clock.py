"""Whatever a machine's clock does: nothing dated after a revocation omits it, nothing is dated ahead, nothing stops."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import LastCrlInFuture
from crl_publisher.issuing.planning import fix_moment
from crl_publisher.outlets import DirectoryOutlet
from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import APART, Clock, SystemClock
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper
from pki_revocation.database.clock_marks import STABLE
from pki_revocation.database.commit_fence import FENCE_SUFFIX, moment_past_file_fence
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal_heads
from pki_revocation.database.sound_clock import judgement
from pki_revocation.errors import ClockBehindJournal
from pki_revocation.model import Channel, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from pki_revocation.register.journal_heads import TAKEN_BACK
from pki_revocation.service import RevocationRequest, RevocationService
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import events, issuance_of, serials
from tests.databases import new_sqlite
from tests.machines import Machine, Process
from tests.pki import CertificateAuthority

START = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
AUTHORITY = CertificateAuthority("Clock CA")
VERIFIER = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)


@dataclass
class World:
    """A machine, processes of it, and what was dated: by when, and what of the journal it has."""

    database: Database
    machine: Machine
    issuer: Issuer
    processes: list[Process]
    dated: list[tuple[datetime, int]] = field(default_factory=list)
    truth: datetime = START
    worst: timedelta = timedelta()

    def do(self, act: str, which: int, seconds: int) -> None:
        """One act, by one of the processes."""
        length = timedelta(seconds=seconds)
        process = self.processes[which % len(self.processes)]
        if act == "wait":
            self.machine.wait(abs(length))
            self.truth += abs(length)
        elif act == "step":
            self.machine.step(length)
        elif act == "set back":
            self.do("wait", which, seconds)
            self.answer(process.clock)
            self.machine.step(-abs(length))
            self.revoke(self.processes[0].clock)
        elif act == "look":
            process.look.take()
        elif act == "begin":
            self.processes[which % len(self.processes)] = self.machine.process(self.database)
        elif act == "answer":
            self.answer(process.clock)
        elif act == "crl":
            self.crl(process.clock)
        else:
            self.revoke(process.clock)

    def answer(self, clock: Clock) -> None:
        """As the responder's two ways date one."""
        if len(self.dated) % 2:
            file = Path(f"{self.database.url.database}{FENCE_SUFFIX}")
            moment = moment_past_file_fence(file, clock)
            with self.database.read() as connection:
                found = journal.read_head(connection, self.issuer.id).sequence
        else:
            with self.database.read_dated(clock, self.issuer.id) as (connection, moment):
                found = journal.read_head(connection, self.issuer.id).sequence
        assert moment is not None
        self._note(moment, found)

    def crl(self, clock: Clock) -> None:
        """As a CRL's moment is fixed."""
        with self.database.write() as connection:
            moment, covers, _ = fix_moment(connection, self.issuer, clock, AuditTrail(clock))
        self._note(moment, covers)

    def revoke(self, clock: Clock) -> None:
        """It is never refused, and nothing that was dated without it is dated after it, but for what is wrong."""
        (serial,) = Population(self.database, self.issuer, self.machine.wall).issue()
        latest = judgement(clock).latest
        request = RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.OPERATOR)
        made = _service(self.database, clock).revoke_for_operator(None, serial, request)
        at, sequence = made.revoked_at, made.entry.sequence
        omitted = [moment for moment, covers in self.dated if covers < sequence and at < moment <= latest]
        assert not omitted
        self._note(at, sequence)

    def _note(self, moment: datetime, sequence: int) -> None:
        self.dated.append((moment, sequence))
        self.worst = max(self.worst, moment - self.truth)


def _service(database: Database, clock: Clock) -> RevocationService:
    return RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=VERIFIER)


def _world(folder: str) -> World:
    database, machine = new_sqlite(Path(folder) / "revocation.db"), Machine(START)
    with database.write() as connection:
        issuer = add_issuer(
            connection, name="issuing", certificate=AUTHORITY.certificate, is_default=True, clock=machine.wall
        )
    return World(database, machine, issuer, [machine.process(database) for _ in range(3)])


SECONDS = st.one_of(st.integers(-10, 10), st.integers(-120, 120), st.integers(-9000, 9000))
ACTS = st.sampled_from(
    ["wait", "wait", "step", "step", "answer", "answer", "crl", "revoke", "set back", "look", "begin"]
)


def played(acts: list[tuple[str, int, int]]) -> World:
    """A world after these acts."""
    with tempfile.TemporaryDirectory(prefix="pki-clock-") as folder:
        world = _world(folder)
        with world.database:
            for act, which, seconds in acts:
                world.do(act, which, seconds)
        return world


@given(st.lists(st.tuples(ACTS, st.integers(0, 2), SECONDS), min_size=25, max_size=40))
def test_nothing_dated_after_a_revocation_omits_it(acts: list[tuple[str, int, int]]) -> None:
    """The rule of docs/ca-operations.md: steps of any size, marks that are renewed, processes that come and go."""
    played(acts)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["wait", "step", "answer", "crl", "revoke", "look", "begin"]),
            st.integers(0, 2),
            st.one_of(st.integers(-10, 10), st.integers(-9000, 9000)),
        ),
        min_size=25,
        max_size=40,
    )
)
def test_nothing_is_dated_ahead_while_a_step_is_not_believed(acts: list[tuple[str, int, int]]) -> None:
    """However the clock is set about, within ten minutes: answers, CRLs and revocations are not ahead."""
    within = STABLE.total_seconds() / 41
    world = played([(act, which, int(seconds % within) if act == "wait" else seconds) for act, which, seconds in acts])
    assert world.worst <= APART


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """One without a clock of its own; what a server's clock does is below."""
    return sqlite_database


@pytest.fixture
def machine() -> Machine:
    """A machine with the right time."""
    return Machine(START)


@pytest.fixture
def clock(machine: Machine) -> Clock:
    """What else is made on this database was made by its clock."""
    return machine.wall


Publish = Callable[[], "tuple[datetime, set[int]]"]


@pytest.fixture
def publish(
    database: Database, machine: Machine, one_key: OneKey, outlet: DirectoryOutlet, issuer: Issuer, public_file: Path
) -> Publish:
    """Publishes by a process that starts then; gives thisUpdate and what is listed."""

    def publish() -> tuple[datetime, set[int]]:
        issuance_of(database, machine.process(database).clock, one_key, outlet).publish(issuer)
        crl = parse_crl(public_file.read_bytes())
        return crl.this_update, serials(crl)

    return publish


def test_two_hours_ahead_for_some_seconds_leave_nothing_ahead(
    database: Database, machine: Machine, issuer: Issuer, publish: Publish
) -> None:
    """The whole machine: a revocation and a CRL in it, by processes that started in it, are dated by the boot clock."""
    machine.process(database)
    first, second = Population(database, issuer, machine.wall).issue(2)
    machine.step(2 * HOUR)
    request = RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.OPERATOR)
    service = _service(database, machine.process(database).clock)
    assert service.revoke_for_operator(None, first, request).revoked_at == START
    this_update, listed = publish()
    machine.wait(5 * SECOND)
    machine.step(-2 * HOUR)

    assert this_update <= START
    assert listed == {first}
    assert service.revoke_for_operator(None, second, request).revoked_at == START + 5 * SECOND
    assert publish() == (START + 5 * SECOND - timedelta(minutes=1), {first, second})


def test_hour_ahead_that_was_believed_is_mended_when_it_is_over(
    database: Database, machine: Machine, issuer: Issuer, publish: Publish
) -> None:
    """Head and CRL are ahead for certain when the clock returns: the next CRL is dated honestly, and audited."""
    (serial,) = Population(database, issuer, machine.wall).issue()
    process = machine.process(database)
    machine.step(HOUR)
    process.look.take()
    machine.wait(STABLE)
    process.look.take()
    request = RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.OPERATOR)
    ahead = _service(database, process.clock).revoke_for_operator(None, serial, request).revoked_at
    assert ahead == START + STABLE + HOUR
    assert publish()[0] == ahead - timedelta(minutes=1)
    machine.step(-HOUR)

    this_update, listed = publish()

    assert this_update == machine.wall.now() - timedelta(minutes=1)
    assert listed == {serial}
    assert TAKEN_BACK in events(database)
    with database.read() as connection:
        assert connection.execute(select(journal_heads.c.last_at)).scalar_one() == machine.wall.now()


def test_crl_that_is_ahead_of_a_clock_that_stands_alone_is_followed_or_refused(
    database: Database, machine: Machine, one_key: OneKey, outlet: DirectoryOutlet, issuer: Issuer
) -> None:
    """Without a second clock the last CRL may be right: within a day it is followed, beyond it nothing is signed."""
    machine.step(20 * HOUR)
    ahead = issuance_of(database, machine.wall, one_key, outlet).publish(issuer)
    machine.step(-20 * HOUR)
    assert issuance_of(database, machine.wall, one_key, outlet).publish(issuer).this_update == ahead.this_update
    machine.step(-20 * HOUR)
    with pytest.raises((LastCrlInFuture, ClockBehindJournal)):
        issuance_of(database, machine.wall, one_key, outlet).publish(issuer)


def test_server_decides_between_two_machines_clocks(postgresql_url: str) -> None:
    """Its clock is the second one of every machine: one that is ahead dates by it, from its first revocation on."""
    with Database(postgresql_url) as database:
        right, ahead = (Machine(SystemClock().now() + off) for off in (timedelta(), 2 * HOUR))
        with database.write() as connection:
            made = add_issuer(
                connection, name="issuing", certificate=AUTHORITY.certificate, is_default=True, clock=right.wall
            )
        serials_ = Population(database, made, right.wall).issue(2)
        request = RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.OPERATOR)
        for machine, serial in zip((ahead, right), serials_, strict=True):
            process = machine.process(database)
            at = _service(database, process.clock).revoke_for_operator(None, serial, request).revoked_at
            assert timedelta() <= SystemClock().now() - at <= timedelta(minutes=1)
            with database.read_dated(process.clock, made.id) as (_, moment):
                assert at <= moment <= SystemClock().now() + APART


def test_head_that_lies_ahead_of_the_server_is_taken_back_at_the_first_look(postgresql_url: str) -> None:
    """As an older program left it: server and machine agree, so that it is wrong for certain."""
    with Database(postgresql_url) as database:
        machine = Machine(SystemClock().now())
        with database.write() as connection:
            made = add_issuer(
                connection, name="issuing", certificate=AUTHORITY.certificate, is_default=True, clock=machine.wall
            )
            journal.move_head(connection, made.id, 0, machine.wall.now() + 2 * HOUR)
        machine.process(database)
        with database.read() as connection:
            assert journal.read_head(connection, made.id).last_at <= SystemClock().now() + 2 * APART
        assert events(database) == [TAKEN_BACK]
