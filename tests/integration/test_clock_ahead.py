"""The services are told a clock two hours ahead for some seconds, and revoke and publish meanwhile: nothing remains."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crl_publisher.crl.reading import parse_crl
from tests.integration.running_demo import RunningDemo, environment, free_port_base, program
from tests.waiting import wait_until

BOUND = timedelta(seconds=5)


@pytest.fixture
def ahead(tmp_path: Path) -> Path:
    """While this file is there, the services' clocks are ahead."""
    return tmp_path / "ahead"


@pytest.fixture
def demo(tmp_path: Path, ahead: Path) -> Iterator[RunningDemo]:
    """A demo whose processes ask that library for the time."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler for the clock: apt-get install gcc")
    library, source = tmp_path / "ahead.so", Path(__file__).with_name("ahead.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60)
    made = RunningDemo(
        directory=tmp_path / "demo",
        arguments=["--certificates", "3", "--port-base", str(free_port_base())],
        variables={"LD_PRELOAD": str(library), "AHEAD_FILE": str(ahead)},
    )
    made.start()
    yield made
    made.stop()


def now() -> datetime:
    """The right time: this process is told no other."""
    return datetime.now(UTC)


def dated(said: str) -> datetime:
    """The thisUpdate that `openssl ocsp` tells."""
    found = re.search(r"This Update: (.+)", said)
    assert found is not None, said
    return datetime.strptime(found[1], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)


def assert_answers(demo: RunningDemo, place: int, status: str) -> None:
    """OCSP's answer is valid now, as openssl judges it: it takes none from the future."""
    said = demo.openssl_ocsp(place, "-validity_period", "5")
    assert f": {status}" in said
    assert "Response verify OK" in said
    assert "WARNING" not in said
    assert dated(said) <= now() + BOUND


@pytest.mark.long
def test_two_hours_ahead_take_nothing_down(demo: RunningDemo, ahead: Path, tmp_path: Path) -> None:
    """Neither while it lasts nor at once after: OCSP, CRL and API say the right time."""
    for place in (0, 1, 2):
        assert_answers(demo, place, "good")
    ahead.touch()
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env=environment(demo.variables),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert float(told.stdout) > now().timestamp() + 7000
    # Each process is told so from its next second on.
    time.sleep(1.1)
    assert_answers(demo, 0, "good")
    status, answer = demo.revoke(1, reason="superseded")
    assert status == 200
    assert datetime.fromisoformat(answer["revoked_at"]) <= now() + BOUND
    assert_answers(demo, 1, "revoked")
    published = program("crl", "publish", "--json", "--directory", demo.directory)
    assert published.returncode == 0, published.stderr
    ahead.unlink()

    assert_answers(demo, 0, "good")
    assert_answers(demo, 1, "revoked")
    crl = parse_crl(demo.fetch("GET", demo.contract["crl_url"])[2])
    assert crl.this_update <= now()
    assert "certificate revoked" in demo.verify_with_crl(1, demo.crl(tmp_path))
    status, answer = demo.revoke(2)
    assert (status, datetime.fromisoformat(answer["revoked_at"]) <= now() + BOUND) == (200, True)
    assert_answers(demo, 2, "revoked")
    wait_until(lambda: "certificate revoked" in demo.verify_with_crl(2, demo.crl(tmp_path)), 15, "the next CRL")
    found = program("doctor", "--directory", demo.directory)
    assert "WRONG" not in found.stdout, found.stdout
    (responder,) = json.loads(program("ocsp", "responders", "--json", "--directory", demo.directory).stdout)
    assert responder["lost"] is False
