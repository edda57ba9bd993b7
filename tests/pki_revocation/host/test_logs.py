"""What a process logs: one line each, in UTC, as text or as JSON; and what the environment may ask for."""

import json
import logging
import re
import sys
import time
from collections.abc import Iterator

import pytest

from pki_revocation.errors import ConfigurationError
from pki_revocation.host.logs import FORMAT_VARIABLE, LEVEL_VARIABLE, JsonFormatter, TextFormatter, log_to_stderr

MOMENT = 1_795_000_000.25


@pytest.fixture
def amsterdam(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that keeps Dutch time."""
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def record(message: str, *values: object, error: BaseException | None = None) -> logging.LogRecord:
    """A record of a fixed moment."""
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("pki.web", logging.WARNING, __file__, 1, message, values, exc_info)
    made.created, made.msecs = MOMENT, MOMENT % 1 * 1000
    return made


@pytest.mark.usefixtures("amsterdam")
def test_text_is_in_utc() -> None:
    """With a Z, so that logs of several machines can be put beside each other (RFC 3339)."""
    assert TextFormatter().format(record("%s of %s", 1, "x")) == "2026-11-18T11:06:40.250Z WARNING pki.web: 1 of x"


@pytest.mark.usefixtures("amsterdam")
def test_json_is_one_object_in_ascii() -> None:
    """With the process, which tells the workers apart."""
    said = JsonFormatter().format(record("ë\u2028%s", "\n"))

    assert said.isascii()
    assert "\n" not in said
    assert json.loads(said) | {"process": 1} == {
        "time": "2026-11-18T11:06:40.250Z",
        "level": "WARNING",
        "logger": "pki.web",
        "process": 1,
        "message": "ë\u2028\n",
    }


@pytest.mark.parametrize(
    "outside", ["a\n2026-01-01T00:00:00.000Z ERROR x: b", "a\r\nb", "\x1b[2Ja", "\x85", "\u2028", "\u202ea", "\0"]
)
def test_nothing_that_came_from_outside_is_a_line_of_its_own(outside: str) -> None:
    """Nor moves the reader's cursor, nor turns the direction of writing."""
    said = TextFormatter().format(record("seen: %s", outside))

    assert len(said.splitlines()) == 1
    assert said.isprintable()


def test_a_traceback_follows_its_line() -> None:
    """In the text as it is, in JSON as a member."""
    try:
        int("inside")
    except ValueError as error:
        failed = record("it failed", error=error)

    assert re.fullmatch(
        r"\S+Z WARNING pki\.web: it failed\nTraceback .*inside'", TextFormatter().format(failed), re.DOTALL
    )
    assert json.loads(JsonFormatter().format(failed))["exception"].endswith("'inside'")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        (
            LEVEL_VARIABLE,
            "loud",
            "PKI_REVOCATION_LOG_LEVEL is 'LOUD', and may be DEBUG, INFO, WARNING, ERROR, CRITICAL.",
        ),
        (LEVEL_VARIABLE, "", "PKI_REVOCATION_LOG_LEVEL is '', and may be"),
        (FORMAT_VARIABLE, "xml", "PKI_REVOCATION_LOG_FORMAT is 'xml', and may be text, json."),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    """And not by a traceback of the standard library."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as refused:
        log_to_stderr()

    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(("form", "kind"), [("json", JsonFormatter), ("JSON", JsonFormatter), ("text", TextFormatter)])
def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch, form: str, kind: type[logging.Formatter]) -> None:
    """To standard error, in the form and from the level that are asked for."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setenv(FORMAT_VARIABLE, form)
    monkeypatch.setenv(LEVEL_VARIABLE, "error")

    log_to_stderr()

    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    assert type(handler.formatter) is kind
    assert root.level == logging.ERROR
