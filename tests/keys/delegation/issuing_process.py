"""`issuing_process.py URL FOLDER`: what waits is answered once, by a process that a test may kill at a failpoint."""

import sys
from pathlib import Path

from keys.config import KeySettings
from keys.delegation.issuing import DelegateIssuer
from keys.keyring import Keyring
from keys.signing_audit import SigningAudit
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.register.issuers import issuer_named

if __name__ == "__main__":
    _, url, folder = sys.argv
    clock = SystemClock()
    with Database(url) as database:
        with database.read() as connection:
            issuer = issuer_named(connection, None)
        settings = {issuer.name: KeySettings(crl_key="ca.key", unencrypted=True)}
        DelegateIssuer(
            database=database,
            clock=clock,
            keyring=Keyring(settings=settings, directory=Path(folder), clock=clock),
            signing_audit=SigningAudit(database=database, audit=AuditTrail(clock)),
        ).answer(issuer)
