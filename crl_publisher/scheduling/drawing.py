"""A preview as a picture: how much validity is left over time, when CRLs come, and what lies in the way.

One SVG file that stands alone. Places are percentages and letters have a size of their own, so that it reads at the
width of a telephone as on a wall; it follows the reader's choice of light or dark, and says in words what it shows.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pki_revocation.clock import iso
from pki_revocation.config.sections import duration_text

from .preview import Preview, length_text
from .simulation import SimulatedPublication, TimeSpan
from .timeline import CrlKind

_HEIGHT = 464
_CHART = (130, 130)  # from the top, and its height
_TICKS = 270
_AXIS = 302
_LEGEND = 334
_LEFT, _RIGHT = 1.5, 98.5  # percent
_GRAIN = 1200
_LABELS = 8
_HOUR = timedelta(hours=1)
_STYLE = """
svg { --ground: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --left: #1f5fae; --gap: #b3261e;
  --away: #6e7781; --black: #8a6100; --hand: #6b3fa0; font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --ground: #14181d; --ink: #e6edf3; --soft: #9aa6b2; --line: #39424d;
  --left: #78b4f5; --gap: #ff8a80; --away: #9aa6b2; --black: #e0b040; --hand: #c9a6f5; } }
.ground { fill: var(--ground); } text { fill: var(--ink); } .soft { fill: var(--soft); }
.title { font-size: 16px; font-weight: 600; } .bad { fill: var(--gap); font-weight: 600; }
.line { stroke: var(--line); } .axis { stroke: var(--soft); }
.left { stroke: var(--left); fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.tick { stroke: var(--left); } .delta { stroke: var(--black); } .late { stroke: var(--gap); stroke-width: 3; }
.allowance { stroke: var(--gap); stroke-dasharray: 5 4; }
.gap { fill: var(--gap); } .black { fill: var(--black); fill-opacity: .22; } .away { fill: url(#away); }
.hatch { stroke: var(--away); stroke-width: 2; }
.hand { stroke: var(--hand); stroke-width: 2; } .handed { fill: var(--hand); paint-order: stroke;
  stroke: var(--ground); stroke-width: 4px; } .clock { stroke: var(--soft);
  stroke-dasharray: 2 3; }
@media (max-width: 700px) { .wide { display: none; } }
"""


def draw(shown: Preview) -> str:
    """The timeline as an SVG document."""
    return _Picture(shown).render()


class _Picture:
    """One picture in the making."""

    def __init__(self, shown: Preview) -> None:
        self._shown = shown
        self._start, self._end = shown.simulation.start, shown.simulation.end
        self._complete = shown.simulation.of(CrlKind.COMPLETE)
        self._top = max(
            [each.next_update - each.at for each in self._complete]
            + ([] if shown.simulation.last_public is None else [shown.simulation.last_public.next_update - self._start])
            + [self._allowance * 2, _HOUR]
        )
        self._root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "width": "100%",
                "height": str(_HEIGHT),
                "role": "img",
                "aria-labelledby": "title desc",
            },
        )

    def render(self) -> str:
        """The SVG document, its layers from the ground up."""
        title = f"CRL schedule of {self._shown.timeline.issuer}"
        span = f"{_day(self._shown, self._start)} to {_day(self._shown, self._end)}"
        self._add("title", id="title").text = f"{title}, {span}, {self._shown.zone_name}"
        self._add("desc", id="desc").text = self._words()
        self._add("style").text = _STYLE
        self._hatch()
        self._add("rect", {"class": "ground", "width": "100%", "height": "100%"})
        self._text(_LEFT, 24, title, "title")
        self._text(_LEFT, 44, span, "soft")
        self._text(_LEFT, 62, self._shown.zone_name, "soft")
        uncovered = self._shown.uncovered()
        if uncovered:
            self._text(_LEFT, 82, f"Without a valid CRL: {length_text(uncovered)} in all.", "bad")
        else:
            self._text(_LEFT, 82, "Every instant has a valid CRL.")
        if self._shown.refusal is not None:
            self._text(_LEFT, 100, "This schedule cannot be saved.", "bad")
        self._shades()
        self._sawtooth()
        self._marks()
        self._axis()
        self._legend()
        return ET.tostring(self._root, encoding="unicode") + "\n"

    @property
    def _allowance(self) -> timedelta:
        return self._shown.timeline.versions[-1].schedule.outage_allowance

    def _words(self) -> str:
        """The picture in words, for readers who do not see it."""
        parts = [f"{len(self._complete)} complete CRLs from {iso(self._start)} to {iso(self._end)}."]
        parts.append(self._shown.verdict())
        parts += [f"The publisher is away from {iso(each.start)} to {iso(each.end)}." for each in self._shown.outages]
        parts += [f"Version {number} takes over at {iso(at)}." for at, number in self._shown.handovers()]
        parts += [f"Clocks are changed at {iso(at)}." for at in self._shown.clock_changes()]
        return " ".join(parts)

    def _shades(self) -> None:
        """Blackouts and outages lie under everything; where no CRL is valid, the ground itself is filled."""
        top, height = _CHART
        for name, stretches in (("black", self._shown.blackouts()), ("away", self._shown.outages)):
            for span in stretches:
                self._box(name, span, top, height)
        for gap in self._shown.simulation.gaps:
            self._box("gap", gap, top, height)

    def _box(self, name: str, span: TimeSpan, top: int, height: int) -> None:
        left, right = self._x(span.start), self._x(span.end)
        if right > left:
            # A gap of a minute in a year must still be seen.
            width = max(right - left, 0.3)
            where = {"x": f"{left:.3f}%", "y": str(top), "width": f"{width:.3f}%", "height": str(height)}
            self._add("rect", {"class": name} | where)

    def _sawtooth(self) -> None:
        """The validity that is left, over time: it falls, and rises with each CRL."""
        top, height = _CHART
        self._text(_LEFT, top - 8, f"validity left, up to {duration_text(_whole(self._top))}", "soft")
        inner = ET.SubElement(
            self._root,
            "svg",
            {
                "x": f"{_LEFT}%",
                "y": str(top),
                "width": f"{_RIGHT - _LEFT}%",
                "height": str(height),
                "viewBox": f"0 0 {_GRAIN} 1000",
                "preserveAspectRatio": "none",
            },
        )
        points = " ".join(f"{x:.1f},{y:.0f}" for x, y in self._points())
        ET.SubElement(inner, "polyline", {"class": "left", "points": points})
        level = top + height - height * (self._allowance / self._top)
        for name, y in (("axis", float(top + height)), ("allowance", level)):
            place = {"x1": f"{_LEFT}%", "x2": f"{_RIGHT}%", "y1": f"{y:.1f}", "y2": f"{y:.1f}"}
            self._add("line", {"class": name} | place)

    def _points(self) -> Iterable[tuple[float, float]]:
        """No more than two for each grain: the most and the least that was left in it, so that no dip is lost."""
        grains: dict[int, list[tuple[float, float]]] = {}
        for at, left in self._levels():
            x = _GRAIN * ((at - self._start) / (self._end - self._start))
            y = 1000 * (1 - min(max(left / self._top, 0.0), 1.0))
            grains.setdefault(int(x), []).append((x, y))
        for found in grains.values():
            if len(found) <= 3:  # noqa: PLR2004 - a fall and a rise
                yield from found
            else:
                first, last = found[0], found[-1]
                high, low = min(found, key=lambda point: point[1]), max(found, key=lambda point: point[1])
                yield from (first, (first[0], high[1]), (first[0], low[1]), last)

    def _levels(self) -> Iterable[tuple[datetime, timedelta]]:
        """What was left before and after each CRL, and when it ran out."""
        until = None if self._shown.simulation.last_public is None else self._shown.simulation.last_public.next_update
        if until is not None:
            yield self._start, until - self._start
        for each in self._complete:
            yield from _fall(until, each.at)
            until = each.next_update
            yield each.at, until - each.at
        yield from _fall(until, self._end)

    def _marks(self) -> None:
        """A tick for each CRL, and lines where something changes."""
        top, height = _CHART
        seen: set[tuple[str, str]] = set()
        for each in self._shown.simulation.published:
            name = _tick_class(each)
            x = f"{self._x(each.at):.1f}%"
            if (name, x) not in seen:
                seen.add((name, x))
                y = _TICKS + (12 if each.kind is CrlKind.DELTA else 0)
                self._add("line", {"class": name, "x1": x, "x2": x, "y1": str(y), "y2": str(y + 10)})
        for at in self._shown.clock_changes():
            self._upright("clock", at, top, top + height + 20)
        for at, number in self._shown.handovers():
            self._upright("hand", at, top - 4, top + height + 20)
            place = self._x(at)
            anchor = "end" if place > 50 else "start"  # noqa: PLR2004 - the middle
            self._text(
                place + (-0.8 if anchor == "end" else 0.8), top + height - 8, f"version {number}", "handed", anchor
            )

    def _upright(self, name: str, at: datetime, top: int, bottom: int) -> None:
        x = f"{self._x(at):.2f}%"
        self._add("line", {"class": name, "x1": x, "x2": x, "y1": str(top), "y2": str(bottom)})

    def _axis(self) -> None:
        """Few dates on a narrow screen, more on a wide one."""
        step = (self._end - self._start) / _LABELS
        for place in range(_LABELS + 1):
            at = self._start + step * place
            x = self._x(at)
            anchor = {0: "start", _LABELS: "end"}.get(place, "middle")
            narrow = place % 4 == 0
            local = at.astimezone(self._shown.timeline.versions[-1].schedule.zone.info)
            short = f"{local:%d %b}" if step >= timedelta(days=1) else f"{local:%d %b %H:%M}"
            self._text(x, _AXIS + 14, short, "" if narrow else "wide", anchor)
            place_x = f"{x:.2f}%"
            self._add("line", {"class": "line", "x1": place_x, "x2": place_x, "y1": str(_AXIS - 8), "y2": str(_AXIS)})

    def _legend(self) -> None:
        """One line below the other, so that the narrowest screen holds it."""
        lines = [
            ("tick", "line", "a CRL is published"),
            ("late", "line", "a CRL or delta that comes late"),
            ("allowance", "line", f"what an outage of {duration_text(self._allowance)} needs"),
            ("away", "rect", "the publisher is away"),
            ("black", "rect", "blackout: no routine CRL"),
            ("gap", "rect", "no valid CRL"),
        ]
        if any(each.kind is CrlKind.DELTA for each in self._shown.simulation.published):
            lines.insert(1, ("delta", "line", "a delta is published"))
        for place, (name, shape, words) in enumerate(lines):
            y = _LEGEND + 19 * place
            if shape == "rect":
                where = {"x": "6", "y": str(y - 10), "width": "20", "height": "12"}
            elif name == "allowance":
                where = {"x1": "6", "x2": "26", "y1": str(y - 4), "y2": str(y - 4)}
            else:
                where = {"x1": "16", "x2": "16", "y1": str(y - 10), "y2": str(y + 2)}
            self._add(shape, {"class": name} | where)
            self._add("text", {"x": "34", "y": str(y)}).text = words

    def _hatch(self) -> None:
        pattern = ET.SubElement(
            self._add("defs"),
            "pattern",
            {
                "id": "away",
                "width": "7",
                "height": "7",
                "patternUnits": "userSpaceOnUse",
                "patternTransform": "rotate(45)",
            },
        )
        ET.SubElement(pattern, "line", {"class": "hatch", "x1": "0", "x2": "0", "y1": "0", "y2": "7"})

    def _x(self, moment: datetime) -> float:
        """Percent from the left."""
        part = (moment - self._start) / (self._end - self._start)
        return _LEFT + (_RIGHT - _LEFT) * min(max(part, 0.0), 1.0)

    def _text(self, x: float, y: int, words: str, name: str = "", anchor: str = "start") -> None:
        element = self._add("text", {"x": f"{x:.2f}%", "y": str(y), "text-anchor": anchor})
        if name:
            element.set("class", name)
        element.text = words

    def _add(self, tag: str, attributes: dict[str, str] | None = None, **more: str) -> ET.Element:
        return ET.SubElement(self._root, tag, (attributes or {}) | more)


def _fall(until: datetime | None, at: datetime) -> Sequence[tuple[datetime, timedelta]]:
    """From the last rise down to *at*; through nothing where it ran out before."""
    if until is None:
        return ()
    if until < at:
        return ((until, timedelta(0)), (at, timedelta(0)))
    return ((at, until - at),)


def _tick_class(published: SimulatedPublication) -> str:
    if published.is_late:
        return "late"
    return "delta" if published.kind is CrlKind.DELTA else "tick"


def _whole(length: timedelta) -> timedelta:
    return timedelta(hours=round(length / _HOUR))


def _day(shown: Preview, moment: datetime) -> str:
    zone = shown.timeline.versions[-1].schedule.zone
    return f"{moment.astimezone(zone.info):%d %b %Y %H:%M}"
