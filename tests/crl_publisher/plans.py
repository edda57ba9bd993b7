"""Plans, what came before them, and the gate's word: for what looks at these and needs no publication."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import CrlRejected
from crl_publisher.gate.inspection import inspect
from crl_publisher.plan import Plan
from crl_publisher.public_crl import PublicCrl
from crl_publisher.published import PublishedCrl
from crl_publisher.scope import Scope
from pki_revocation.database.engine import Database
from tests.crl_publisher.population import Population
from tests.crl_publisher.publications import RULES

NUMBER = 1_800_000_000


def plan_of(population: Population, scope: Scope, *, covers: int) -> Plan:
    """A plan that covers the journal up to a sequence."""
    now = population.clock.now()
    return Plan(
        issuer=population.issuer,
        parameters=CrlParameters(
            number=NUMBER,
            this_update=now - timedelta(seconds=60),
            next_update=now + timedelta(hours=48),
            scope=scope,
        ),
        moment=now,
        covers_sequence=covers,
        longest_validity=timedelta(days=10),
        recorded=None,
        public=None,
    )


def saying(plan: Plan, **parameters: Any) -> Plan:  # noqa: ANN401 - any of the particulars
    """The plan with other particulars."""
    return replace(plan, parameters=replace(plan.parameters, **parameters))


def public_of(data: bytes, *, covers: int | None = None) -> PublicCrl:
    """A CRL that is public; one that was never recorded here unless it says what it *covers*."""
    crl = parse_crl(data)
    return PublicCrl(
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        size=len(data),
        sha256=crl.sha256,
        covers=covers,
        open=lambda: nullcontext(BytesIO(data)),
    )


def found(data: bytes, plan: Plan, database: Database) -> set[str]:
    """What the gate finds wrong."""
    try:
        inspect(data, plan, database, RULES)
    except CrlRejected as rejected:
        return set(rejected.counts)
    return set()


def recorded(plan: Plan, number: int) -> PublishedCrl:
    """A record of an earlier CRL that covered the same."""
    return PublishedCrl(
        issuer=plan.issuer.name,
        scope=plan.scope.name,
        number=number,
        base_number=None,
        this_update=plan.parameters.this_update,
        next_update=plan.parameters.next_update,
        covers_sequence=plan.covers_sequence,
        entries=3,
        size=1,
        sha256="",
        published_at=plan.moment,
    )
