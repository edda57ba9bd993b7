"""Each process's clock is held against its machine's mark: at its start, and in a service every half minute after."""

import logging
import threading
import weakref

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import APART, Clock, SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.database.sound_clock import SoundClock
from pki_revocation.errors import StoreError
from pki_revocation.host.outage_log import OutageLog
from pki_revocation.register.clock_look import ClockLook

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 30.0


# One clock for each database that a process has open: its parts share what is known.
_CLOCKS: "weakref.WeakKeyDictionary[Database, SoundClock]" = weakref.WeakKeyDictionary()


def open_clock(database: Database) -> SoundClock:
    """The clock of a process that dates things; the database is of the right revision.

    An account that may read the database and not write it has the clock all the same.
    """
    known = _CLOCKS.get(database)
    if known is not None:
        return known
    look = ClockLook.of(database)
    _take(look)
    return _CLOCKS.setdefault(database, look.clock)


def kept_clock(database: Database, every: float = _EVERY_SECONDS) -> SoundClock:
    """The same for a service: a thread looks again every so many seconds, for as long as the clock is used."""
    clock = open_clock(database)
    keeper = ClockKeeper(clock, database)
    keeper.look(clock, database)
    threading.Thread(target=keeper.run, args=(every,), name="clock", daemon=True).start()
    return clock


class ClockKeeper:
    """Looks now and then, says in log and metrics what is wrong, and ends with the clock that it keeps."""

    def __init__(self, clock: SoundClock, database: Database) -> None:
        """Keep *clock* by *database*; neither is kept alive by this."""
        self._clock = weakref.ref(clock)
        self._database = weakref.ref(database)
        self._waits = threading.Event()
        self._outages = OutageLog(_log, failing="the clock is wrong", working="the clock is right again")

    def run(self, every: float) -> None:
        """Look every so many seconds."""
        while not self._waits.wait(every):
            clock, database = self._clock(), self._database()
            if clock is None or database is None:
                return
            self.look(clock, database)
            # What is held here would live until the next look.
            del clock, database

    def look(self, clock: SoundClock, database: Database) -> None:
        """Look once."""
        _take(ClockLook(database, clock, AuditTrail(clock)))
        trouble = _say(clock)
        if trouble is None:
            self._outages.worked("")
        else:
            self._outages.failed("", trouble)


def process_trouble(machine: Clock) -> str | None:
    """What is wrong with this process's own clock, in a sentence."""
    ahead = machine.ahead() if isinstance(machine, SystemClock) else None
    if ahead is None or abs(ahead) <= APART:
        return None
    return f"this process is told a time {ahead.total_seconds():+.0f} s from the kernel's"


def _take(look: ClockLook) -> None:
    try:
        look.take()
    except StoreError as error:
        # Whether the database answers is said by what needs it; the clocks that are known count on.
        _log.debug("the clock's mark cannot be looked at: %s", error)


def _say(clock: SoundClock) -> str | None:
    """Set the metrics, and give what is wrong."""
    from . import clock_metrics  # noqa: PLC0415 - decides at import how several processes share their figures

    known = clock.witnesses()
    ahead = clock.machine.ahead().total_seconds() if isinstance(clock.machine, SystemClock) else 0.0
    found = [each for each in (process_trouble(clock.machine), known.trouble) if each is not None]
    clock_metrics.observed(
        process=ahead,
        boot=None if known.boot is None else (known.machine - known.boot).total_seconds(),
        server=None if known.server is None else (known.machine - known.server).total_seconds(),
        is_wrong=bool(found),
    )
    return "; ".join(found) + "; see 'pki-revocation clock show'" if found else None
