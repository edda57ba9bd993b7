"""A node whose files no longer come from the publisher: not ready, and `doctor` says so there."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crl_publisher.distribution.app import readiness
from crl_publisher.distribution.staleness import GRACE, RecordComparison
from crl_publisher.errors import NotPublished
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.scope import CA, FULL, USERS, Part, Scope, path_named
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.population import Population
from tests.fakes import FakeClock

SECOND = timedelta(seconds=1)


@pytest.fixture
def other(root: Path, tmp_path: Path, issuance: CrlIssuance, issuer: Issuer) -> Path:
    """A second node's folder, which got the first CRL and gets no more."""
    issuance.prepare(issuer)
    issuance.publish(issuer)
    return Path(shutil.copytree(root, tmp_path / "other"))


@pytest.fixture
def ready(other: Path, database: Database, clock: FakeClock) -> Callable[[], None]:
    """What /readyz of that node asks."""
    return readiness(
        other,
        clock,
        knows=lambda _: True,
        outdated=RecordComparison(database=database, clock=clock, root=other).outdated,
    )


def test_node_with_the_last_crl_is_ready(ready: Callable[[], None], clock: FakeClock) -> None:
    """However long it has been the last one."""
    ready()
    clock.advance(timedelta(hours=1))
    ready()


def test_node_with_an_older_one_is_not(
    ready: Callable[[], None], root: Path, other: Path, issuance: CrlIssuance, issuer: Issuer, population: Population,
    clock: FakeClock, database: Database,
) -> None:  # fmt: skip
    """After the grace for copies on their way; the sentence has both numbers; with the file it is ready again."""
    population.issue_revoked(1)
    clock.advance(SECOND)
    published = issuance.publish(issuer)
    clock.advance(GRACE)
    ready()

    clock.advance(SECOND)
    with pytest.raises(NotPublished, match=rf"issuing\.crl here is number \d+, and {published.number} is public"):
        ready()
    readiness(
        root, clock, knows=lambda _: True, outdated=RecordComparison(database=database, clock=clock, root=root).outdated
    )()

    shutil.copytree(root, other, dirs_exist_ok=True)
    ready()


def test_record_that_is_away_or_older_judges_nothing(
    ready: Callable[[], None], other: Path, issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, database: Database,
    tmp_path: Path,
) -> None:  # fmt: skip
    """CRLs are served whatever the database does, and a file that the record does not know may be newer than it."""
    clock.advance(GRACE + SECOND)
    issuance.publish(issuer)
    clock.advance(GRACE + SECOND)
    with Database(f"sqlite:///{tmp_path}/gone.db") as gone:
        readiness(
            other,
            clock,
            knows=lambda _: True,
            outdated=RecordComparison(database=gone, clock=clock, root=other).outdated,
        )()
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE crls SET published_at = NULL, sha256 = NULL WHERE number = "
                                   "(SELECT number FROM crls ORDER BY number LIMIT 1)")  # fmt: skip
    ready()


@pytest.mark.parametrize("scope", [FULL, CA, USERS, Scope(Part.SHARD, shard=17, url="-")], ids=lambda scope: scope.name)
def test_scopes_are_found_by_their_names(issuer: Issuer, scope: Scope) -> None:
    """The path that the record's name stands for is the one where the outlet puts it, of deltas too."""
    assert path_named(issuer, scope.name) == scope.path(issuer)
    assert path_named(issuer, scope.delta.name) == scope.delta.path(issuer)
