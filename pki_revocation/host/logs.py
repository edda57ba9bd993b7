"""How every process logs: to standard error, one line each, as loudly and in the form that the environment asks.

Times are in UTC and end in Z (RFC 3339), whatever the machine's zone. A record is one line, also where what is told
holds line ends: nothing that came from outside can look like a record of its own. A traceback follows its line.
"""

import json
import logging
import os
import time

from pki_revocation.errors import ConfigurationError

LEVEL_VARIABLE, FORMAT_VARIABLE = "PKI_REVOCATION_LOG_LEVEL", "PKI_REVOCATION_LOG_FORMAT"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# C0 and C1 controls, and what else ends a line or turns the direction of writing.
_CONTROLS = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - the last code with two digits
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


class TextFormatter(logging.Formatter):
    """Time, level, logger and message with spaces between them."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        """The line, without the traceback."""
        record.message = record.message.translate(_CONTROLS)
        return super().formatMessage(record)


class JsonFormatter(TextFormatter):
    """One JSON object in ASCII: time, level, logger, process, message, and where there is one the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The whole record, on one line."""
        said: dict[str, object] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said)


_FORMATTERS: dict[str, type[TextFormatter]] = {"text": TextFormatter, "json": JsonFormatter}


def log_to_stderr() -> None:
    """Set up the log of this process; called once, at its start.

    Raises:
        ConfigurationError: when the environment asks for a level or a form that there is not.
    """
    level = os.environ.get(LEVEL_VARIABLE, "INFO").upper()
    if level not in _LEVELS:
        raise ConfigurationError(f"{LEVEL_VARIABLE} is {level!r}, and may be {', '.join(_LEVELS)}.")
    form = os.environ.get(FORMAT_VARIABLE, "text").lower()
    if form not in _FORMATTERS:
        raise ConfigurationError(f"{FORMAT_VARIABLE} is {form!r}, and may be {', '.join(_FORMATTERS)}.")
    handler = logging.StreamHandler()
    handler.setFormatter(_FORMATTERS[form]())
    logging.basicConfig(level=level, handlers=[handler])
    # Alembic logs a line for each reading of the database's revision.
    logging.getLogger("alembic").setLevel(logging.WARNING)
