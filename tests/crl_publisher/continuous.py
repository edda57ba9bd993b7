"""Publishes without a pause until it is ended, each CRL with another revocation: `python -m ... DIRECTORY`."""

import signal
import sys
import threading
from pathlib import Path

from crl_publisher import bootstrap
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.register.issuers import issuer_named
from tests.crl_publisher.population import Population


def main() -> None:
    """End with the publication that is under way."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    installation = Installation.open(Path(sys.argv[1]))
    with installation.database() as database:
        with database.read() as connection:
            issuer = issuer_named(connection, None)
        population = Population(database, issuer, SystemClock())
        issuance = bootstrap.issuance(installation, database)
        issuance.prepare(issuer)
        while not stop.is_set():
            population.issue_revoked(1)
            issuance.publish(issuer)


if __name__ == "__main__":
    main()
