"""What is public of an issuer, as a schedule's check wants it."""

from collections.abc import Callable

from sqlalchemy import Connection

from crl_publisher.issuing.issuance import complete_scopes
from pki_revocation.model import Issuer

from .config import CrlSettings
from .published import last_published
from .scheduling.coverage import Standing


def standing_crls(settings: CrlSettings) -> Callable[[Connection, Issuer], tuple[Standing, ...]]:
    """A function that gives the last complete CRL of each of an issuer's scopes.

    One that is good for ever is left out: no schedule can harm it.
    """

    def standing(connection: Connection, issuer: Issuer) -> tuple[Standing, ...]:
        found = (last_published(connection, issuer, scope) for scope in complete_scopes(connection, issuer, settings))
        return tuple(
            Standing(published_at=crl.published_at, this_update=crl.this_update, next_update=crl.next_update)
            for crl in found
            if crl is not None and not crl.is_last
        )

    return standing
