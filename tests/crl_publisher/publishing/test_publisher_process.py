"""The publisher as a real process: killed at every step, two at once, and ended cleanly."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crl_publisher.crl.reading import ParsedCrl, parse_crl
from pki_revocation.audit import verify_chain
from pki_revocation.database.schema import crls, leases
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.installations import DIRECT, Installed, free_ports, install, running, status_of
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority
from tests.waiting import patience, wait_until


@pytest.fixture
def installed(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation on SQLite."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        yield install(tmp_path, database, authority)


def public_crl(installed: Installed) -> ParsedCrl:
    """What relying parties get, which must be whole and the CA's own at any time."""
    crl = parse_crl(installed.public_file.read_bytes())
    assert crl.is_signed_by(installed.issuer.certificate)
    return crl


@pytest.mark.parametrize(
    "place",
    [
        "crl.renamed",
        *(
            pytest.param(place, marks=pytest.mark.long)
            for place in ("crl.signed", "crl.checked", "crl.written", "crl.recorded")
        ),
    ],
)
def test_killed_publisher_is_followed_by_a_higher_number(place: str, installed: Installed) -> None:
    """SIGKILL at any step: the public CRL is whole, and the next publisher goes on above it, with the revocation in."""
    with running(installed, "publisher"):
        wait_until(lambda: len(installed.history()) == 1)
    first = public_crl(installed)
    (serial,) = installed.population.issue_revoked(1)
    (installed.failpoints / place).touch()

    with running(installed, "publisher") as process:
        assert process.wait(timeout=patience(30)) == -signal.SIGKILL
    became_public = place in {"crl.renamed", "crl.recorded"}
    after = public_crl(installed)
    assert (after.data == first.data) is not became_public

    with running(installed, "publisher"):
        if place != "crl.recorded":
            wait_until(lambda: installed.history()[0].number > (after.number or 0))
        wait_until(lambda: installed.history()[0].covers_sequence == 1)
    last = public_crl(installed)
    assert serial in {revoked.serial_number for revoked in last.parsed}
    assert installed.history()[0].number == last.number
    numbers = [crl.number for crl in reversed(installed.history())]
    assert all(before < later for before, later in pairwise(numbers))
    # What became public before the kill stands in the record, with what it covered.
    assert {first.number, after.number} <= set(numbers)
    assert {path.suffix for path in installed.public_file.parent.iterdir()} == {".crl", ".lock"}
    with installed.database.read() as connection:
        verify_chain(connection)


def metrics_of(installed: Installed) -> dict[str, float]:
    """What /metrics says."""
    with DIRECT.open(f"{installed.operations_url}/metrics", timeout=120) as response:
        lines = response.read().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_revocation_is_public_within_the_promise(installed: Installed) -> None:
    """Five seconds, measured from the commit to the file; ready, with metrics, and with the CA's certificate beside."""
    with running(installed, "publisher"):
        wait_until(lambda: status_of(f"{installed.operations_url}/readyz") == 200)
        (serial,) = installed.population.issue_revoked(1)
        seconds = wait_until(lambda: serial in {each.serial_number for each in public_crl(installed).parsed})
        wait_until(lambda: metrics_of(installed).get('crl_publications_total{issuer="issuing"}') == 2)
        wait_until(
            lambda: metrics_of(installed)['crl_number{issuer="issuing",scope="full"}'] == public_crl(installed).number
        )
        figures = metrics_of(installed)
        assert figures["crl_publisher_active"] == 1
        assert figures['crl_schedule_version{issuer="issuing"}'] == 1
        end = installed.issuer.certificate.not_valid_after_utc.timestamp()
        assert figures['crl_ca_not_after_timestamp_seconds{issuer="issuing"}'] == end
        due = figures['crl_next_due_timestamp_seconds{issuer="issuing",scope="full"}']
        assert figures['crl_this_update_timestamp_seconds{issuer="issuing",scope="full"}'] < due < end

    assert seconds < patience(5)
    assert installed.installation.path("published/aia/issuing.cer").read_bytes() == installed.issuer.certificate_der


@pytest.mark.long
def test_ended_publisher_leaves_no_lease(installed: Installed) -> None:
    """SIGTERM is a clean end, with exit status 0 and nothing on standard error but the log."""
    with running(installed, "publisher") as process:
        wait_until(lambda: len(installed.history()) == 1)
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=patience(20))

    assert process.returncode == 0
    assert "Traceback" not in complaints
    with installed.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(leases)).scalar_one() == 0


def test_missing_key_keeps_the_last_crl_and_is_told(installed: Installed) -> None:
    """Taken away while the publisher runs: who asks gets the reason, and the CRL stays as it is."""
    with running(installed, "publisher"):
        wait_until(lambda: len(installed.history()) == 1)
        before = installed.public_file.read_bytes()
        installed.installation.path("keys/issuing.pem").unlink()

        asked = installed.run("crl", "publish")

    assert asked.returncode == 1
    assert "keys/issuing.pem cannot be read" in asked.stderr
    assert "Traceback" not in asked.stderr
    assert installed.public_file.read_bytes() == before


