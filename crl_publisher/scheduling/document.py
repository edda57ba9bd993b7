"""A schedule as text: the lines of a TOML file, a JSON object in the database, KEY=VALUE on a command line.

Every value is a text in each of the three, so that the same words mean the same everywhere. What is not written has its
default; a calendar stands in place of the period.
"""

import dataclasses
import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from pki_revocation.config.sections import duration_text, load_section
from pki_revocation.errors import ConfigurationError

from .errors import ScheduleRefused
from .schedule import Schedule

NONE = "none"
KEYS = tuple(field.name for field in dataclasses.fields(Schedule))
_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Schedule)}


def as_document(schedule: Schedule) -> dict[str, str]:
    """Every value of a schedule that says something, in the order of its fields."""
    values = {name: getattr(schedule, name) for name in KEYS}
    if schedule.calendar is not None:
        del values["period"]
    return {name: _text(value) for name, value in values.items() if value is not None and str(value)}


def as_json(schedule: Schedule) -> str:
    """The same as one line of JSON: what the database keeps."""
    return json.dumps(as_document(schedule))


def as_toml(schedule: Schedule) -> str:
    """The same as the lines of a file."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in as_document(schedule).items())


def from_document(document: Mapping[str, object]) -> Schedule:
    """Read one.

    Raises:
        ScheduleRefused: naming the key that is unknown, the value that is none, or the rule that is broken.
    """
    try:
        return _Document.load(document)
    except ConfigurationError as error:
        raise ScheduleRefused(str(error).replace("[schedule] ", "The schedule's ", 1)) from None


@lru_cache(maxsize=512)
def from_json(text: str) -> Schedule:
    """Read what `as_json` wrote; a publisher reads the same versions twice a second.

    Raises:
        ScheduleRefused: as for `from_document`.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ScheduleRefused(f"The schedule is no JSON: {error}.") from None
    if not isinstance(document, dict):
        raise ScheduleRefused("The schedule is no JSON object.")
    return from_document(document)


def from_file(file: Path) -> Schedule:
    """Read a file: TOML, or JSON where its name ends so.

    Raises:
        ScheduleRefused: when it cannot be read, and as for `from_document`.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScheduleRefused(f"{file} cannot be read: {error}.") from None
    if file.suffix == ".json":
        return from_json(text)
    try:
        return from_document(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScheduleRefused(f"{file} is not valid TOML: {error}.") from None


def changed(schedule: Schedule, changes: Iterable[str]) -> Schedule:
    """The schedule with some values set anew: texts of the form KEY=VALUE, where `none` takes a value away.

    Raises:
        ScheduleRefused: for a change that is none, and as for `from_document`.
    """
    document = dict(as_document(schedule))
    for change in changes:
        key, sign, value = change.partition("=")
        key = key.strip().replace("-", "_")
        if not sign or key not in KEYS:
            raise ScheduleRefused(f"{change!r} changes nothing: write KEY=VALUE, with one of {', '.join(KEYS)}.")
        if key in {"period", "calendar"}:
            # An operator who gives one of the two means that one.
            document.pop("calendar", None)
            document.pop("period", None)
        document.pop(key, None)
        if value.strip().lower() != NONE:
            document[key] = value.strip()
    return from_document(document)


def differences(before: Schedule, after: Schedule) -> dict[str, tuple[str, str]]:
    """The values that differ, by their keys: each before and after."""
    old, new = as_document(before), as_document(after)
    return {
        name: (old.get(name, NONE), new.get(name, NONE)) for name in KEYS if old.get(name, NONE) != new.get(name, NONE)
    }


class _Document(Schedule):
    """A schedule as a section of the configuration's loader, which knows bounds and types."""

    __slots__ = ()
    section: ClassVar[str] = "schedule"

    @classmethod
    def load(cls, document: Mapping[str, object]) -> Schedule:
        read = load_section(cls, {"schedule": document})
        return Schedule(**{name: getattr(read, name) for name in KEYS})


def _text(value: object) -> str:
    return duration_text(value) if isinstance(value, timedelta) else str(value)
