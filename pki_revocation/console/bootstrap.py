"""Makes the console's application out of an installation; each worker process does this once."""

from pki_revocation.config.installation import Installation
from pki_revocation.http_server.application import Application
from pki_revocation.proof.public_crls import remember_lost
from pki_revocation.runtime.clock_keeping import kept_clock

from .app import create_app


def application(installation: Installation) -> Application:
    """The application on the installation's database.

    Raises:
        ConfigurationError: for a wrong setting.
        StoreError: when the database is absent, or of another revision.
    """
    database = installation.database()
    database.check_revision()
    clock = kept_clock(database)
    # Certificates come in here; its unit lets it reach no other machine.
    remember_lost(installation, database, clock, asks_public_address=False)
    return Application(wsgi=create_app(database=database, clock=clock), ready=database.check_revision)
