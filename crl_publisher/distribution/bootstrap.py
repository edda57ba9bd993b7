"""Puts the distribution service together, of what it needs alone: it holds no key, and makes no CRL."""

from crl_publisher.config import PublisherSettings
from crl_publisher.outlets.published_files import PUBLISHED
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import INTERACTIVE_PROBE_SECONDS, Database
from pki_revocation.http_server.application import Application

from .app import create_app, readiness
from .max_age import MaxAge
from .staleness import RecordComparison


def max_age(installation: Installation, database: Database) -> MaxAge:
    """How long caches may keep what is published.

    Raises:
        ConfigurationError: when [publisher] is wrong.
    """
    return MaxAge(database=database, clock=SystemClock(), seed=installation.section(PublisherSettings).schedule)


def application(installation: Installation) -> Application:
    """The distribution service's application.

    Raises:
        ConfigurationError: when [publisher] is wrong.
    """
    # Not checked and not waited for: what is served does not depend on it.
    database = installation.database(probe_after=INTERACTIVE_PROBE_SECONDS)
    ages = max_age(installation, database)
    root, clock = installation.path(PUBLISHED), SystemClock()
    outdated = RecordComparison(database=database, clock=clock, root=root).outdated
    return Application(
        wsgi=create_app(root, clock=clock, until_next=ages.until_next),
        ready=readiness(root, clock, knows=ages.knows, outdated=outdated),
    )
