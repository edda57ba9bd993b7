"""A million revoked certificates are imported while the publisher runs: what a CRL lacks meanwhile, and for how long.

The publisher has one core, the import the other, as two services of one machine would. Ten times a second the journal's
last sequence is noted, and what the newest public CRL covers: its lag is how long ago the first row that it lacks was
confirmed. Subscribers revoke meanwhile, one every three seconds, and each waits for the confirmation.
"""

import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import psutil

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row
from benchmarks.ocsp.installation import prepare
from benchmarks.processes import LOAD_CORE, SERVER_CORE, family, pinned
from crl_publisher.bench.register import add_revoked
from crl_publisher.published import last_published
from pki_revocation import journal
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import issuer_named
from tests.integration.running_demo import environment

from .subject import MILLION, say

LAG = Row(
    name="flood", title="1,000,000 revoked rows imported: public CRL behind the journal, worst", unit="s", must=6, aim=5
)
RATE = Row(name="flood", title="their import, beside the publisher", unit="rows/s", must=30_000, aim=40_000, least=True)
_LOOK_SECONDS, _REVOKE_SECONDS, _AFTER_SECONDS, _LONGEST_SECONDS = 0.1, 3.0, 15.0, 1800.0
_ROWS_OF_ONE_WRITE = 10_000


def measure(campaign: Campaign) -> list[Cell]:
    """One flood, into a new installation."""
    folder = campaign.folder / "crl-flood"
    shutil.rmtree(folder, ignore_errors=True)
    prepare(folder, 20)
    index = campaign.folder / "crl-flood-index.txt"
    _write_index(index, MILLION)
    installation = Installation.open(folder)
    with installation.database() as database, _publisher(installation) as publisher:
        with database.read() as connection:
            issuer = issuer_named(connection, None)
        looks, waits = Looks(database, issuer), list[float]()
        ended = threading.Event()
        revoking = threading.Thread(target=_revoke, args=(database, issuer, waits, ended))
        began = time.monotonic()
        line = ["taskset", "-c", str(LOAD_CORE), _PROGRAM, "certificate", "import", index, "--directory", folder]
        with subprocess.Popen(
            [*map(str, line)], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as importing:
            revoking.start()
            peak = 0
            while importing.poll() is None and time.monotonic() - began < _LONGEST_SECONDS:
                looks.look()
                peak = max(peak, _high_water(importing.pid))
                time.sleep(_LOOK_SECONDS)
            took = time.monotonic() - began
            if importing.returncode != 0:
                raise RuntimeError(importing.stderr.read() if importing.stderr else b"")
        ended.set()
        revoking.join()
        say(f"{MILLION:,} rows in {took:.1f} s")
        after = time.monotonic() + _AFTER_SECONDS
        while time.monotonic() < after:
            looks.look()
            time.sleep(_LOOK_SECONDS)
        publisher_peak = max(_high_water(each.pid) for each in family(publisher))
    beside: dict[str, float | int | str] = {
        "CRLs": len({covered for _, _, covered in looks.seen}),
        "lag at the end s": looks.lags()[-1],
        "revoking waits, worst s": max(waits, default=0.0),
    }
    memory: dict[str, float | int | str] = {
        "import, peak MiB": peak / 1024,
        "publisher, peak MiB": publisher_peak / 1024,
    }
    return [
        Figure(row=LAG, who="pki-revocation", value=max(looks.lags()), beside=beside),
        Figure(row=RATE, who="pki-revocation", value=MILLION / took, beside=memory),
    ]


_PROGRAM = Path(sys.executable).with_name("pki-revocation")


@dataclass
class Looks:
    """What was seen: when, how far the journal was, and how far the public CRL."""

    database: Database
    issuer: Issuer
    seen: list[tuple[float, int, int]] = field(default_factory=list)

    def look(self) -> None:
        """Once, the CRL before the journal, so that what comes in between counts against the CRL."""
        with self.database.read() as connection:
            crl = last_published(connection, self.issuer)
        with self.database.read() as connection:
            sequence = journal.read_head(connection, self.issuer.id).sequence
        self.seen.append((time.monotonic(), sequence, 0 if crl is None else crl.covers_sequence))

    def lags(self) -> list[float]:
        """For each look, how long ago the first row was seen that the CRL lacked; 0 for one that lacked nothing."""
        found, place = [], 0
        for moment, sequence, covered in self.seen:
            while place < len(self.seen) and self.seen[place][1] <= covered:
                place += 1
            found.append(moment - self.seen[place][0] if sequence > covered else 0.0)
        return found


def _revoke(database: Database, issuer: Issuer, waits: list[float], ended: threading.Event) -> None:
    chance, clock = random.Random(7), SystemClock()  # noqa: S311 - serials of a benchmark
    while not ended.wait(_REVOKE_SECONDS):
        began = time.monotonic()
        add_revoked(database, issuer, clock, 1, chance)
        waits.append(time.monotonic() - began)


def _write_index(file: Path, count: int) -> None:
    """An `openssl ca` index of so many revoked certificates."""
    now = SystemClock().now()
    ends = f"{now + timedelta(days=365):%y%m%d%H%M%SZ}"
    revoked = f"{now - timedelta(days=1):%y%m%d%H%M%SZ}"
    chance = random.Random(count)  # noqa: S311 - serials of a benchmark
    rows = (
        f"R\t{ends}\t{revoked},superseded\t{chance.getrandbits(126) | 1 << 126:X}\tunknown\t/C=NL/O=Bench/CN=bench.nl\n"
        for _ in range(count)
    )
    with file.open("w") as output:
        while portion := "".join(islice(rows, _ROWS_OF_ONE_WRITE)):
            output.write(portion)


@contextlib.contextmanager
def _publisher(installation: Installation) -> Iterator[psutil.Process]:
    with tempfile.NamedTemporaryFile() as output:
        line: list[str | Path] = [_PROGRAM, "publisher", "--directory", installation.directory]
        with pinned(line, SERVER_CORE, log=Path(output.name)) as process:
            yield process


def _high_water(process: int) -> int:
    """The most memory that a process has had, in KiB; 0 of one that has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


if __name__ == "__main__":
    command({LAG.name: measure}, "crl figures")()
