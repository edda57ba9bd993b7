"""What the supervisor knows of each service, in a file of the installation that `doctor` reads."""

import contextlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pki_revocation.host.processes import lives, place

FILE = "services.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """A service under `serve all`.

    *process* is its id, None while it waits for its next start. *ended* says how often it has ended since it last
    stayed up, and *reason* why it did so the last time.
    """

    name: str
    process: int | None
    ended: int = 0
    reason: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether it runs, and has not ended since it last stayed up."""
        return self.process is not None and not self.ended

    def __str__(self) -> str:
        """The state as the log and `doctor` say it."""
        if self.is_well:
            return f"runs as process {self.process}"
        now = "waits for its next start" if self.process is None else f"was started again as process {self.process}"
        times = "once" if self.ended == 1 else f"{self.ended} times"
        return f"ended {times}, and {now}: {self.reason}"


class StateFile:
    """Written by the supervisor at each change, and removed at its end."""

    def __init__(self, directory: Path) -> None:
        """The file in the installation's folder *directory*; nothing is written yet."""
        self._path = directory / FILE

    def write(self, states: Mapping[str, ServiceState]) -> None:
        """Replace what it says; a folder that cannot be written to keeps no service from running."""
        document = {
            "supervisor": os.getpid(),
            "place": place(),
            "services": [asdict(state) for state in states.values()],
        }
        draft = self._path.with_name(f"{FILE}.draft")
        try:
            # No durable file: after a power cut it says nothing, and no service's start waits for a busy disk. The
            # draft has one name, so that never more than one is left where there is no room for it.
            draft.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
            draft.replace(self._path)
        except OSError as error:
            _log.debug("%s cannot be written: %s", self._path, error)

    def remove(self) -> None:
        """Remove the file: no service runs any more."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def supervised_services(directory: Path) -> Iterator[ServiceState]:
    """The services of a supervisor that runs on this machine; none where there is none, or it was killed."""
    try:
        document = json.loads((directory / FILE).read_text("utf-8"))
        if document["place"] == place() and lives(document["supervisor"]):
            yield from [ServiceState(**each) for each in document["services"]]
    except (OSError, ValueError, TypeError, KeyError):
        return
