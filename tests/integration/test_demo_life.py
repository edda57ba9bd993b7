"""The demo as a process: it starts, ends without a trace, goes on where it was, and refuses in one sentence."""

import json
import os
import re
import shutil
import signal
import socket
from importlib import metadata
from pathlib import Path

import psutil
import pytest

from tests.integration.running_demo import RunningDemo, free_port_base, program
from tests.waiting import wait_until


def _small(directory: Path, *arguments: str) -> RunningDemo:
    return RunningDemo(
        directory=directory, arguments=["--certificates", "2", "--port-base", str(free_port_base()), *arguments]
    )


def _gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_ends_cleanly_and_goes_on_where_it_was(tmp_path: Path, number: signal.Signals) -> None:
    """Status 0, no process, no demo.json left; the second start has the same ports, data and revocations."""
    demo = _small(tmp_path / "demo").start()
    first = demo.contract
    processes = demo.processes()
    assert demo.revoke(0)[0] == 200
    status, said = demo.stop(number)
    left_ready = (demo.directory / "demo.json").exists()

    assert status == 0, said
    assert "Traceback" not in said
    assert not left_ready
    assert _gone(processes)

    again = RunningDemo(directory=demo.directory).start()
    second = again.contract
    repeated = again.revoke(0)[1]
    good = program("status", again.certificate(1)["serial"], "--json", "--directory", demo.directory)
    again.stop()
    assert second == first
    assert repeated["sequence"] == 1
    assert json.loads(good.stdout)["status"] == "good"


def test_one_is_revoked_and_the_other_nineteen_stay_good(demo: RunningDemo, tmp_path: Path) -> None:
    """In OCSP and by the CRL, as openssl sees each of them."""
    revoked, *others = range(26, 46)
    assert demo.revoke(revoked)[0] == 200
    wait_until(
        lambda: "certificate revoked" in demo.verify_with_crl(revoked, demo.crl(tmp_path)),
        10,
        "the CRL with the revocation",
    )
    crl = demo.crl(tmp_path)
    for place in (revoked, *others):
        expected = ": revoked" if place == revoked else ": good"
        assert expected in demo.openssl_ocsp(place)
        assert (": OK" in demo.verify_with_crl(place, crl)) is (place != revoked)


@pytest.mark.parametrize("service", ["web", "console", "ocsp", "distribution", "publisher", "arrivals", "notifier"])
def test_each_service_says_where_it_listens(demo: RunningDemo, service: str) -> None:
    """With the version, in UTC; and under `serve all`, which configuration it read."""
    log = (demo.directory / "services.log").read_text()
    begin = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO \S+: " + service
    program_version = f"pki-revocation {re.escape(metadata.version('pki-revocation'))}"

    where = re.findall(rf"{begin} listening on 127\.0\.0\.1:(\d+)\b.*: {program_version}$", log, re.MULTILINE)
    read = re.findall(rf"{begin} starts: {program_version}, configuration (.+)$", log, re.MULTILINE)

    assert where
    assert set(read) == {str((demo.directory / "config.toml").resolve())}


@pytest.mark.long
def test_killed_demo_leaves_no_process(tmp_path: Path) -> None:
    """Even SIGKILL of the demo ends every service: the kernel tells the children. It starts again afterwards."""
    demo = _small(tmp_path / "demo").start()
    processes = demo.processes()
    assert demo.process is not None
    demo.process.kill()
    demo.process.communicate()

    wait_until(lambda: _gone(processes), 30, "the end of all services")
    status, _ = RunningDemo(directory=demo.directory).start().stop()
    assert status == 0


def test_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    """Which port, who holds it, and which options to give instead; nothing is made."""
    base = free_port_base()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", base + 2))
        holder.listen()
        done = program("demo", "--directory", tmp_path / "demo", "--port-base", str(base))

    assert done.returncode == 1
    assert f"Port {base + 2} (ocsp) is taken by {psutil.Process().name()} (process {os.getpid()})" in done.stderr
    assert "--directory" in done.stderr
    assert "--port-base" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert program("demo", "--directory", tmp_path / "demo", "--port-base", "x").returncode == 2


def test_folder_that_no_demo_made_is_refused(tmp_path: Path) -> None:
    """And stays as it is."""
    (tmp_path / "thesis.txt").write_text("mine")
    done = program("demo", "--directory", tmp_path)

    assert done.returncode == 1
    assert "holds something that no demo made" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_half_made_folder_is_refused(tmp_path: Path) -> None:
    """A demo whose making was killed says how to begin again."""
    state = {"finished": False, "certificates": 20, "key_type": "p256", "port_base": 8460}
    (tmp_path / "demo-state.json").write_text(json.dumps(state))
    done = program("demo", "--directory", tmp_path)

    assert done.returncode == 1
    assert f"rm -r {tmp_path}" in done.stderr
    assert "Traceback" not in done.stderr


def test_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    """A path under a file, which nobody can make, not even root."""
    (tmp_path / "file").write_text("")
    done = program("demo", "--directory", tmp_path / "file" / "demo")

    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_what_was_made_cannot_be_changed(demo: RunningDemo, tmp_path: Path) -> None:
    """Another number of certificates, or another port base, needs another folder; a running one is locked."""
    running = program("demo", "--directory", demo.directory)
    shutil.copytree(demo.directory, tmp_path / "demo", ignore=shutil.ignore_patterns("letters"))
    changed = program("demo", "--directory", tmp_path / "demo", "--certificates", "3")

    assert "is running" in running.stderr
    assert "made with --certificates 51" in changed.stderr


@pytest.mark.long  # keys of every type are loaded and used by the tests of `keys` and of `interop`
@pytest.mark.parametrize("key_type", ["rsa2048", "ed25519", "mldsa65"])
def test_every_key_type_comes_up(tmp_path: Path, key_type: str) -> None:
    """Endpoints answer, and a revocation is seen, whatever signs; `cryptography` judges the signatures."""
    demo = _small(tmp_path / "demo", "--key-type", key_type).start()
    try:
        entry = demo.certificate(0)
        asked = program("ocsp", "query", demo.path(entry["certificate"]), "--json", "--directory", demo.directory)
        assert json.loads(asked.stdout)["status"] == "good", asked.stderr
        assert demo.revoke(0)[0] == 200
        asked = program("ocsp", "query", demo.path(entry["certificate"]), "--json", "--directory", demo.directory)
        assert json.loads(asked.stdout)["status"] == "revoked", asked.stderr
    finally:
        demo.stop()


@pytest.mark.long
def test_postgresql_demo(tmp_path: Path, postgresql_empty_url: str) -> None:
    """The same on PostgreSQL."""
    demo = _small(tmp_path / "demo", "--database", postgresql_empty_url).start()
    try:
        assert demo.revoke(0)[0] == 200
        assert ": revoked" in demo.openssl_ocsp(0)
    finally:
        status, said = demo.stop()
    assert status == 0, said
