"""What holds for every outlet, whatever it is made of."""

import hashlib
import threading
from pathlib import Path

import pytest

from crl_publisher.errors import NumberNotAbove
from crl_publisher.outlets import DirectoryOutlet, Outlet

PATH = "crl/issuing/7-delta.crl"


def number_in(data: bytes) -> int | None:
    """These tests' CRLs are their own numbers."""
    return int(data) if data.isdigit() else None


def publish(outlet: Outlet, number: int) -> None:
    """Publish a CRL that is its number."""
    outlet.replace(PATH, str(number).encode(), number=number, number_of=number_in)


@pytest.fixture(params=["directory", "s3", "s3 below a prefix", "http-put", "http-put without ETag"])
def outlet(request: pytest.FixtureRequest, tmp_path: Path) -> Outlet:
    """One of each kind."""
    if request.param == "directory":
        return DirectoryOutlet(tmp_path / "published")
    if request.param.startswith("s3"):
        found: Outlet = request.getfixturevalue("store").outlet(prefix="a/b" if "prefix" in request.param else None)
        return found
    server = request.getfixturevalue("server")
    server.has_etags = "without" not in request.param
    put: Outlet = server.outlet()
    return put


def test_first_and_next_are_published(outlet: Outlet) -> None:
    """Nothing before; then each as it was given, by every way of reading."""
    assert not outlet.exists(PATH)
    assert outlet.fetch(PATH) is None
    with outlet.open(PATH) as nothing:
        assert nothing is None
    assert outlet.sha256(PATH) is None

    publish(outlet, 5)
    publish(outlet, 16)

    assert outlet.exists(PATH)
    assert outlet.fetch(PATH) == b"16"
    assert outlet.sha256(PATH) == hashlib.sha256(b"16").digest()
    with outlet.open(PATH) as stream:
        assert stream is not None
        assert stream.seek(1) == 1
        assert stream.read() == b"6"


@pytest.mark.parametrize("number", [4, 5])
def test_outlet_never_goes_backwards(number: int, outlet: Outlet) -> None:
    """Neither an older number nor the same again; what was public stays."""
    publish(outlet, 5)

    with pytest.raises(NumberNotAbove, match="CRL number 5"):
        publish(outlet, number)

    assert outlet.fetch(PATH) == b"5"


def test_what_is_no_crl_of_ours_is_replaced(outlet: Outlet) -> None:
    """Rubbish at the address must not keep the right CRL away for good."""
    outlet.put(PATH, b"rubbish")

    publish(outlet, 1)

    assert outlet.fetch(PATH) == b"1"


def test_other_files_are_put_as_they_are(outlet: Outlet) -> None:
    """A CA certificate, the same again, and another one."""
    for certificate in (b"certificate", b"certificate", b"renewed"):
        outlet.put("aia/issuing.cer", certificate)
        assert outlet.fetch("aia/issuing.cer") == certificate


# A server without ETags cannot decide it: test_http_put.py has what is done instead.
@pytest.mark.parametrize("outlet", ["directory", "s3", "http-put"], indirect=True)
def test_of_racing_publishers_the_highest_number_stays(outlet: Outlet) -> None:
    """Looking and writing are one step: whoever loses is refused, and nobody ever sees a number fall."""
    seen: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append(int(outlet.fetch(PATH) or b"0"))

    def write(numbers: range) -> None:
        for number in numbers:
            try:
                publish(outlet, number)
            except NumberNotAbove:
                continue

    publish(outlet, 1)
    watcher = threading.Thread(target=watch)
    writers = [threading.Thread(target=write, args=(range(start, 40, 2),)) for start in (2, 3)]
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    watcher.join()

    assert outlet.fetch(PATH) == b"39"
    assert len(seen) > 1
    assert seen == sorted(seen)
