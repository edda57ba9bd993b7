"""The settings as docs/ca-operations.md lists them: `python -m tests.settings_table` writes them there anew."""

import dataclasses
import re
from datetime import timedelta
from enum import Enum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pki_revocation.config.sections import SECTIONS_GROUP, duration_text

PAGE = Path(__file__).parents[1] / "docs" / "ca-operations.md"
_BLOCK = re.compile(r"(?<=<!-- settings -->\n).*(?=<!-- end of settings -->)", re.DOTALL)


def render() -> str:
    """A table for each section, from the classes that declare them."""
    parts = []
    for point in sorted(entry_points(group=SECTIONS_GROUP), key=lambda point: point.name):
        kind = point.load()
        first = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        about = first.partition("]: ")[2] or first
        lines = [
            f"### `[{point.name}]`",
            "",
            f"{about[0].upper()}{about[1:]}",
            "",
            "| setting | default | may be |",
            "|---|---|---|",
        ]
        lines += [_row(field) for field in dataclasses.fields(kind)]
        parts.append("\n".join(lines))
    return "\n" + "\n\n".join(parts) + "\n\n"


def shown(page: str) -> str:
    """What the page lists now."""
    found = _BLOCK.search(page)
    return "" if found is None else found[0]


def _row(field: dataclasses.Field[Any]) -> str:
    minimum, maximum = field.metadata["minimum"], field.metadata["maximum"]
    bounds = " to ".join(_value(bound) for bound in (minimum, maximum) if bound is not None)
    if bounds and maximum is None:
        bounds = f"{bounds} or more"
    if isinstance(field.default, Enum):
        bounds = ", ".join(_value(each) for each in type(field.default))
    clause = f" ({field.metadata['clause']})" if field.metadata["clause"] else ""
    return f"| `{field.name}` | {_default(field)} | {bounds}{clause} |"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "must be given"
    return "none" if field.default is None or not _value(field.default) else f"`{_value(field.default)}`"


def _value(value: object) -> str:
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value if isinstance(value, Enum) else value)


if __name__ == "__main__":
    PAGE.write_text(_BLOCK.sub(lambda _: render(), PAGE.read_text()))
