"""Nobody ever reads anything but a CRL that was published, while one follows the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crl_publisher.installations import Installed, install, running, status_of
from tests.crl_publisher.readers import read_while_publishing
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority
from tests.waiting import wait_until


@pytest.fixture
def installed(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation on SQLite with a CRL of 500 entries."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        found = install(tmp_path, database, authority)
        found.population.issue_revoked(500)
        yield found


@pytest.mark.long
def test_no_torn_and_no_wrong_reads(installed: Installed) -> None:
    """2,000 fetches by eight clients; `python -m benchmarks.crl fetches` does 100,000 by 32."""
    assert installed.run("crl", "publish").returncode == 0
    with running(installed, "serve", "distribution", "--workers", "2"):
        wait_until(lambda: status_of(f"{installed.distribution_url}/crl/issuing.crl") == 200)

        reading = read_while_publishing(installed, clients=8, fetches=2000)

    assert reading.wrong == []
    assert reading.fetches == 2000
    assert reading.published > 3
    assert reading.seen > 3
