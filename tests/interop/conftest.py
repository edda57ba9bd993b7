"""One responder for every relying party's program."""

from collections.abc import Iterator

import pytest

from tests.conformance import scene as scenes
from tests.interop.relying_party import RelyingParty
from tests.keys.tokens import on_token

__all__ = ["on_token", "party"]


@pytest.fixture(scope="session")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelyingParty]:
    """Somebody whose programs ask a running responder with two workers."""
    folder = tmp_path_factory.mktemp("interop")
    (folder / "files").mkdir()
    (folder / "installed").mkdir()
    with scenes.served(scenes.make(folder / "installed")) as scene:
        yield RelyingParty(scene=scene, folder=folder / "files")
