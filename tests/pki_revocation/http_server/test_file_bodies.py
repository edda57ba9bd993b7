"""A body from a file is read as the client takes it: neither memory nor a thread is held for a slow one."""

import io
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pki_revocation.http_server.limits import Limits
from tests.conformance.wire import Closed, request
from tests.pki_revocation.http_server.servers import Serving, serving

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

_SIZE = 30_000_000
_WAIT_SECONDS = 10


class Source(io.BytesIO):
    """A file that tells how much of it was read, and whether it was closed."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.taken = 0
        self.ended = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        """Count."""
        piece = super().read(size)
        self.taken += len(piece)
        return piece

    def close(self) -> None:
        """Tell."""
        super().close()
        self.ended.set()


class FileApplication:
    """Gives a file to every request, with the length that it is said to have."""

    def __init__(self, content: bytes, said: int | None) -> None:
        self.files: list[Source] = []
        self._content = content
        self._said = said

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Always the same."""
        headers = [] if self._said is None else [("Content-Length", str(self._said))]
        start_response("200 OK", headers)
        if environ["PATH_INFO"] == "/small":
            return [b"x" * (self._said or 0)]
        self.files.append(Source(self._content))
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](self.files[-1])
        return wrapped


@pytest.mark.parametrize("said", [None, 1_000_000])
def test_the_whole_file(said: int | None) -> None:
    """With a length it is passed on, without one it is read; it is closed in the end, and the connection goes on."""
    content = bytes(range(256)) * 4000
    application = FileApplication(content, None if said is None else len(content))
    with serving(application) as served, served.connect() as wire:
        for _ in range(3):
            assert wire.ask("GET", "/").body == content
        assert wire.ask("HEAD", "/").body == b""
        assert all(file.ended.wait(_WAIT_SECONDS) for file in application.files)
    assert len(application.files) == 4
    assert application.files[-1].taken == (0 if said else len(content))


def test_a_part_of_a_file() -> None:
    """From where it stands, so many octets as were said, and no more."""
    application = FileApplication(b"x" * 1000, 600)
    with serving(application) as served, served.connect() as wire:
        assert wire.ask("GET", "/").body == b"x" * 600
        assert wire.ask("GET", "/").body == b"x" * 600


def _stalled(served: Serving, application: FileApplication) -> Any:  # noqa: ANN401 - a Wire
    wire = served.connect()
    wire.send(request("GET", "/"))
    deadline = time.monotonic() + _WAIT_SECONDS
    taken = -1
    while time.monotonic() < deadline and (not application.files or application.files[-1].taken != taken):
        taken = application.files[-1].taken if application.files else -1
        time.sleep(0.2)
    return wire


def test_a_slow_reader_holds_neither_memory_nor_a_thread() -> None:
    """Only what the sockets take is read from the file; more readers than threads are served, and others too."""
    application = FileApplication(b"x" * _SIZE, _SIZE)
    with serving(application, threads=1) as served:
        slow = [_stalled(served, application) for _ in range(3)]
        assert len(application.files) == 3
        assert all(file.taken < _SIZE for file in application.files)
        with served.connect() as wire:
            assert len(wire.ask("GET", "/").body) == _SIZE
        assert [len(wire.reply().body) for wire in slow] == [_SIZE] * 3
        for wire in slow:
            wire.close()


def test_who_leaves_closes_the_file() -> None:
    """Descriptors are not for the taking."""
    application = FileApplication(b"x" * _SIZE, _SIZE)
    with serving(application) as served:
        _stalled(served, application).close()

        assert application.files[0].ended.wait(_WAIT_SECONDS)


def test_who_stalls_closes_the_file() -> None:
    """Likewise."""
    application = FileApplication(b"x" * _SIZE, _SIZE)
    with serving(application, limits=Limits(stalled_seconds=0.5)) as served:
        wire = _stalled(served, application)

        assert application.files[0].ended.wait(_WAIT_SECONDS)
        wire.close()


def test_pipelined_files_come_in_order() -> None:
    """RFC 9112 section 9.3.2: what is behind a file waits for its end."""
    application = FileApplication(b"y" * 5_000_000, 5_000_000)
    with serving(application) as served, served.connect() as wire:
        wire.send(request("GET", "/") + request("GET", "/small") + request("GET", "/"))

        assert [wire.reply().body[:1] for _ in range(3)] == [b"y", b"x", b"y"]


def test_a_file_that_was_cut_is_no_whole_one() -> None:
    """RFC 9112 section 8: the connection ends before the length that was said, so that nobody takes it for complete."""
    application = FileApplication(b"x" * 500, 1000)
    with serving(application) as served, served.connect() as wire:
        wire.send(request("GET", "/"))

        with pytest.raises((Closed, ConnectionResetError)):
            wire.reply()
        assert application.files[0].ended.wait(_WAIT_SECONDS)
