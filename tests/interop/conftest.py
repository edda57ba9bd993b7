"""One responder, and one CA of each key type with all its CRLs, for every relying party's program."""

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.conformance import scene as scenes
from tests.interop.crl_kinds import CrlKinds
from tests.interop.relying_party import RelyingParty
from tests.keys.pkcs11.tokens import on_token

__all__ = ["on_token", "party"]


@pytest.fixture(scope="session")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelyingParty]:
    """Somebody whose programs ask a running responder with two workers."""
    folder = tmp_path_factory.mktemp("interop")
    (folder / "files").mkdir()
    (folder / "installed").mkdir()
    with scenes.served(scenes.make(folder / "installed")) as scene:
        yield RelyingParty(scene=scene, folder=folder / "files")


class _Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


@pytest.fixture(scope="session")
def kinds_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], CrlKinds]]:
    """By key type, a CA with every kind of CRL, which its certificates' addresses lead to while tests run."""
    servers: list[ThreadingHTTPServer] = []

    @functools.cache
    def made(key_type: str) -> CrlKinds:
        folder = tmp_path_factory.mktemp(f"crls-{key_type}")
        (folder / "published").mkdir()
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder / "published"))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return CrlKinds(folder, key_type, f"http://127.0.0.1:{server.server_port}")

    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def kinds(request: pytest.FixtureRequest, kinds_of: Callable[[str], CrlKinds]) -> CrlKinds:
    """The CA of the key type that a test names."""
    return kinds_of(request.param)
