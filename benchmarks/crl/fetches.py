"""100,000 fetches by 32 clients while CRLs follow each other without a pause: how many got a torn or a wrong one.

Right is what the record has as published, octet for octet with its ETag, and never an older one than before.
"""

import shutil
import time

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row
from pki_revocation.database.engine import Database
from tests.crl_publisher.installations import install, running, status_of
from tests.crl_publisher.readers import read_while_publishing
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

FETCHES, CLIENTS, ENTRIES = 100_000, 32, 500
ROW = Row(
    name="fetches",
    title=f"torn or wrong reads in {FETCHES:,} fetches by {CLIENTS} clients during continuous publishing",
    unit="",
    must=0,
    aim=0,
)


def measure(campaign: Campaign) -> list[Cell]:
    """The distribution service, a process that publishes, and the clients in this one."""
    folder = campaign.folder / "fetches"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    with Database(f"sqlite:///{folder}/revocation.db") as database:
        database.upgrade()
        installed = install(folder, database, CertificateAuthority("Benchmark CA"))
        installed.population.issue_revoked(ENTRIES)
        installed.run("crl", "publish")
        with running(installed, "serve", "distribution"):
            wait_until(lambda: status_of(f"{installed.distribution_url}/crl/issuing.crl") == 200)
            began = time.monotonic()
            reading = read_while_publishing(installed, clients=CLIENTS, fetches=FETCHES)
            seconds = time.monotonic() - began
    shutil.rmtree(folder)
    for complaint in reading.wrong[:5]:
        print(complaint)
    beside: dict[str, float | int | str] = {
        "fetches": reading.fetches,
        "CRLs published meanwhile": reading.published,
        "of which were fetched": reading.seen,
        "seconds": seconds,
    }
    return [Figure(row=ROW, who="pki-revocation", value=len(reading.wrong), beside=beside)]


if __name__ == "__main__":
    command({ROW.name: measure}, "crl figures")()
