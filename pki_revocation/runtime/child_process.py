"""A child that is forked from a process which has imported already what all children need, and shares its memory.

Forking is safe only where nothing is half done in another thread, so the parent must have no other one; it opens no
database, has no event loop, and leaves everything that a service is made of to the child. Random numbers differ:
Python's are seeded anew after a fork, and OpenSSL's and the kernel's know of it.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from pki_revocation.errors import PkiError
from pki_revocation.host.outage_log import in_words
from pki_revocation.host.processes import end_with_parent

_log = logging.getLogger(__name__)
_WORDS_OCTETS = 4000


class CannotFork(PkiError):
    """This process has threads, whose locks a child would inherit and never see released."""


class ChildProcess:
    """Runs *act* in a process of its own; what that refuses or fails with is the child's last words."""

    def __init__(self, act: Callable[[], None], *, group: int | None = None, is_quiet: bool = False) -> None:
        """Nothing is forked yet.

        Args:
            act: what it does.
            group: the process group that it joins, 0 for one of its own; its parent's without it.
            is_quiet: it says its last words to its parent alone.
        """
        self._group = group
        self._is_quiet = is_quiet
        self._process = multiprocessing.get_context("fork").Process(target=self._run, args=(act, os.getpid()))
        self._reading, self._writing = os.pipe()
        self.born = 0.0

    def start(self) -> None:
        """Fork.

        Raises:
            CannotFork: when this process has another thread.
        """
        others = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
        if others:
            raise CannotFork(
                f"Services cannot be started from a process with threads ({', '.join(others)}): start each by itself."
            )
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._process.start()
        os.close(self._writing)
        # Here and in the child, whichever comes first: nothing that the child starts is ever outside of the group.
        if self._group is not None:
            _join_group(self.pid, self._group)
        self.born = time.monotonic()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid or 0

    @property
    def sentinel(self) -> int:
        """A descriptor that can be read from when the child has ended."""
        return self._process.sentinel

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def terminate(self) -> None:
        """Ask the child to end, by SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """End the child, by SIGKILL."""
        self._process.kill()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, *seconds* at most; True when it has ended."""
        self._process.join(seconds)
        return not self._process.is_alive()

    def end(self) -> tuple[int, str]:
        """The exit status of a child that has ended, negative for a signal, and a sentence that says why it ended."""
        status = self._process.exitcode or 0
        os.set_blocking(self._reading, False)
        try:
            words = os.read(self._reading, _WORDS_OCTETS).decode(errors="replace").strip()
        except BlockingIOError:
            # A grandchild that lives on has its end of it.
            words = ""
        os.close(self._reading)
        self._process.close()
        if not words:
            words = f"It was ended by {_signal(-status)}." if status < 0 else f"It ended with status {status}."
        return status, words

    def _run(self, act: Callable[[], None], parent: int) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        if self._group is not None:
            _join_group(0, self._group)
        end_with_parent(parent)
        os.close(self._reading)
        try:
            act()
        except (PkiError, OSError) as error:
            self._say(in_words(error))
            if not self._is_quiet:
                sys.stderr.write(f"Error: {in_words(error)}\n")
            sys.exit(1)
        except Exception as error:
            self._say(in_words(error))
            raise

    def _say(self, sentence: str) -> None:
        with suppress(OSError):
            os.write(self._writing, sentence.encode()[:_WORDS_OCTETS])


def _join_group(pid: int, group: int) -> None:
    try:
        os.setpgid(pid, group)
    except (PermissionError, ProcessLookupError):
        # The whole group has ended, and its number is gone: this child begins a new one.
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, 0)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
