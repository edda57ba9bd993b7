"""Configuration: one TOML file, read into frozen section values that the packages declare for themselves.

A section is a frozen dataclass whose fields are made by `setting`, so that each bound stands beside its field with the
clause that it comes from. An unknown section or key is an error: a misspelt setting must not be silently ignored. The
names of all sections come from the entry-point group `pki_revocation.sections`, by name alone, so that the core can
refuse unknown ones without importing the packages above it.
"""

import dataclasses
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from pki_revocation.errors import ConfigurationError
from pki_revocation.host.installed import brought

SECTIONS_GROUP = "pki_revocation.sections"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST_DIGITS = 7
_DURATION = re.compile(r"(\d+)\s*([smhd])")


class Section(Protocol):
    """A frozen dataclass that says which table of the file it is."""

    section: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


S = TypeVar("S", bound=Section)


def setting(
    default: Any = dataclasses.MISSING,  # noqa: ANN401 - any field type, as in dataclasses.field
    *,
    minimum: Any = None,  # noqa: ANN401 - of the field's type
    maximum: Any = None,  # noqa: ANN401 - of the field's type
    clause: str = "",
) -> Any:  # noqa: ANN401 - as dataclasses.field
    """A field of a section: its default, its bounds, and the clause that the bounds come from."""
    metadata = {"minimum": minimum, "maximum": maximum, "clause": clause}
    return dataclasses.field(default=default, metadata=metadata)


def read_document(path: Path) -> dict[str, Any]:
    """Read the file, and refuse sections that no package declares.

    Raises:
        ConfigurationError: naming the file and what is wrong with it.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        message = f"The configuration {path} cannot be read: {error.strerror or error}."
        raise ConfigurationError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"The configuration {path} is not valid TOML: {error}."
        raise ConfigurationError(message) from error
    known = {point.name for point in brought(SECTIONS_GROUP)}
    for name in document:
        if name not in known:
            message = (
                f"The configuration {path} has an unknown section [{name}]; known are: {', '.join(sorted(known))}."
            )
            raise ConfigurationError(message)
    return document


def load_section(kind: type[S], document: Mapping[str, Any], name: str | None = None) -> S:
    """Make the section's value from a document; a missing table leaves every default.

    Args:
        kind: the section's dataclass.
        document: the whole file, or for a table of tables such as [keys.NAME] the outer table.
        name: the table's name where it is not `kind.section`.

    Raises:
        ConfigurationError: naming the setting, what was found and what is allowed.
    """
    where = kind.section if name is None else f"{kind.section}.{name}"
    table = document.get(kind.section if name is None else name, {})
    if not isinstance(table, Mapping):
        message = f"[{where}] is not a table."
        raise ConfigurationError(message)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in table:
        if key not in fields:
            message = f"[{where}] has an unknown setting {key!r}; known are: {', '.join(fields)}."
            raise ConfigurationError(message)
    hints = typing.get_type_hints(kind)
    values = {key: _value(where, fields[key], hints[key], found) for key, found in table.items()}
    missing = [key for key, field in fields.items() if field.default is dataclasses.MISSING and key not in values]
    if missing:
        message = f"[{where}] lacks {', '.join(missing)}."
        raise ConfigurationError(message)
    return kind(**values)


def duration(text: str) -> timedelta:
    """A length of time as people write it: 90s, 5m, 24h, 7d.

    Raises:
        ValueError: for anything else.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no length of time: write it as 90s, 5m, 24h or 7d"
        raise ValueError(message)
    if len(match[1]) > _LONGEST_DIGITS:
        message = f"{text!r} is longer than anything can last"
        raise ValueError(message)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def duration_text(length: timedelta) -> str:
    """A length of time as people write it, in the largest unit that fits exactly: 24h is 1d."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _value(where: str, field: dataclasses.Field[Any], hint: Any, found: object) -> object:  # noqa: ANN401 - a type expression
    try:
        value = _converted(hint, found)
    except (TypeError, ValueError, OverflowError) as error:
        message = f"[{where}] {field.name}: {error}."
        raise ConfigurationError(message) from None
    minimum, maximum = field.metadata.get("minimum"), field.metadata.get("maximum")
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        bounds = " to ".join(_shown(bound) for bound in (minimum, maximum) if bound is not None)
        clause = f" ({field.metadata['clause']})" if field.metadata["clause"] else ""
        message = f"[{where}] {field.name} is {_shown(value)}, and may be {bounds}{clause}."
        raise ConfigurationError(message)
    return value


def _shown(value: object) -> str:
    return duration_text(value) if isinstance(value, timedelta) else str(value)


def _converted(hint: Any, found: object) -> Any:  # noqa: ANN401 - one of the field types
    if isinstance(hint, types.UnionType):
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    if hint is timedelta and isinstance(found, str):
        return duration(found)
    if hint is Path and isinstance(found, str):
        return Path(found)
    if isinstance(found, str) and hasattr(hint, "from_text"):
        return hint.from_text(found)
    if isinstance(found, list) and hasattr(hint, "from_list"):
        return hint.from_list(found)
    if hasattr(hint, "from_list"):
        message = f"{found!r} is neither a text with commas nor a list of texts"
        raise TypeError(message)
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(found)
        except ValueError:
            message = f"{found!r} is none of {', '.join(str(each.value) for each in hint)}"
            raise ValueError(message) from None
    # TOML tells true from 1, and so do we: bool is a subclass of int in Python only.
    if isinstance(hint, type) and type(found) is hint:
        return found
    expected = "a length of time such as 90s, 5m, 24h or 7d" if hint is timedelta else getattr(hint, "__name__", hint)
    message = f"{found!r} is not {expected}"
    raise TypeError(message)
