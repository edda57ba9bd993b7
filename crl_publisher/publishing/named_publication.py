"""Answers requests that name a scope, or ask for a CA's last CRL: the running publisher's part of `crl publish`.

RFC 5280 section 5.1.2.5 and ETSI EN 319 411-1 CSS-6.3.9-06: no CRL follows the last one.
"""

import logging

from sqlalchemy import Connection

from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.published import PublishedCrl
from crl_publisher.scope import Scope
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotFound, PkiError
from pki_revocation.model import Issuer

from . import requests

_log = logging.getLogger(__name__)


def scope_named(connection: Connection, issuance: CrlIssuance, issuer: Issuer, name: str) -> Scope:
    """The complete scope of an issuer with this name.

    Raises:
        NotFound: naming those that there are.
    """
    known = {scope.name: scope for scope in issuance.scopes(connection, issuer)}
    if name not in known:
        raise NotFound(f"{issuer.name} has no CRL of scope {name!r}; there are: {', '.join(known)}.")
    return known[name]


def publish_named(database: Database, issuance: CrlIssuance, issuer: Issuer) -> tuple[PublishedCrl, ...]:
    """Publish what is asked for by name, and answer each request; give what was published.

    What fails is the answer of whoever asked, and holds up nothing else.

    Raises:
        StoreError: when the database does not answer.
    """
    with database.read() as connection:
        asked = requests.waiting_by_name(connection, issuer)
    made = []
    for request in asked:
        stopwatch = requests.Stopwatch.start()
        try:
            with database.read() as connection:
                scope = scope_named(connection, issuance, issuer, request.scope)
            published = issuance.publish(issuer, scope, last=request.is_last)
            made.append(published)
            answer = stopwatch.answer(published)
        except PkiError as error:
            _log.error("%s: the %s CRL that was asked for: %s", issuer.name, request.scope, error)
            answer = {"error": str(error)}
        with database.write() as connection:
            requests.answer(connection, (request.id,), answer)
    return tuple(made)


def refuse_named(database: Database, issuer: Issuer, sentence: str) -> None:
    """Tell whoever asks by name that nothing will come.

    Raises:
        StoreError: when the database does not answer.
    """
    with database.read() as connection:
        asked = requests.waiting_by_name(connection, issuer)
    if asked:
        with database.write() as connection:
            requests.answer(connection, tuple(request.id for request in asked), {"error": sentence})
