"""Makes the console's application out of an installation; each worker process does this once."""

from flask import Flask

from pki_revocation.clock import SystemClock
from pki_revocation.installation import Installation

from .app import create_app


def application(installation: Installation) -> Flask:
    """The application on the installation's database.

    Raises:
        ConfigurationError: for a wrong setting.
        StoreError: when the database is absent, or of another revision.
    """
    database = installation.database()
    database.check_revision()
    return create_app(database=database, clock=SystemClock())
