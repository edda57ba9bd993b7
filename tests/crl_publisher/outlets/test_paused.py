"""A process that is stopped between looking and writing, and wakes late, publishes nothing old at any outlet."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crl_publisher.errors import OutletError
from crl_publisher.outlets import DirectoryOutlet, Outlet, directory
from pki_revocation.host.failpoints import VARIABLE
from tests.crl_publisher.outlets.servers import ObjectStore, PutServer
from tests.waiting import patience, wait_until

PATH = "crl/issuing.crl"
# Kind, address, where to stop, the outlet as this process sees it, and what publishes a number there.
Stopping = tuple[str, str, str, Outlet, Callable[[int], None]]
OPEN = {
    "directory": "from pathlib import Path; outlet = DirectoryOutlet(Path(sys.argv[1]))",
    "s3": (
        "from tests.crl_publisher.outlets.servers import ObjectStore; from pathlib import Path; "
        "outlet = ObjectStore(url=sys.argv[1], broken=Path()).outlet()"
    ),
    "http-put": "outlet = HttpPutOutlet(sys.argv[1], credentials=OutletCredentials(), seconds=30)",
}
WRITER = """
import sys
from crl_publisher.errors import NumberNotAbove
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.outlets.credentials import OutletCredentials
from crl_publisher.outlets.http_put import HttpPutOutlet
{open}
try:
    outlet.replace("crl/issuing.crl", b"5", number=5, number_of=int)
except NumberNotAbove:
    sys.exit(5)
"""


@contextlib.contextmanager
def stopped(kind: str, address: str, place: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that publishes number 5 and has stopped at a place."""
    (folder / "failpoints").mkdir()
    (folder / "failpoints" / place).write_text("stop")
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER.format(open=OPEN[kind]), address],
        env=os.environ | {VARIABLE: str(folder / "failpoints"), "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    try:
        wait_until(lambda: process.poll() is not None or _is_stopped(process.pid), what="the stop")
        assert process.poll() is None
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.fixture(params=["directory", "s3", "http-put"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Stopping:
    """Kind, address, where to stop, and the outlet as this process sees it."""

    def publish(number: int) -> None:
        outlet.replace(PATH, str(number).encode(), number=number, number_of=int)

    outlet: Outlet
    match request.param:
        case "directory":
            outlet = DirectoryOutlet(tmp_path / "published")
            return "directory", str(tmp_path / "published"), "crl.written", outlet, publish
        case "s3":
            store: ObjectStore = request.getfixturevalue("store")
            outlet = store.outlet()
            return "s3", store.url, "s3.checked", outlet, publish
        case _:
            server: PutServer = request.getfixturevalue("server")
            outlet = server.outlet()
            return "http-put", f"{server.url}/files", "http.checked", outlet, publish


@pytest.mark.parametrize("before", [None, 4])
def test_paused_process_publishes_nothing_old(before: int | None, place: Stopping, tmp_path: Path) -> None:
    """It saw number 4, or nothing at all; number 6 came meanwhile, and stays."""
    kind, address, where, outlet, publish = place
    if before is not None:
        publish(before)
    with stopped(kind, address, where, tmp_path) as process:
        publish(6)
        process.send_signal(signal.SIGCONT)

        assert process.wait(patience(30)) == 5
    assert outlet.fetch(PATH) == b"6"


def test_paused_process_in_its_turn_publishes(place: Stopping, tmp_path: Path) -> None:
    """When nothing came meanwhile, it simply goes on."""
    kind, address, where, outlet, publish = place
    publish(4)
    with stopped(kind, address, where, tmp_path) as process:
        process.send_signal(signal.SIGCONT)

        assert process.wait(patience(30)) == 0
    assert outlet.fetch(PATH) == b"5"


def test_lock_of_a_stopped_process_is_told_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between check and rename, it can only be waited for: the sentence says whom to end."""
    monkeypatch.setattr(directory, "_LOCK_SECONDS", 0.2)
    outlet = DirectoryOutlet(tmp_path / "published")
    outlet.replace(PATH, b"4", number=4, number_of=int)
    with stopped("directory", str(tmp_path / "published"), "crl.checked", tmp_path) as process:
        with pytest.raises(OutletError, match=f"Process {process.pid} on .* has held the lock"):
            outlet.replace(PATH, b"6", number=6, number_of=int)
        assert outlet.fetch(PATH) == b"4"
        process.kill()
        process.wait()

        outlet.replace(PATH, b"6", number=6, number_of=int)
    assert outlet.fetch(PATH) == b"6"
