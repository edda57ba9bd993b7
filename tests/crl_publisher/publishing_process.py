"""A publisher without a lease, as a process: publishes so many CRLs one after the other, and prints their numbers.

    python -m tests.crl_publisher.publishing_process DATABASE-URL FOLDER COUNT

What a lease keeps apart is here let loose on purpose: two of these at once are what a lease that failed would be.
"""

import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crl_publisher.errors import NumberNotAbove, SupersededCrl
from crl_publisher.outlets import DirectoryOutlet
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.register.issuers import issuer_named
from tests.crl_publisher.population import OneKey
from tests.crl_publisher.publications import issuance_of


def main(url: str, folder: Path, count: int) -> None:
    """Publish; what another one was faster with is tried again."""
    clock = SystemClock()
    key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(key)
    certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    with Database(url) as database:
        with database.read() as connection:
            issuer = issuer_named(connection, None)
        issuance = issuance_of(database, clock, OneKey(key, certificate, clock), DirectoryOutlet(folder / "published"))
        done = 0
        while done < count:
            try:
                published = issuance.publish(issuer)
            except (NumberNotAbove, SupersededCrl):
                continue
            done += 1
            sys.stdout.write(f"{published.number}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
