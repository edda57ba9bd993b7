"""One demo that tests share which end none of its services for good, and a token for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.running_demo import RunningDemo, free_port_base
from tests.keys.pkcs11.tokens import on_token

__all__ = ["on_token"]


@pytest.fixture(scope="session")
def failpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a file with a failpoint's name ends the next process that passes it."""
    return tmp_path_factory.mktemp("failpoints")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, failpoints: Path) -> Iterator[RunningDemo]:
    """A demo with two workers.

    Its tests may run in any order, so each takes certificates of its own, by their places: test_main_job 0 to 19,
    test_receipt 20 to 25, test_demo_life 26 to 45, test_nginx 47 to 49, and test_api 50. test_wire only asks about 46.
    """
    running = RunningDemo(
        directory=tmp_path_factory.mktemp("demo") / "demo",
        arguments=["--certificates", "51", "--port-base", str(free_port_base()), "--workers", "2"],
        variables={
            "PKI_REVOCATION_FAILPOINTS": str(failpoints),
        },
    ).start()
    yield running
    status, said = running.stop()
    assert status == 0, said