@pytest.mark.long
def test_two_publishers_never_use_a_number_twice(installed: Installed) -> None:
    """One holds the lease; each of many requests is answered by a CRL of its own, and every number is new."""
    answers = []
    with running(installed, "publisher"), second_publisher(installed):
        wait_until(lambda: len(installed.history()) >= 1)
        for _ in range(6):
            asked = installed.run("crl", "publish", "--json")
            assert asked.returncode == 0, asked.stderr
            answers.append(json.loads(asked.stdout)["number"])

    assert answers == sorted(set(answers))
    with installed.database.read() as connection:
        numbers = list(connection.scalars(select(crls.c.number)))
    assert len(numbers) == len(set(numbers)) == len(installed.history())


@pytest.mark.long
def test_second_publisher_takes_over_from_a_killed_one(installed: Installed) -> None:
    """It does not wait for the lease of a process that ended."""
    with running(installed, "publisher") as first:
        wait_until(lambda: len(installed.history()) == 1)
        with second_publisher(installed) as second:
            first.kill()
            first.wait()
            installed.population.issue_revoked(1)
            wait_until(lambda: installed.history()[0].covers_sequence == 1)
            assert second.poll() is None


@pytest.mark.long
def test_last_crl_is_made_by_the_running_publisher(installed: Installed) -> None:
    """It answers, and publishes nothing more, whatever comes."""
    (serial,) = installed.population.issue_revoked(1)
    with running(installed, "publisher"):
        wait_until(lambda: len(installed.history()) == 1)
        asked = installed.run("crl", "publish", "--last", "--yes", "--json")
        assert asked.returncode == 0, asked.stderr
        said = json.loads(asked.stdout)
        installed.population.revoke(serial, reason=RevocationReason.KEY_COMPROMISE)
        again = installed.run("crl", "publish")

    assert said["next_update"] == "9999-12-31T23:59:59Z"
    assert again.returncode == 1
    assert "last one" in again.stderr
    assert installed.history()[0].number == said["number"]
    assert public_crl(installed).number == said["number"]


def second_publisher(installed: Installed) -> AbstractContextManager[subprocess.Popen[str]]:
    """Another publisher of the same installation, with an operations port of its own."""
    (port,) = free_ports(1)
    folder = installed.installation.directory
    lines = (folder / "config.toml").read_text().splitlines()
    place = lines.index("        [publisher]")
    lines[place + 1] = f"operations_port = {port}"
    config = folder / "second.toml"
    config.write_text("\n".join(lines))
    return running(installed, "publisher", "--config", str(config))


def test_distribution_serves_what_the_publisher_published(installed: Installed) -> None:
    """The two processes meet in the folder alone."""
    with running(installed, "publisher"), running(installed, "serve", "distribution"):
        wait_until(lambda: status_of(f"{installed.distribution_url}/crl/issuing.crl") == 200)
        with DIRECT.open(f"{installed.distribution_url}/crl/issuing.crl", timeout=120) as response:
            data, media_type = response.read(), response.headers["Content-Type"]

    assert media_type == "application/pkix-crl"
    assert parse_crl(data).is_signed_by(installed.issuer.certificate)


@pytest.mark.long
def test_running_publisher_takes_up_a_new_schedule(installed: Installed) -> None:
    """Set, handed over and rolled back while it runs: the same process follows at its next look.

    A handover to another period makes a CRL at its very instant, and nextUpdate never falls.
    """
    with running(installed, "publisher") as process:
        wait_until(lambda: len(installed.history()) == 1)
        _a_second_later(installed)
        began = time.monotonic()
        longer = installed.run("schedule", "set", "period=50m", "validity=4d", "--by", "anna")
        # The handover must still lie ahead when the next command comes to it, however slow this machine is just now.
        ahead = timedelta(seconds=8 + 3 * int(time.monotonic() - began))
        assert longer.returncode == 0, longer.stderr
        wait_until(lambda: len(installed.history()) == 2)
        assert _validity(installed) == 4
        at = (datetime.now(UTC) + ahead).strftime("%Y-%m-%dT%H:%M:%SZ")
        handed = installed.run("schedule", "rotate", "period=40m", "validity=6d", "--at", at, "--by", "bob")
        assert handed.returncode == 0, handed.stderr
        wait_until(lambda: len(installed.history()) == 3)
        assert _validity(installed) == 6
        assert installed.history()[0].published_at >= datetime.fromisoformat(at)
        _a_second_later(installed)
        back = installed.run("schedule", "rollback", "--by", "anna")
        assert back.returncode == 0, back.stderr
        refused = installed.run("schedule", "set", "period=12h", "validity=13h")
        assert refused.returncode == 1
        assert "no CRL would be valid" in refused.stderr
        wait_until(lambda: len(installed.history()) == 4)
        assert process.poll() is None

    updates = [crl.next_update for crl in reversed(installed.history())]
    assert updates == sorted(updates)
    # Rolled back to four days, the promise of six is kept.
    assert public_crl(installed).next_update == installed.history()[0].next_update == updates[-1]
    with installed.database.read() as connection:
        verify_chain(connection)


def _a_second_later(installed: Installed) -> None:
    """A CRL of the very second in which a version begins is its first one: let that second pass."""
    wait_until(lambda: datetime.now(UTC) >= installed.history()[0].published_at + timedelta(seconds=1))


def _validity(installed: Installed) -> int:
    """In days, of the CRL that is public."""
    crl = public_crl(installed)
    assert crl.next_update is not None
    return round((crl.next_update - crl.this_update) / timedelta(days=1))
