"""How long a CRL that is signed elsewhere may be good for: a year where it speaks of CA certificates alone.

BR 7.2: nextUpdate at most 10 days after thisUpdate where subscriber certificates are covered, at most 12 months
otherwise; ETSI EN 319 411-1 CSS-6.3.9-05: a CARL's nextUpdate within a year. Both ends count (BR 4.9.10).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, select

from crl_publisher.scope import Part, Scope
from pki_revocation.database.schema import certificates
from pki_revocation.model import Issuer

_SUBSCRIBERS = timedelta(days=10)
_AUTHORITIES = timedelta(days=365)
USUAL = timedelta(days=182)


@dataclass(frozen=True, slots=True)
class ValidityLimit:
    """*longest* ends a second before it is over; *only_authorities* says whether only CA certificates are covered."""

    longest: timedelta
    only_authorities: bool

    @property
    def usual(self) -> timedelta:
        """Half a year, or what is allowed."""
        return min(USUAL, self.longest)

    @property
    def clause(self) -> str:
        """The clause that sets the limit, as messages cite it."""
        if self.only_authorities:
            return "BR 7.2 and ETSI EN 319 411-1 CSS-6.3.9-05, for a CRL of CA certificates"
        return "BR 7.2, for a CRL that covers subscribers' certificates"


def validity_limit(connection: Connection, issuer: Issuer, scope: Scope, moment: datetime) -> ValidityLimit:
    """The longest validity of a CRL of this scope that is issued at *moment*."""
    match scope.part:
        case Part.CA:
            is_only = True
        case Part.ALL:
            is_only = not _has_subscribers(connection, issuer, moment)
        case _:
            is_only = False
    return ValidityLimit(_AUTHORITIES if is_only else _SUBSCRIBERS, is_only)


def _has_subscribers(connection: Connection, issuer: Issuer, moment: datetime) -> bool:
    """Whether certificates with a subscriber's number are valid at *moment*: those of CAs and responders have none."""
    query = select(
        exists().where(
            certificates.c.issuer_id == issuer.id,
            certificates.c.number.is_not(None),
            certificates.c.not_after >= moment,
        )
    )
    return bool(connection.execute(query).scalar_one())
