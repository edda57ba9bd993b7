"""What a person meets on a page in the browser, measured: WCAG by axe, width, small targets, unseen focus."""

from io import BytesIO
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it carries no types
from playwright.sync_api import Page
from pypdf import PdfReader

_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# WCAG 2.2, 2.5.8: in CSS pixels.
_SMALLEST_TARGET = 24
_AXE = Axe()
_MODES: tuple[dict[str, Any], ...] = (
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
)
_WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_TARGETS = """
smallest => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), [tabindex='0']")]
    .map((element) => [element.id || element.textContent.trim(), element.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < smallest || box.height < smallest))
    .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)
"""
_FOCUS = """
() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const ground = (node) => {
        const colour = getComputedStyle(node).backgroundColor;
        return colour !== "rgba(0, 0, 0, 0)" || !node.parentElement ? colour : ground(node.parentElement);
    };
    return {
        name: element.id || element.textContent.trim() || element.tagName,
        outlined: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2
            && style.outlineColor !== ground(element.parentElement),
        seen: box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth,
    };
}
"""


def faults(page: Page, *, modes: bool = True) -> list[str]:
    """What somebody would meet on the page that may not be.

    What axe finds against WCAG 2.2 A and AA, with *modes* the contrast in dark mode and with forced colours too; links,
    buttons and fields under 24 by 24 CSS pixels, none excepted for standing in a sentence (2.5.8); what is wider than
    the screen (1.4.10), on wide screens with text twice as large too (1.4.4).
    """
    found = _axe(page, {"type": "tag", "values": _WCAG})
    if modes:
        for media in _MODES:
            page.emulate_media(**media)
            found += [f"{media}: {each}" for each in _axe(page, {"type": "rule", "values": ["color-contrast"]})]
        page.emulate_media(color_scheme="light", forced_colors="none")
    found += [f"small target {target}" for target in page.evaluate(_TARGETS, _SMALLEST_TARGET)]
    if page.evaluate(_WIDER):
        found.append("scrolls sideways")
    if page.evaluate("innerWidth >= 1280"):
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if page.evaluate(_WIDER):
            found.append("scrolls sideways when text is twice as large")
        page.evaluate("document.documentElement.style.fontSize = ''")
    return found


def printed(page: Page) -> list[str]:
    """The text of each sheet of paper that the page fills."""
    return [sheet.extract_text() for sheet in PdfReader(BytesIO(page.pdf(format="A4"))).pages]


def unseen_focus(page: Page) -> str | None:
    """The name of what has the focus, where that is not outlined or not on the screen (WCAG 2.4.7, 2.4.11)."""
    focus = page.evaluate(_FOCUS)
    return None if focus["outlined"] and focus["seen"] else str(focus["name"])


def _axe(page: Page, run_only: dict[str, object]) -> list[str]:
    results = _AXE.run(page, options={"runOnly": run_only, "resultTypes": ["violations"]}).response
    assert results["passes"], "axe looked at nothing"
    return [f"{violation['id']}: {node['html']}" for violation in results["violations"] for node in violation["nodes"]]
