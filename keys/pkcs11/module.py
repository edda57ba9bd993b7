"""One PKCS#11 library in this process: initialised for threads, restarted when its token went, safe after a fork.

`python-pkcs11` calls C_Initialize without arguments, which tells the library that one thread alone will use it (PKCS#11
v2.40 section 5.4): SoftHSM then fails as soon as several threads sign. So the library is initialised again here, with
CKF_OS_LOCKING_OK; one that cannot lock is used by one thread at a time.
"""

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import ClassVar, Final

import pkcs11

from keys.errors import TokenAbsent, UnusableKey

_OK, _CANT_LOCK, _NOT_INITIALIZED = 0x0, 0xA, 0x190
_OS_LOCKING_OK = 0x2
_ADVICE = "See that its token is there, and that its service and its own configuration are right."
# How long a restart waits for threads in the middle of an operation: no HSM takes longer over one signature.
_TIMEOUT_SECONDS = 10.0

_opened: dict[Path, "Module"] = {}
_opening = threading.Lock()


class Restarted(Exception):
    """The library was restarted since: sessions and handles of before are void."""


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS: no mutexes of ours, the system's are right."""

    _fields_: ClassVar = [
        ("create_mutex", ctypes.c_void_p),
        ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p),
        ("unlock_mutex", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    ]


class _FunctionList(ctypes.Structure):
    """CK_FUNCTION_LIST as far as it is needed: the version, and the two functions that it begins with."""

    _fields_: ClassVar = [
        ("version", ctypes.c_ubyte * 2),
        ("initialize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
        ("finalize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
    ]


class Module:
    """The library at a path; `open_module` gives each process one for each."""

    def __init__(self, path: Path) -> None:
        """Load the library at *path*, and initialise it for threads.

        Raises:
            UnusableKey: when there is no PKCS#11 library.
            TokenAbsent: when it cannot be initialised now.
        """
        if not path.is_file():
            raise UnusableKey(f"There is no PKCS#11 module {path}: install it, or correct module-path.")
        self.path: Final = path
        self._process = os.getpid()
        self._change = threading.Condition()
        self._users = 0
        self._restarting = False
        self._generation = 0
        self._one_at_a_time: threading.Lock | None = None
        try:
            self.library: Final = pkcs11.lib(str(path))
            self._functions = _function_list(path)
        except pkcs11.PKCS11Error as error:
            if "OS exception" in str(error):
                raise UnusableKey(f"{path} is no PKCS#11 module.") from error
            raise TokenAbsent(f"The PKCS#11 module {path} does not start: {_name(error)}. {_ADVICE}") from error
        self._initialize()

    @property
    def generation(self) -> int:
        """How often the library was restarted in this process."""
        return self._generation

    @contextmanager
    def used(self, generation: int) -> Iterator[None]:
        """Keep it from being restarted while something is done with sessions of a generation.

        Raises:
            Restarted: when that generation is over.
            TokenAbsent: when it is being restarted for longer than a caller can wait.
            UnusableKey: in a process that was forked from the one that opened it.
        """
        if self._process != os.getpid():
            raise UnusableKey("A key on a token was opened before this process was forked: open the keyring in it.")
        with self._change:
            if not self._change.wait_for(lambda: not self._restarting, _TIMEOUT_SECONDS):
                raise TokenAbsent(f"The PKCS#11 module {self.path} is being restarted.")
            if generation != self._generation:
                raise Restarted
            self._users += 1
        try:
            with self._one_at_a_time or nullcontext():
                yield
        finally:
            with self._change:
                self._users -= 1
                self._change.notify_all()

    def restart(self, generation: int) -> None:
        """Begin anew, which some libraries need to see a token that came back, unless another thread did so already.

        Raises:
            TokenAbsent: when another thread is still in the middle of an operation, or the library does not start.
        """
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        with self._change:
            if not self._change.wait_for(lambda: not self._restarting, _TIMEOUT_SECONDS):
                raise TokenAbsent(f"The PKCS#11 module {self.path} is being restarted.")
            if generation != self._generation:
                return
            self._restarting = True
            if not self._change.wait_for(lambda: self._users == 0, max(0.0, deadline - time.monotonic())):
                self._restarting = False
                self._change.notify_all()
                raise TokenAbsent(f"The PKCS#11 module {self.path} does not answer.")
        try:
            self._initialize()
        finally:
            with self._change:
                self._generation += 1
                self._restarting = False
                self._change.notify_all()

    def _initialize(self) -> None:
        result = self._functions.finalize(None)
        if result not in {_OK, _NOT_INITIALIZED}:
            raise TokenAbsent(f"The PKCS#11 module {self.path} does not end: error {result:#x}.")
        result = self._functions.initialize(ctypes.byref(_InitializeArguments(flags=_OS_LOCKING_OK)))
        if result == _CANT_LOCK:
            self._one_at_a_time = threading.Lock()
            result = self._functions.initialize(None)
        if result != _OK:
            raise TokenAbsent(f"The PKCS#11 module {self.path} does not start: error {result:#x}. {_ADVICE}")


def open_module(path: Path) -> Module:
    """This process's only `Module` for a path; made at the first call.

    Raises:
        UnusableKey, TokenAbsent: as `Module` says.
    """
    with _opening:
        if path not in _opened:
            _opened[path] = Module(path)
        return _opened[path]


def _function_list(path: Path) -> _FunctionList:
    found = ctypes.POINTER(_FunctionList)()
    result = ctypes.CDLL(str(path)).C_GetFunctionList(ctypes.byref(found))
    if result != _OK:
        raise TokenAbsent(f"The PKCS#11 module {path} does not start: error {result:#x}.")
    return found.contents


def _name(error: pkcs11.PKCS11Error) -> str:
    return str(error) or type(error).__name__


def _forget() -> None:
    """In a forked child the parent's sessions are not its own (PKCS#11 v2.40 section 6.6): it opens its own."""
    global _opening  # noqa: PLW0603 - a lock that another thread may have held when the child was made
    _opening = threading.Lock()
    _opened.clear()


os.register_at_fork(after_in_child=_forget)
