"""`certificate import --report FILE`: every refusal and remark in a file, a JSON object in each line.

The file grows with the import, and is made anew each time: one that is cut off by a kill is told by its missing last
line, which has the counts. So nothing is gained by writing it as what must survive is written.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pki_revocation.errors import PkiError
from pki_revocation.importing.candidates import Refusal, Remark
from pki_revocation.importing.report import ImportReport

# On the terminal stand so many of each kind then.
SHOWN = 10


class ImportReportFile:
    """The file while it is written; *told* takes what the importer says of single rows."""

    def __init__(self, stream: TextIO) -> None:
        """Write into an open file."""
        self._stream = stream

    def told(self, said: Refusal | Remark) -> None:
        """Write one of them."""
        self._line({"what": "refused" if isinstance(said, Refusal) else "remark", **said.as_json()})

    def end(self, report: ImportReport) -> None:
        """Write the counts, which are the last line."""
        counts = {name: value for name, value in report.as_json().items() if not isinstance(value, list)}
        self._line({"what": "report", **counts})

    def _line(self, content: dict[str, object]) -> None:
        self._stream.write(json.dumps(content) + "\n")


@contextmanager
def import_report(file: Path | None) -> Iterator[ImportReportFile | None]:
    """Open the file, its owner's alone; None for none.

    Raises:
        PkiError: when it is there already, or cannot be made: before anything is imported.
    """
    if file is None:
        yield None
        return
    # Written line by line as rows are refused, and no draft: what was said before a kill is there to be read.
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise PkiError(f"{file} is there already: give the report another name.") from None
    except OSError as error:
        raise PkiError(f"{file} cannot be made: {error.strerror or error}.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        yield ImportReportFile(stream)


def teller(report: ImportReportFile | None) -> Callable[[Refusal | Remark], None] | None:
    """What the importer is to tell."""
    return None if report is None else report.told
