"""Sessions on a token: each is lent to one thread at a time, and no thread waits for ever."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pkcs11

from keys.errors import TokenBusy


class BorrowedSession:
    """A session, with the keys that were found in it: handles hold for as long as it does."""

    def __init__(self, session: pkcs11.Session) -> None:
        """Wrap a session that was opened, in which no key has been looked for."""
        self.session = session
        # The classes that sign are made at run time, with no type that says so.
        self.keys: dict[object, Any] = {}


class SessionPool:
    """At most so many sessions; opened when they are needed, kept, and dropped after anything that went wrong."""

    def __init__(self, open_session: Callable[[], pkcs11.Session], *, limit: int, wait: float) -> None:
        """Open no session yet.

        Args:
            open_session: opens one more.
            limit: how many there may be; fewer when the token says so.
            wait: how many seconds a caller may wait for one.
        """
        self._open_session = open_session
        self._limit = limit
        self._wait = wait
        self._change = threading.Condition()
        self._idle: list[BorrowedSession] = []
        self._lent = 0

    @contextmanager
    def borrow(self) -> Iterator[BorrowedSession]:
        """Lend a session for as long as the block lasts.

        Raises:
            TokenBusy: when all stayed in use for too long.
            pkcs11.PKCS11Error: when none can be opened.
        """
        borrowed = self._take()
        try:
            yield borrowed
        except BaseException:
            self._give_back(None)
            _close(borrowed)
            raise
        self._give_back(borrowed)

    def close(self) -> None:
        """Close idle sessions; errors are ignored, because the token may be gone."""
        with self._change:
            idle, self._idle = self._idle, []
        for each in idle:
            _close(each)

    def _take(self) -> BorrowedSession:
        deadline = time.monotonic() + self._wait
        while True:
            with self._change:
                if not self._change.wait_for(self._has_room, max(0.0, deadline - time.monotonic())):
                    raise TokenBusy(
                        f"All {self._limit} sessions of the token stayed in use for {self._wait:g} seconds: raise "
                        "'sessions' if the token allows more."
                    )
                self._lent += 1
                if self._idle:
                    return self._idle.pop()
            try:
                return BorrowedSession(self._open_session())
            except pkcs11.SessionCount:
                # The token allows fewer: from now on there are as many as there are.
                with self._change:
                    self._lent -= 1
                    self._limit = max(1, self._lent + len(self._idle))
                if time.monotonic() >= deadline:
                    raise TokenBusy("The token has no session left: others use them all.") from None
                time.sleep(min(0.05, self._wait))
            except BaseException:
                self._give_back(None)
                raise

    def _has_room(self) -> bool:
        return bool(self._idle) or self._lent < self._limit

    def _give_back(self, session: BorrowedSession | None) -> None:
        with self._change:
            self._lent -= 1
            if session is not None:
                self._idle.append(session)
            self._change.notify()


def _close(borrowed: BorrowedSession) -> None:
    with suppress(pkcs11.PKCS11Error):
        borrowed.session.close()
