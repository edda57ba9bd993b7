"""Fixtures: a clock at the present, because PostgreSQL's is the machine's, and a layer on the test's database."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from keys.identity import SigningIdentity
from ocsp_responder.config import OcspSettings
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.ocsp_responder.fast_path.layers import Asking, asking


@pytest.fixture
def clock() -> FakeClock:
    """Stands at the present until a test moves it."""
    return FakeClock(SystemClock().now())


@pytest.fixture
def asked(database: Database, issuer: Issuer, delegate: SigningIdentity, clock: FakeClock) -> Iterator[Asking]:
    """A layer for the one issuer; it bears with a test's clock, which PostgreSQL does not follow."""
    settings = OcspSettings(clock_tolerance=timedelta(days=30))
    with asking(database, clock, {issuer: delegate}, settings=settings) as made:
        yield made
