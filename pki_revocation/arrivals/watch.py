"""Takes the files of the watched folder: imports each, and moves it to those done or to those refused.

A file is moved when its certificates are committed, and an import of what is registered already changes nothing: a
process that was killed in between imports the file again and moves it then. Nothing is lost and nothing comes twice.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.host.failpoints import reach
from pki_revocation.importing.candidates import RefusalKind
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.report import ImportReport
from pki_revocation.runtime.item_failures import ItemFailures

from .folder import FileObservation, WatchedFolder

_log = logging.getLogger(__name__)


class ArrivalWatcher:
    """Remembers since when each file has been unchanged; each `poll` takes those that are whole."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        settle: timedelta,
        patience: timedelta,
        monotonic: Callable[[], float],
    ) -> None:
        """*settle* is how long a file is left alone before it counts as whole, *patience* how long a broken one is.

        *monotonic* gives seconds: how long something took must not depend on a clock that may be set.
        """
        self._database = database
        self._clock = clock
        self._audit = audit
        self._settle = settle.total_seconds()
        self._patience = max(settle, patience).total_seconds()
        self._monotonic = monotonic
        self._since: dict[Path, tuple[FileObservation, float]] = {}
        self._broken: dict[Path, FileObservation] = {}
        self.failures = ItemFailures(
            _log, failing="it cannot be taken now", working="it was taken", monotonic=monotonic
        )

    def poll(self, folder: WatchedFolder) -> int:
        """Take what is whole; give how many certificates went in.

        Raises:
            StoreError: when the database does not answer; the files stay where they are.
        """
        now = self._monotonic()
        found = dict(folder.files())
        self._since = {path: self._kept(path, observed, now) for path, observed in found.items()}
        self._broken = {path: observed for path, observed in self._broken.items() if found.get(path) == observed}
        added = 0
        self.failures.keep(map(_name, found))
        for path, (observed, since) in self._since.items():
            patience = self._patience if path in self._broken else self._settle
            if now - since >= patience and self.failures.is_due(_name(path)):
                with self.failures.attempt(_name(path)):
                    added += self._take(folder, path, observed, is_last_look=now - since >= self._patience)
        return added

    def _kept(self, path: Path, observed: FileObservation, now: float) -> tuple[FileObservation, float]:
        before = self._since.get(path)
        return before if before is not None and before[0] == observed else (observed, now)

    def _take(self, folder: WatchedFolder, path: Path, observed: FileObservation, *, is_last_look: bool) -> int:
        origin = {"file": _name(path)}
        importer = Importer(database=self._database, clock=self._clock, audit=self._audit, origin=origin)
        report = importer.run([path], may_be_cut=not is_last_look)
        reach("arrivals.imported")
        if folder.observe(path) != observed:
            # Its writer goes on: what is registered by now is passed over when the file is read again.
            return report.added
        if wrong := _sentences(report):
            if not is_last_look:
                self._broken[path] = observed
                return report.added
            folder.refuse(path, wrong)
            _log.warning("refused: %s; the reason is in a file beside it", origin["file"])
        else:
            folder.done(path)
            _log.info("taken: %s with %s certificates", origin["file"], report.added)
            for remark in report.remarks:
                _log.warning("%s: %s", origin["file"], remark.says)
        return report.added


def _name(path: Path) -> str:
    """The file's name in logs and records, whatever octets it is of."""
    return path.name.encode("utf-8", "backslashreplace").decode()


def _sentences(report: ImportReport) -> str:
    """What is wrong with the file, a sentence for each; "" when all of it is registered."""
    wrong = report.refused_in_all
    if not wrong and report.taken:
        return ""
    lines = [*map(str, report.holds), *(str(each) for each in report.refusals if each.kind is not RefusalKind.HOLD)]
    if not wrong:
        lines = ["There is no certificate in it."]
    elif wrong > len(lines):
        lines.append(f"and {wrong - len(lines):,} more.")
    lines.append(f"Registered from this file: {report.taken:,}. Correct the rest, and put it into the folder again.")
    return "\n".join(lines) + "\n"
