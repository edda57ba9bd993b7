"""What a benchmark writes down is what it measured."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.figures import Cell, Figure, NotMeasured, Row
from benchmarks.table import as_json, markdown, replace_between
from pki_revocation.host.machine import Machine

MACHINE = Machine(processor="Some CPU", cores=2, memory_gib=4.0, system="Linux 6", python="3.11.7")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
RATIO = Row(name="nonce", title="nonce", unit="", must=0.18, aim=0.3, least=True)
DELAY = Row(name="delay", title="delay", unit="ms", must=10, aim=3)


@pytest.mark.parametrize(
    ("row", "value", "verdict"),
    [
        (RATIO, 0.3, "aim"),
        (RATIO, 0.29, "must"),
        (RATIO, 0.18, "must"),
        (RATIO, 0.17, "missed"),
        (DELAY, 3, "aim"),
        (DELAY, 3.1, "must"),
        (DELAY, 10.1, "missed"),
    ],
)
def test_says_whether_a_promise_is_kept(row: Row, value: float, verdict: str) -> None:
    """More is better in ratios, less in times."""
    assert row.verdict(value) == verdict


def test_a_missing_value_says_why() -> None:
    """And is no number, in the table or for programs."""
    cells: list[Cell] = [
        Figure(row=DELAY, who="pki-revocation", value=2.5, rounds=(2.5,), beside={"per second": 1234.5}),
        NotMeasured(row=DELAY, who="cfssl", why="missing here"),
    ]

    table = markdown(cells, MACHINE, NOW)
    assert "| delay | pki-revocation | 2.5 ms (aim) | ≤ 10 | ≤ 3 | per second 1,234 |" in table
    assert "| delay | cfssl | not measured: missing here |  |  |  |" in table
    assert "Some CPU, 2 cores, 4 GiB, Linux 6, Python 3.11.7" in table

    figures = json.loads(as_json(cells, MACHINE, NOW))["figures"]
    assert figures[0]["value"] == 2.5
    assert figures[1] == {"row": "delay", "who": "cfssl", "not_measured": "missing here"}


def test_replaces_only_what_stands_between(tmp_path: Path) -> None:
    """The page's own words stay; a page without the place is refused and left."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- end figures -->\nafter\n")

    replace_between(page, "figures", "new")

    assert page.read_text() == "before\n<!-- figures -->\n\nnew\n<!-- end figures -->\nafter\n"
    with pytest.raises(ValueError, match="has no place"):
        replace_between(page, "others", "new")
