"""The two steps that the tests run in: each takes what the other leaves, and the places that decide are there."""

import re
from pathlib import Path

import pytest

from tests import steps

ROOT = Path(__file__).parents[1]


def test_no_test_is_in_neither_step() -> None:
    """What is not `long` runs in `make test`, and what is runs in `make test-long`, whatever other marks there are."""
    assert re.findall(r'pytest .*-m "([^"]*)"', (ROOT / "Makefile").read_text()) == [
        "not long",
        "long or hypothesis or campaign",
        "store",
    ]


def test_store_is_asked_on_the_older_server_too() -> None:
    """`make test-postgresql` is on PostgreSQL 16: what only a newer one has is found there."""
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if '-m "store"' in line]
    assert line.strip().startswith("POSTGRESQL=16 ")


def test_ci_runs_both_steps() -> None:
    """Beside `make check`."""
    commands = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line.startswith("make ")]
    assert commands[:2] == ["make check", "make test"]
    assert commands[2:] == ['make test-long PART="$((10#$commits % 6 + 1))/6"']


def test_each_test_is_in_one_part(request: pytest.FixtureRequest) -> None:
    """Six submissions run all of the long step, and none runs a test twice."""
    items = request.session.items
    parts = [item for number in range(1, 7) for item in steps.part(items, f"{number}/6")]
    assert sorted(item.nodeid for item in parts) == sorted(item.nodeid for item in items)


def test_every_place_is_there() -> None:
    """One that was moved would fall out of its step and nothing would say so."""
    for place in (*steps.OF_THE_STORE, *steps.STARTING_PROGRAMS):
        assert (ROOT / place).exists(), place
