"""`make chaos`: clients revoke, ask and fetch while everything fails in turn; then their history is judged.

An installation runs on a small disk of its own. Faults come one after the other, in an order of chance, each with time
to recover; what took longer than half a minute to work again is a breach as well. `--lie NAME` falsifies the history,
which the judgement must notice.
"""

import argparse
import contextlib
import itertools
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from sqlalchemy import select

from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal
from pki_revocation.model import EntryKind
from tests.chaos.clients import Subject, World, ask, exchange, fetch, revoke, start, subject_of
from tests.chaos.faults import Fault, Scene, faults
from tests.chaos.history import Recovered
from tests.chaos.judgement import RECOVERY_SECONDS, End, breaches
from tests.chaos.lies import LIES
from tests.databases import postgresql_server
from tests.disks import small_disk
from tests.integration.running_demo import RunningDemo, free_port_base
from tests.waiting import slowness

_DISK_KIBIBYTES = 400 * 1024
_REVOKING_PAUSE, _ASKERS, _FETCHERS = 0.5, 4, 2
# Between two faults, so that what is seen after the first is not the second's doing.
_CALM_SECONDS = 3.0
_GIVE_UP_SECONDS = 180.0
_TOLD = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """One campaign; 1 when anything was breached."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=600.0, help="for how long faults begin")
    parser.add_argument("--seed", type=int, default=None, help="of the order of faults; a new one without it")
    parser.add_argument("--only", default="", help="faults whose name has this")
    parser.add_argument("--lie", choices=sorted(LIES), help="falsify the history before it is judged")
    asked = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"{asked.database}, {asked.seconds:.0f} s, --seed {seed}", flush=True)
    with _campaign(asked, random.Random(seed)) as (world, scene, demo):  # noqa: S311 - an order, not a secret
        threads = start(world, revoking_pause=_REVOKING_PAUSE, askers=_ASKERS, fetchers=_FETCHERS)
        kinds = {name: fault for name, fault in faults(scene).items() if asked.only in name}
        deadline = time.monotonic() + asked.seconds
        for name in itertools.cycle(scene.chance.sample(sorted(kinds), len(kinds))):
            if time.monotonic() > deadline:
                break
            _suffer(world, name, kinds[name])
        world.ended.set()
        for thread in threads:
            thread.join(60)
        end = _end(world, scene, demo)
    history = world.history
    if asked.lie:
        history, end = LIES[asked.lie](history, end)
    found = breaches(history, end, slowness())
    print(
        f"{len(history.confirmed)} confirmed revocations, {len(history.answered)} OCSP answers, "
        f"{len(history.fetched)} CRLs fetched, {len(history.recovered)} faults, {len(found)} breaches"
    )
    for each in found[:_TOLD]:
        print(f"BREACH  {each}")
    return 1 if found else 0


@contextlib.contextmanager
def _campaign(asked: argparse.Namespace, chance: random.Random) -> Iterator[tuple[World, Scene, RunningDemo]]:
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="pki-chaos-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        disk = stack.enter_context(small_disk(folder / "disk", _DISK_KIBIBYTES))
        server = stack.enter_context(postgresql_server(durable=True)) if asked.database == "postgresql" else None
        count = int(asked.seconds / _REVOKING_PAUSE) + 50
        options = ["--certificates", str(count), "--port-base", str(free_port_base())]
        if server is not None:
            options += ["--database", server.get_uri()]
        demo = RunningDemo(directory=disk / "demo", arguments=options).start()
        stack.callback(demo.stop)
        contract = demo.contract
        issuer = x509.load_pem_x509_certificate((demo.directory / contract["issuer"]).read_bytes())
        subjects = [_subject(demo, entry, issuer) for entry in contract["certificates"]]
        world = World(
            api_url=contract["api_url"], ocsp_url=contract["ocsp_url"], crl_url=contract["crl_url"], subjects=subjects
        )
        database = stack.enter_context(Installation.open(demo.directory).database())
        yield world, Scene(folder=demo.directory, disk=disk, database=database, server=server, chance=chance), demo


def _subject(demo: RunningDemo, entry: dict[str, str], issuer: x509.Certificate) -> Subject:
    certificate = x509.load_pem_x509_certificate((demo.directory / entry["certificate"]).read_bytes())
    return subject_of(certificate, issuer, entry)


def _suffer(world: World, name: str, fault: Fault) -> None:
    """One fault, and the time from its end until everything works: page, OCSP, CRL, each with what is new."""
    fault()
    over = time.monotonic()
    seconds = None
    while time.monotonic() - over < _GIVE_UP_SECONDS:
        if _works(world, over):
            seconds = time.monotonic() - over
            break
        time.sleep(0.2)
    world.history.add(Recovered(fault=name, seconds=seconds))
    print(f"  {name}: {'not back' if seconds is None else f'back after {seconds:.1f} s'}", flush=True)
    time.sleep(_CALM_SECONDS)


def _works(world: World, since: float) -> bool:
    """A revocation was confirmed since, OCSP says it and says 'good' of another, and the CRL lists it."""
    new = [each for each in list(world.history.confirmed) if each.ended > since]
    if not new:
        return False
    subject = next(each for each in world.subjects if each.serial == new[0].serial)
    crl = fetch(world)
    return (
        ask(world, subject) == "revoked"
        and ask(world, world.subjects[0]) == "good"
        and crl is not None
        and subject.serial in crl.revoked_at
    )


def _end(world: World, scene: Scene, demo: RunningDemo) -> End:
    """What everything says when nothing is wrong any more, and all that was asked for in vain is asked for again."""
    asked = {each.serial for each in world.history.asked}
    confirmed = {each.serial for each in world.history.confirmed}
    for subject in world.subjects:
        if subject.serial in asked - confirmed:
            revoke(world, subject)
    in_journal = _journal(scene.database)
    deadline = time.monotonic() + RECOVERY_SECONDS * slowness()
    crl = fetch(world)
    while (crl is None or not in_journal.keys() <= crl.revoked_at.keys()) and time.monotonic() < deadline:
        time.sleep(0.5)
        crl = fetch(world)
    for subject in world.subjects:
        ask(world, subject)
    told = {
        each.serial: each.revoked_at
        for each in world.history.answered[-len(world.subjects) :]
        if each.status == "revoked" and each.revoked_at is not None
    }
    exchange("GET", demo.contract["revocation_url"])
    return End(journal=in_journal, crl={} if crl is None else crl.revoked_at, ocsp=told)


def _journal(database: Database) -> dict[int, datetime]:
    """The revocations, each with its date."""
    query = select(journal.c.serial, journal.c.revocation_date).where(journal.c.kind == EntryKind.REVOCATION.value)
    with database.read() as connection:
        return {row.serial: row.revocation_date.astimezone(UTC) for row in connection.execute(query)}


if __name__ == "__main__":
    sys.exit(main())
