"""What a pytest of a mutant's own takes from the one that started it: PostgreSQL, and where to say what failed."""

import os
from pathlib import Path

import pytest

from tests.mutation.server import FAILED_TEST, SERVER_ADDRESS


class _Server:
    """Stands for the server that another process minds."""

    def get_uri(self) -> str:
        """Its address."""
        return os.environ[SERVER_ADDRESS]


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> object:
    """The fixture `postgresql` is there already."""
    if fixturedef.argname != "postgresql" or not os.environ.get(SERVER_ADDRESS):
        return None
    server = _Server()
    fixturedef.cached_result = (server, None, None)  # a fixture without parameters has no key
    return server


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down the first test that failed."""
    if report.failed:
        Path(os.environ[FAILED_TEST]).write_text(report.nodeid)
