"""CRL numbers: strictly rising per issuer and scope, also over restarts and clock steps (RFC 5280 section 5.2.3).

The highest of last reserved + 1, really published + 1, and Unix seconds: the last makes numbers rise even over a
database that came back from an old backup. A number is reserved, in the record and under the issuer's journal head
lock, before anything is signed with it, so that none is ever used twice.
"""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from pki_revocation.model import Issuer
from pki_revocation.schema import crls

from .errors import NumberExhausted
from .plan import Plan
from .scope import Scope

# The standards allow numbers below 2^159; the column that keeps them is a 64-bit integer.
NUMBER_LIMIT = 1 << 159
_COLUMN_LIMIT = 1 << 63


def next_number(*, reserved: int | None, published: int | None, moment: datetime) -> int:
    """The number of a CRL that is issued at *moment*.

    Raises:
        NumberExhausted: when it does not fit the record.
    """
    number = max((reserved or 0) + 1, (published or 0) + 1, int(moment.timestamp()))
    if number >= min(NUMBER_LIMIT, _COLUMN_LIMIT):
        raise NumberExhausted(f"The CRL number {number} is too large to be kept: 64 bits are what fits.")
    return number


def highest_reserved(connection: Connection, issuer: Issuer, scope: Scope) -> int | None:
    """The highest number that was ever reserved, published or not."""
    query = select(func.max(crls.c.number)).where(crls.c.issuer_id == issuer.id, crls.c.scope == scope.name)
    return connection.execute(query).scalar_one_or_none()


def reserve(connection: Connection, plan: Plan) -> None:
    """Reserve the plan's number, with its times and what it covers.

    A CRL that became public in the moment of a crash can then still be recorded truthfully.
    """
    connection.execute(
        insert(crls).values(
            issuer_id=plan.issuer.id,
            scope=plan.scope.name,
            number=plan.number,
            reserved_at=plan.moment,
            this_update=plan.this_update,
            next_update=plan.next_update,
            covers_sequence=plan.covers_sequence,
        )
    )
