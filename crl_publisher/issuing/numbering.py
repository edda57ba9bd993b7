"""CRL numbers: strictly rising per issuer and scope, also over restarts and clock steps (RFC 5280 section 5.2.3).

The highest of last reserved + 1, really published + 1, and Unix seconds: the last makes numbers rise even over a
database that came back from an old backup. A number is reserved, in the record and under the issuer's journal head
lock, before anything is signed with it, so that none is ever used twice.
"""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from crl_publisher.crl.crl_extensions import NUMBER_LIMIT
from crl_publisher.errors import NumberExhausted
from crl_publisher.plan import Plan
from crl_publisher.scope import Scope
from pki_revocation.database.schema import crls
from pki_revocation.model import Issuer


def next_number(*, reserved: int | None, published: int | None, moment: datetime) -> int:
    """The number of a CRL that is issued at *moment*.

    Raises:
        NumberExhausted: when there is none below 2^159.
    """
    number = max((reserved or 0) + 1, (published or 0) + 1, int(moment.timestamp()))
    if number >= NUMBER_LIMIT:
        raise NumberExhausted(f"The next CRL number is {number}, and numbers end below 2^159 (BR 7.2.2).")
    return number


def highest_reserved(connection: Connection, issuer: Issuer, scope: Scope) -> int | None:
    """The highest number that was ever reserved, published or not; deltas share their complete CRL's sequence."""
    query = (
        select(crls.c.number)
        .where(crls.c.issuer_id == issuer.id, crls.c.scope.in_((scope.complete.name, scope.delta.name)))
        .order_by(crls.c.number.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def give_away(connection: Connection, plan: Plan, requested_sha256: bytes) -> None:
    """Write down what is to be signed elsewhere with a number that was reserved."""
    connection.execute(
        update(crls)
        .where(crls.c.issuer_id == plan.issuer.id, crls.c.scope == plan.scope.name, crls.c.number == plan.number)
        .values(requested_sha256=requested_sha256)
    )


def reserve_again(connection: Connection, plan: Plan) -> None:
    """Plan a CRL of another program anew that did not become public, though its number was reserved for it."""
    connection.execute(
        update(crls)
        .where(crls.c.issuer_id == plan.issuer.id, crls.c.scope == plan.scope.name, crls.c.number == plan.number)
        .values(reserved_at=plan.moment, covers_sequence=plan.covers_sequence)
    )


def reserve(connection: Connection, plan: Plan) -> None:
    """Reserve the plan's number, with its times and what it covers.

    A CRL that became public in the moment of a crash can then still be recorded truthfully.
    """
    connection.execute(
        insert(crls).values(
            issuer_id=plan.issuer.id,
            scope=plan.scope.name,
            number=plan.number,
            base_number=plan.parameters.base_number,
            reserved_at=plan.moment,
            this_update=plan.parameters.this_update,
            next_update=plan.parameters.next_update,
            covers_sequence=plan.covers_sequence,
        )
    )
