"""Publishes CRLs of a register in a process of its own: `python -m crl_publisher.bench.trial FOLDER` prints the costs.

A process of its own, because a peak of memory is a process's; what it needs before the first CRL is not counted.
"""

import json
import random
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from crl_publisher.config import CrlSettings, LintProfile, PublisherSettings
from crl_publisher.crl.builder import build
from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.entry_store.listing import selected_entries
from crl_publisher.entry_store.segments import fill_segments
from crl_publisher.entry_store.selection import Selection
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.timing import SettingsTiming
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.scope import FULL
from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import issuer_named

from .register import NAME, BenchKey, add_revoked, open_register

_MEBIBYTE = 1 << 20
_KIBIBYTE = 1 << 10
_CLEAR_PEAK = Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one thing took: CPU and wall seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What CRLs of *entries* entries and *size* octets cost.

    *build* is from the stored entries to the signed CRL. *first* is a publication whose entries the gate holds against
    the journal one by one, *next* one that follows it, with a few revocations more. *peak_mib* is what both needed
    beyond the process before them. *apply* is how long the entries took to be made, once.
    """

    entries: int
    size: int
    apply: Cost
    build: Cost
    first: Cost
    next: Cost
    base_mib: float
    peak_mib: float


def trial(folder: Path) -> Costs:
    """Publish twice from the register in *folder*, and give what the first and the second CRL cost."""
    clock = SystemClock()
    with open_register(folder) as database:
        with database.read() as connection:
            issuer = issuer_named(connection, NAME)
        keys = BenchKey(folder, clock)
        for each in (folder / "published" / "crl").glob("*"):
            each.unlink()
        issuance = CrlIssuance(
            database=database,
            clock=clock,
            audit=AuditTrail(clock),
            keys=keys,
            outlet=DirectoryOutlet(folder / "published"),
            timings=SettingsTiming(PublisherSettings()),
            settings=CrlSettings(size_limit=1 << 40, lint=LintProfile.PKIX),
            public_url="http://crl.example.nl",
            spool=folder,
        )
        began = _now()
        EntryStore(database).apply(issuer)
        fill_segments(database, _selection(database, issuer))
        applied = _since(began)
        built = _build(database, issuer, keys, folder)
        base = _resident()
        began = _now()
        published = issuance.publish(issuer)
        first = _since(began)
        add_revoked(database, issuer, clock, 10, random.Random())  # noqa: S311 - serials of a benchmark
        began = _now()
        published = issuance.publish(issuer)
        following = _since(began)
        return Costs(
            entries=published.entries,
            size=published.size,
            apply=applied,
            build=built,
            first=first,
            next=following,
            base_mib=base / _MEBIBYTE,
            peak_mib=(_peak() - base) / _MEBIBYTE,
        )


def _build(database: Database, issuer: Issuer, keys: BenchKey, folder: Path) -> Cost:
    """What building alone costs: the middle of three, by CPU time."""
    now = SystemClock().now()
    costs = []
    for _ in range(3):
        began = _now()
        selection = _selection(database, issuer)
        with database.read() as connection:
            parameters = CrlParameters(number=1, this_update=now, next_update=now)
            build(keys.crl_identity(issuer), parameters, selected_entries(connection, selection), folder)
        costs.append(_since(began))
    return sorted(costs, key=lambda cost: cost.cpu)[1]


def _selection(database: Database, issuer: Issuer) -> Selection:
    """All entries, as of a first CRL."""
    with database.read() as connection:
        covers = journal.read_head(connection, issuer.id).sequence
    return Selection(issuer_id=issuer.id, scope=FULL, covers=covers, expired_before=None, listed_through=0)


def _now() -> Cost:
    return Cost(time.process_time(), time.monotonic())


def _since(began: Cost) -> Cost:
    now = _now()
    return Cost(now.cpu - began.cpu, now.wall - began.wall)


def _resident() -> int:
    """What the process has in memory now; where Linux lets it, its peak is begun anew."""
    try:
        _CLEAR_PEAK.write_text("5")
    except OSError:
        return _peak()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _peak() -> int:
    """The most memory that this process ever had, in octets."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * _KIBIBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE


if __name__ == "__main__":
    print(json.dumps(asdict(trial(Path(sys.argv[1])))))  # noqa: T201 - for the process that started this one
