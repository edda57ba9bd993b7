"""Plans of a first CRL, for what looks at a plan and needs no more of it."""

from datetime import timedelta

from crl_publisher.config import LONGEST_VALIDITY
from crl_publisher.crl_extensions import Particulars
from crl_publisher.plan import Plan
from crl_publisher.scope import Scope
from tests.crl_publisher.population import Population

NUMBER = 1_800_000_000


def plan_of(population: Population, scope: Scope, *, covers: int) -> Plan:
    """A plan that covers the journal up to a sequence."""
    now = population.clock.now()
    return Plan(
        issuer=population.issuer,
        particulars=Particulars(
            number=NUMBER,
            this_update=now - timedelta(seconds=60),
            next_update=now + timedelta(hours=48),
            scope=scope,
        ),
        moment=now,
        covers_sequence=covers,
        longest_validity=LONGEST_VALIDITY,
        recorded=None,
        public=None,
    )
