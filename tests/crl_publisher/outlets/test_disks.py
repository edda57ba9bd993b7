"""A full disk and a read-only folder, real ones: the last good CRL stays whole, and all is well again by itself."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from crl_publisher.crl.reading import parse_crl
from tests.crl_publisher.installations import DIRECT, Installed, install, running, status_of
from tests.crl_publisher.publishing.test_publisher_process import metrics_of
from tests.databases import new_sqlite
from tests.disks import fill, small_disk
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

FAILURES = 'crl_publication_failures_total{error="OutletError",issuer="issuing"}'


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB where an installation's published files go."""
    with small_disk(tmp_path / "published") as folder:
        yield folder


@pytest.fixture
def installed(tmp_path: Path, disk: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation that publishes on that disk."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        yield install(tmp_path, database, authority)


def names(disk: Path) -> set[str]:
    """What lies beside the CRL, and the CRL."""
    return {path.name for path in (disk / "crl").iterdir()}


@pytest.mark.long
def test_full_disk(installed: Installed, disk: Path) -> None:
    """The alarm says so, nothing is half written, the CRL is served on; with room again, the revocation is public."""
    with running(installed, "publisher") as process, running(installed, "serve", "distribution"):
        wait_until(lambda: len(installed.history()) == 1)
        filler = fill(disk)
        before = installed.public_file.read_bytes()
        (serial,) = installed.population.issue_revoked(1)
        wait_until(lambda: metrics_of(installed).get(FAILURES, 0) >= 1)

        assert installed.public_file.read_bytes() == before
        assert names(disk) == {"issuing.crl", ".issuing.crl.lock"}
        wait_until(lambda: status_of(f"{installed.distribution_url}/crl/issuing.crl") == 200)
        with DIRECT.open(f"{installed.distribution_url}/crl/issuing.crl", timeout=120) as response:
            assert response.read() == before
        filler.unlink()

        wait_until(lambda: serial in listed(installed))
        process.terminate()
        _, log = process.communicate(timeout=120)
    assert "No space left on device" in log
    assert "Traceback" not in log


@pytest.mark.long
def test_read_only_folder(installed: Installed, disk: Path) -> None:
    """Mounted read-only, which binds root too: the same, and well again when it can be written."""
    with running(installed, "publisher") as process:
        wait_until(lambda: len(installed.history()) == 1)
        before = installed.public_file.read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        (serial,) = installed.population.issue_revoked(1)
        wait_until(lambda: metrics_of(installed).get(FAILURES, 0) >= 1)
        assert installed.public_file.read_bytes() == before
        asked = installed.run("crl", "publish")
        assert asked.returncode == 1
        assert "Read-only file system" in asked.stderr
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)

        wait_until(lambda: serial in listed(installed))
        process.terminate()
        _, log = process.communicate(timeout=120)
    assert "cannot be published: Read-only file system" in log
    assert "Traceback" not in log


def listed(installed: Installed) -> set[int]:
    """What is public."""
    return {revoked.serial_number for revoked in parse_crl(installed.public_file.read_bytes()).parsed}
