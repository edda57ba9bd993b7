"""One responder with two workers for every test of this folder that does not need settings of its own."""

from collections.abc import Iterator

import pytest

from tests.conformance import scene as scenes
from tests.conformance.scene import Scene
from tests.conformance.wire import Wire


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A running responder with the usual settings."""
    with scenes.served(scenes.make(tmp_path_factory.mktemp("conformance"))) as running:
        yield running


@pytest.fixture
def wire(scene: Scene) -> Iterator[Wire]:
    """A connection of the test's own."""
    with Wire(scene.url) as connection:
        yield connection
