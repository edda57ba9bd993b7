"""What a person meets on a page in the browser, measured: WCAG by axe, width, small targets, unseen focus."""

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it carries no types
from playwright.sync_api import Page

_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# WCAG 2.2, 2.5.8: in CSS pixels.
_SMALLEST_TARGET = 24
_AXE = Axe()
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


def violations(page: Page, *, also_dark: bool = False) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA, and with *also_dark* the contrast in dark mode too."""
    found = _axe(page, {"type": "tag", "values": _WCAG})
    if also_dark:
        page.emulate_media(color_scheme="dark")
        found += [f"dark: {each}" for each in _axe(page, {"type": "rule", "values": ["color-contrast"]})]
        page.emulate_media(color_scheme="light")
    return found


def small_targets(page: Page) -> list[str]:
    """Links, buttons and fields under 24 by 24 CSS pixels; none is excepted for standing in a sentence."""
    found: list[str] = page.evaluate(_TARGETS, _SMALLEST_TARGET)
    return found


def scrolls_sideways(page: Page) -> bool:
    """Whether something is wider than the screen (WCAG 1.4.10)."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def unseen_focus(page: Page) -> str | None:
    """The name of what has the focus, where that is not outlined or not on the screen (WCAG 2.4.7, 2.4.11)."""
    focus = page.evaluate(_FOCUS)
    return None if focus["outlined"] and focus["seen"] else str(focus["name"])


def _axe(page: Page, run_only: dict[str, object]) -> list[str]:
    results = _AXE.run(page, options={"runOnly": run_only, "resultTypes": ["violations"]}).response
    assert results["passes"], "axe looked at nothing"
    return [f"{violation['id']}: {node['html']}" for violation in results["violations"] for node in violation["nodes"]]
