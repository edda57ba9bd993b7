"""From a revocation to the public CRL, with 100,000 entries there already: the worst of 100.

A running publisher and distribution service, the defaults of the schedule, and a relying party that fetches the CRL by
http until the serial is on it. Revocations come one after the other, each when the last one is public.
"""

import contextlib
import random
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle
from benchmarks.ocsp.installation import prepare
from benchmarks.processes import SERVER_CORE, pinned, wait_for_port
from crl_publisher.bench.register import add_revoked
from crl_publisher.config import DistributionSettings
from pki_revocation import journal
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.register.issuers import issuer_named

from .subject import say

ROW = Row(name="latency", title="revocation → public CRL, 100,000 entries there, worst of 100", unit="s", must=6, aim=3)
_THERE, _REVOCATIONS, _BATCH = 100_000, 100, 50_000
_PAUSE_SECONDS = 0.02


def measure(campaign: Campaign) -> list[Cell]:
    """Revoke, and look until it is there."""
    folder = campaign.folder / "crl-latency"
    prepare(folder, 20)
    installation = Installation.open(folder)
    settings = installation.section(DistributionSettings)
    clock = SystemClock()
    chance = random.Random()  # noqa: S311 - serials of a benchmark
    with installation.database() as database:
        with database.read() as connection:
            issuer = issuer_named(connection, None)
        while _there(installation) < _THERE:
            add_revoked(database, issuer, clock, _BATCH, chance)
        url = f"http://127.0.0.1:{settings.port}/crl/{issuer.name}.crl"
        with _services(installation):
            taken = []
            for number in range(_REVOCATIONS):
                (serial,) = add_revoked(database, issuer, clock, 1, chance)
                began = time.monotonic()
                while not _lists(url, serial):
                    time.sleep(_PAUSE_SECONDS)
                taken.append(time.monotonic() - began)
                if number % 20 == 0:
                    say(f"{number} revocations, the last one public after {taken[-1]:.2f} s")
    beside: dict[str, float | int | str] = {"median s": middle(taken)}
    return [Figure(row=ROW, who="pki-revocation", value=max(taken), rounds=tuple(taken), beside=beside)]


def _there(installation: Installation) -> int:
    with installation.database() as database, database.read() as connection:
        issuer = issuer_named(connection, None)
        return journal.read_head(connection, issuer.id).sequence


@contextlib.contextmanager
def _services(installation: Installation) -> Iterator[None]:
    program = Path(sys.executable).with_name("pki-revocation")
    with contextlib.ExitStack() as running:
        output = running.enter_context(tempfile.NamedTemporaryFile())
        log = Path(output.name)
        for words in (("publisher",), ("serve", "distribution")):
            line = [program, *words, "--directory", installation.directory]
            process = running.enter_context(pinned(line, SERVER_CORE, log=log))
        wait_for_port(installation.section(DistributionSettings).port, process, log)
        yield


def _lists(url: str, serial: int) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as response:
            crl = x509.load_der_x509_crl(response.read())
    except OSError:
        return False
    return crl.get_revoked_certificate_by_serial_number(serial) is not None


if __name__ == "__main__":
    command({ROW.name: measure}, "crl figures")()
