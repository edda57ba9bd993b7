"""Makes the subscriber's application out of an installation; each worker process does this once."""

from functools import partial
from pathlib import Path

from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper, load_session_key
from pki_revocation.config.settings import CodeSettings, ContactSettings, SecuritySettings, WebSettings
from pki_revocation.database.engine import INTERACTIVE_PROBE_SECONDS
from pki_revocation.documents.receipt_signing import ReceiptSigner
from pki_revocation.errors import StoreError
from pki_revocation.host.disk_space import full_disks
from pki_revocation.http_server.application import Application
from pki_revocation.proof.gathering import EvidenceCollector
from pki_revocation.proof.public_crls import remember_lost
from pki_revocation.proof.settings import ReceiptSettings
from pki_revocation.proof.stamps.settings import TimestampSettings
from pki_revocation.rate_limiting.limiter import RateLimiter
from pki_revocation.rate_limiting.proxy_watch import ProxyWatch
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.register.older_journal import OlderJournal
from pki_revocation.register.own_secrets import confirm_secrets, refuse_foreign_secrets
from pki_revocation.runtime.clock_keeping import kept_clock
from pki_revocation.service import RevocationService

from .app import PageServices, create_app
from .availability import Availability
from .receipt_check import TrustedRoots


def application(installation: Installation) -> Application:
    """The application on the installation's database and secrets.

    Raises:
        ConfigurationError: for a wrong setting or a missing secret.
        StoreError: when the database is absent, or of another revision.
    """
    database = installation.database(probe_after=INTERACTIVE_PROBE_SECONDS)
    database.check_revision()
    clock = kept_clock(database)
    audit = AuditTrail(clock)
    limits = installation.section(LimitSettings)
    pepper = load_pepper(installation)
    verifier = CodeVerifier(pepper, installation.section(CodeSettings).scheme)

    session_key = load_session_key(installation)

    def ready() -> None:
        database.check_revision()
        with database.read() as connection:
            refuse_foreign_secrets(connection, pepper=pepper, session_key=session_key)
        full = full_disks([Path(str(database.url.database)).parent]) if database.is_sqlite else ()
        if full:
            raise StoreError(f"No revocation can be recorded. {full[0]}")

    confirm_secrets(database, clock, pepper=pepper, session_key=session_key)
    older_journal = OlderJournal(database, partial(remember_lost, installation, database, clock))
    older_journal.look()
    remember_lost(installation, database, clock)
    contact = installation.section(ContactSettings)
    receipt_settings = installation.section(ReceiptSettings)
    service = RevocationService(
        database=database,
        clock=clock,
        audit=audit,
        verifier=verifier,
        limiter=RateLimiter(database=database, clock=clock, audit=audit, pepper=verifier.pepper, limits=limits),
        older_journal=older_journal,
    )
    return Application(
        wsgi=create_app(
            service=service,
            settings=installation.section(WebSettings),
            session_key=session_key,
            clock=clock,
            proxies=limits.trusted_proxies,
            services=PageServices(
                contact=contact,
                security=installation.section(SecuritySettings),
                limits=limits,
                availability=Availability(database, clock),
                collector=EvidenceCollector.of(installation, database),
                proxy_watch=ProxyWatch(proxies=limits.trusted_proxies, database=database, clock=clock),
                proofs_per_minute=limits.proofs_per_minute,
                roots=TrustedRoots(
                    anchors=receipt_settings.anchors(installation),
                    stamp_anchors=installation.section(TimestampSettings).anchors(installation),
                ),
                signer=ReceiptSigner.or_none(installation),
            ),
        ),
        ready=ready,
    )
