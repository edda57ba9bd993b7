"""All the outlets that follow the installation's folder, and the folder as an outlet that tells them."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import BinaryIO

from pki_revocation.clock import Clock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database

from .bringing import OutletSync
from .directory import DirectoryOutlet
from .keeping import OutletStateWriter
from .mirror import Mirror
from .opening import open_outlet
from .port import NumberOf
from .published_files import PUBLISHED, PublishedFiles
from .settings import OutletSettings
from .states import forget_other_outlets

_END_SECONDS = 5.0


class Mirrors:
    """Follow the origin, each at its own speed."""

    def __init__(self, mirrors: Sequence[Mirror], database: Database) -> None:
        """Run *mirrors*, of which there may be none."""
        self._mirrors = mirrors
        self._database = database
        self._threads: list[threading.Thread] = []

    @classmethod
    def configured(
        cls, installation: Installation, database: Database, clock: Clock, max_age: Callable[[], timedelta]
    ) -> "Mirrors":
        """Those of all [outlets.NAME] sections.

        Raises:
            ConfigurationError: when one of them is wrong.
        """
        root = installation.path(PUBLISHED)
        origin = DirectoryOutlet(root)
        return cls(
            [
                Mirror(
                    name=name,
                    origin=origin,
                    sync=OutletSync(
                        origin, open_outlet(installation, name, settings, max_age=max_age), PublishedFiles(root)
                    ),
                    record=OutletStateWriter(name, database, clock),
                    check=settings.check,
                    jitter=random.random,
                )
                for name, settings in installation.sections(OutletSettings).items()
            ],
            database,
        )

    def start(self, stop: threading.Event, may_write: Callable[[], bool]) -> None:
        """Follow until *stop* is set, while *may_write* says so.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.write() as connection:
            forget_other_outlets(connection, [mirror.name for mirror in self._mirrors])
        self._threads = [thread for mirror in self._mirrors for thread in mirror.start(stop, may_write)]

    def join(self) -> None:
        """Wait for what is under way; what hangs ends with the process, and whatever it leaves is whole."""
        for mirror in self._mirrors:
            mirror.wake()
        give_up_at = time.monotonic() + _END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, give_up_at - time.monotonic()))

    def wake(self) -> None:
        """Have every mirror look at the origin now."""
        for mirror in self._mirrors:
            mirror.wake()

    def catch_up(self, seconds: float) -> None:
        """Bring all up to date once, and wait no longer than this for what hangs."""
        threads = [threading.Thread(target=mirror.catch_up, daemon=True) for mirror in self._mirrors]
        for thread in threads:
            thread.start()
        give_up_at = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, give_up_at - time.monotonic()))


class NotifyingOutlet:
    """The installation's folder as the primary outlet: what becomes public there is announced, and never waits."""

    def __init__(self, origin: DirectoryOutlet, listeners: Sequence[Callable[[], None]]) -> None:
        """*listeners* are called after each file that became public."""
        self._origin = origin
        self._listeners = listeners

    def fetch(self, path: str) -> bytes | None:
        """What *origin* has under this path; None where it has nothing."""
        return self._origin.fetch(path)

    def open(self, path: str) -> AbstractContextManager[BinaryIO | None]:
        """What `fetch` gives, as a stream to be read in pieces."""
        return self._origin.open(path)

    def sha256(self, path: str) -> bytes | None:
        """The SHA-256 of what *origin* has under this path; None where it has nothing."""
        return self._origin.sha256(path)

    def exists(self, path: str) -> bool:
        """Whether *origin* has a file under this path."""
        return self._origin.exists(path)

    def replace(self, path: str, crl: bytes, *, number: int, number_of: NumberOf) -> None:
        """The origin's, announced."""
        self._origin.replace(path, crl, number=number, number_of=number_of)
        self._announce()

    def put(self, path: str, data: bytes) -> None:
        """The origin's, announced."""
        self._origin.put(path, data)
        self._announce()

    def _announce(self) -> None:
        for listener in self._listeners:
            listener()
