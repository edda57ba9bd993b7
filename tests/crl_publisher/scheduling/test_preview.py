"""The preview as a table, as JSON and as a picture that reads on a telephone, in the dark, and aloud."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from crl_publisher.scheduling.drawing import draw
from crl_publisher.scheduling.preview import Preview, preview
from crl_publisher.scheduling.simulation import TimeSpan
from tests.chromium import chromium
from tests.crl_publisher.scheduling.schedules import DAY, HOUR, NOW, of, timeline, validity_of

SVG = "{http://www.w3.org/2000/svg}"
START = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)


@pytest.fixture
def shown() -> Preview:
    """Two weeks with everything in them: windows, deltas, a handover, a change of clocks, and an outage too long."""
    first = of(
        "calendar=0 */6 * * *",
        "zone=Europe/Amsterdam",
        "profile=br",
        "blackout=sat 08:00-sun 18:00",
        "delta_period=3h",
        "validity=44h",
    )
    second = of("calendar=0 */12 * * *", "zone=Europe/Amsterdam", "profile=br", "validity=3d")
    return preview(
        timeline((START, first), (START + 7 * DAY, second)),
        last_public=None,
        start=START,
        end=START + 14 * DAY,
        outages=[TimeSpan(START + 60 * HOUR, START + 68 * HOUR), TimeSpan(START + 220 * HOUR, START + 310 * HOUR)],
        misfires=[START + 30 * HOUR],
    )


def test_table_tells_what_happens_in_order(shown: Preview) -> None:
    """Runs, what an outage delays, handover, clocks, and where nothing is valid."""
    rows = shown.rows()
    text = "\n".join(line for _, line in rows)

    assert [at for at, _ in rows] == sorted(at for at, _ in rows)
    for words in (
        "-- clocks are changed in Europe/Amsterdam",
        "-- version 2 takes over",
        "-- the publisher stops",
        "-- the next run does not come",
        "late by",
        "!! no valid CRL for",
        "delta until",
        "left when the next comes",
    ):
        assert words in text
    assert "No valid CRL for" in shown.verdict()
    assert shown.refusal is None


def test_json_says_the_same(shown: Preview) -> None:
    """Every run and every gap, in UTC."""
    facts = shown.as_json()

    assert isinstance(facts["runs"], list)
    assert len(facts["runs"]) == len(shown.simulation.published)
    assert facts["gaps"] == [{"from": "2026-10-31T22:59:00Z", "to": "2026-11-02T01:00:00Z"}]
    assert facts["clock_changes"] == ["2026-10-25T01:00:00Z"]


def test_preview_of_what_cannot_be_saved_says_why() -> None:
    """The simulation is shown all the same."""
    schedule = of("period=12h", "validity=13h")
    shown = preview(timeline(schedule), last_public=validity_of(schedule, NOW), start=NOW, end=NOW + DAY)

    assert shown.refusal is not None
    assert "no CRL would be valid" in shown.refusal
    assert shown.verdict().startswith("Every instant has a valid CRL. At")
    assert "cannot be saved" in draw(shown)


def test_picture_says_in_words_what_it_shows(shown: Preview) -> None:
    """For screen readers; and what is wrong is told by words and hatching, not by colour alone."""
    root = ET.fromstring(draw(shown))  # noqa: S314 - our own

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    assert root.findtext(f"{SVG}title") == (
        "CRL schedule of issuing, 20 Oct 2026 05:00 to 03 Nov 2026 04:00, Europe/Amsterdam"
    )
    description = root.findtext(f"{SVG}desc") or ""
    for words in ("complete CRLs from", "No valid CRL for 26h01m in all", "Version 2 takes over", "Clocks are changed"):
        assert words in description
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert "Without a valid CRL: 26h01m in all." in texts
    assert "version 2" in texts
    assert {each.get("class") for each in root.iter(f"{SVG}rect")} >= {"gap", "away", "black"}


def test_year_of_minutes_stays_a_small_picture() -> None:
    """Places that nobody could tell apart are drawn once, and the least that was left is still seen."""
    shown = preview(
        timeline(of("period=10m")),
        last_public=None,
        start=NOW,
        end=NOW + 60 * DAY,
        outages=[TimeSpan(NOW + 20 * DAY, NOW + 20 * DAY + 24 * HOUR)],
    )
    picture = draw(shown)
    points = re.search(r'points="([^"]*)"', picture)

    assert len(picture) < 300_000
    assert points is not None
    depths = [float(point.partition(",")[2]) for point in points[1].split()]
    assert max(depths) == pytest.approx(500, abs=5)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real one."""
    with chromium() as launched:
        yield launched


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_reads_at_any_width_in_light_and_dark(
    width: int, scheme: str, shown: Preview, browser: Browser, tmp_path: Path
) -> None:
    """No words run out of it or over each other, letters keep their size, and contrast is enough (WCAG 1.4.3)."""
    file = tmp_path / "preview.svg"
    file.write_text(draw(shown))
    page = browser.new_page(viewport={"width": width, "height": 500}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(file.as_uri())
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('text')].filter(e => getComputedStyle(e).display !== 'none').map(e => {
            const b = e.getBoundingClientRect(), s = getComputedStyle(e);
            return {left: b.left, right: b.right, top: b.top, bottom: b.bottom, size: parseFloat(s.fontSize),
                    fill: s.fill, words: e.textContent}})"""
    )
    ground = page.evaluate("getComputedStyle(document.querySelector('.ground')).fill")
    page.close()

    assert all(box["left"] >= 0 and box["right"] <= width for box in boxes), boxes
    assert min(box["size"] for box in boxes) >= 13
    assert [box["words"] for box in boxes if _contrast(box["fill"], ground) < 4.5] == []
    for place, box in enumerate(boxes):
        for other in boxes[place + 1 :]:
            apart = (
                box["right"] <= other["left"]
                or other["right"] <= box["left"]
                or box["bottom"] <= other["top"] + 2
                or other["bottom"] <= box["top"] + 2
            )
            assert apart, (box, other)


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
