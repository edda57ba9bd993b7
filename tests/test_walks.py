"""The page that draws the walks names files that there are, shows every drawing, and forgets no step of any."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs" / "walks.md"
DRAWINGS = sorted((TOP / "docs" / "walks").glob("*.svg"))
PACKAGES = ("pki_revocation", "keys", "crl_publisher", "ocsp_responder")
_FILE = re.compile(r"[\w/]*\w\.py\b")
_SVG = "{http://www.w3.org/2000/svg}"


def files_of_the_house() -> set[str]:
    """All of the product, by their paths."""
    return {path.relative_to(TOP).as_posix() for package in PACKAGES for path in (TOP / package).rglob("*.py")}


def said_in(drawing: Path) -> str:
    """Every word that a reader sees."""
    return "\n".join(text.text or "" for text in ET.parse(drawing).iter(f"{_SVG}text"))  # noqa: S314 - our own file


def named(text: str) -> set[str]:
    """The files that a text names."""
    return set(_FILE.findall(text))


def test_every_file_on_the_page_exists() -> None:
    """By its whole path."""
    assert named(PAGE.read_text()) - files_of_the_house() == set()


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)
def test_every_file_in_a_drawing_exists(drawing: Path) -> None:
    """By its whole path, or by its end where the drawing has the folder beside it: of one file, and no other."""
    house = files_of_the_house()
    for name in named(said_in(drawing)):
        meant = [path for path in house if path == name or path.endswith(f"/{name}")]
        within = [path for path in meant if path.split("/")[0] in said_in(drawing)]
        assert name in house or len(within) == 1, f"{name} is {within or 'no file'}"


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)
def test_drawing_is_on_the_page_and_can_be_read_aloud(drawing: Path) -> None:
    """With a title and a description, for those who do not see it; and for light and dark."""
    text = drawing.read_text()
    root = ET.fromstring(text)  # noqa: S314 - our own file

    assert f"](walks/{drawing.name})" in PAGE.read_text()
    assert root.get("role") == "img"
    assert root.findtext(f"{_SVG}title")
    assert root.findtext(f"{_SVG}desc")
    assert "prefers-color-scheme:dark" in text


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)
def test_nothing_is_drawn_outside_the_drawing(drawing: Path) -> None:
    """Boxes lie in the view, and no text begins outside it."""
    root = ET.parse(drawing).getroot()  # noqa: S314 - our own file
    _, _, width, height = (float(each) for each in str(root.get("viewBox")).split())
    for rect in root.iter(f"{_SVG}rect"):
        x, y, w, h = (float(str(rect.get(name))) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
    for text in root.iter(f"{_SVG}text"):
        assert 0 < float(str(text.get("x"))) < width
        assert 0 < float(str(text.get("y"))) < height


def test_there_are_four() -> None:
    """The publication, the delegated key, OCSP's fast path, and the segments of the entry store."""
    assert len(DRAWINGS) == 4
