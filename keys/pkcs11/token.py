"""A token as signers see it: it is there, or says in one sentence why not, and comes back by itself.

A caller that finds a session dead drops the connection and tries once more on a new one: first within the library as
it is, then after restarting that, which some need to see a token again. While the token stays away it is looked for
once a second at most, however many callers ask, and all of them get the same answer at once.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pkcs11

from keys.errors import KeyUnavailable, PinRefused, SecretMissing, TokenAbsent, TokenBusy, UnusableKey
from keys.files.secret_source import SecretSource

from .module import Module, Restarted, open_module
from .pin import PinGuard
from .session_pool import BorrowedSession, SessionPool
from .uri import Pkcs11Uri, TokenName

_T = TypeVar("_T")
_RETRY_SECONDS = 1.0
# A restart of the library also ends the sessions of other tokens on it: while those work, it is not done more often.
_DISTURB_SECONDS = 60.0
# What a token says to what it cannot do. Everything else is taken for a token that went away, and tried once more.
_NEVER = (
    pkcs11.ArgumentsBad,
    pkcs11.DataInvalid,
    pkcs11.DataLenRange,
    pkcs11.FunctionNotSupported,
    pkcs11.KeySizeRange,
    pkcs11.KeyTypeInconsistent,
    pkcs11.MechanismInvalid,
    pkcs11.MechanismParamInvalid,
)


class KeyNotFound(Exception):
    """The token has no such key, or is about to turn out to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """How many sessions there may be, and how many seconds a caller may wait for one."""

    sessions: int = 8
    wait: float = 5.0


class _Connection:
    """A login, and the sessions that depend on it."""

    def __init__(self, module: Module, token: pkcs11.Token, login: pkcs11.Session, bounds: SessionLimits) -> None:
        self.module = module
        self.generation = module.generation
        self.token = token
        # Never closed while the connection is in use: that would log out every session of this process.
        self.login = login
        self.pool = SessionPool(token.open, limit=bounds.sessions, wait=bounds.wait)


class Token:
    """One token; `open_token` gives each process one for each name."""

    def __init__(self, module: Path, name: TokenName, pin: SecretSource, bounds: SessionLimits) -> None:
        """Remember which token is meant; neither library nor token is opened yet."""
        self.name = name
        self._path = module
        self._guard = PinGuard(pin)
        self._bounds = bounds
        self._connecting = threading.Lock()
        self._connection: _Connection | None = None
        self._failed: tuple[float, KeyUnavailable] | None = None
        self._may_disturb_at = 0.0

    def run(self, act: Callable[[BorrowedSession], _T]) -> _T:
        """What *act* gives back, called with a session that no other thread uses meanwhile.

        Raises:
            SecretMissing, PinRefused, TokenAbsent, TokenBusy: when that cannot be now.
            UnusableKey: when the token cannot do it at all.
        """
        problem: Exception | None = None
        for _ in range(2):
            connection = self._connected()
            try:
                with connection.module.used(connection.generation), connection.pool.borrow() as borrowed:
                    return act(borrowed)
            except _NEVER as error:
                raise UnusableKey(f"The {self.name} does not do that: {type(error).__name__}.") from error
            except (pkcs11.PKCS11Error, KeyNotFound, Restarted) as error:
                problem = error
                self._lost(connection)
        if isinstance(problem, KeyNotFound):
            raise TokenAbsent(str(problem)) from problem
        raise TokenAbsent(f"The {self.name} does not answer: {type(problem).__name__}.") from problem

    def log_in(self) -> None:
        """Give the PIN once, although the token says that a wrong one was given before: an operator knows better.

        Raises:
            as `run` says.
        """
        with self._connecting:
            self._failed = None
            if self._connection is None:
                self._connection = self._connect(knowingly=True)

    def _connected(self) -> _Connection:
        connection = self._connection
        if connection is not None:
            return connection
        if not self._connecting.acquire(timeout=self._bounds.wait):
            raise TokenBusy(f"The {self.name} is being looked for, and has not been found yet.")
        try:
            if self._connection is None:
                self._refuse_early_retry()
                try:
                    self._connection = self._connect()
                except KeyUnavailable as error:
                    self._failed = (time.monotonic() + _RETRY_SECONDS, error)
                    raise
                self._failed = None
            return self._connection
        finally:
            self._connecting.release()

    def _refuse_early_retry(self) -> None:
        if self._failed is not None and time.monotonic() < self._failed[0]:
            error = self._failed[1]
            raise type(error)(str(error))

    def _connect(self, *, knowingly: bool = False) -> _Connection:
        module = open_module(self._path)
        generation = module.generation
        try:
            return self._logged_in(module, generation, knowingly=knowingly)
        except (PinRefused, SecretMissing):
            raise
        except (pkcs11.PKCS11Error, TokenAbsent, Restarted) as error:
            if self._would_disturb(module):
                raise TokenAbsent(str(error)) from error
            # SoftHSM and others find out which tokens there are when they are initialised, and never again.
            module.restart(generation)
        try:
            return self._logged_in(module, module.generation, knowingly=knowingly)
        except (pkcs11.PKCS11Error, Restarted) as error:
            raise TokenAbsent(f"The {self.name} does not answer: {type(error).__name__}.") from error

    def _would_disturb(self, module: Module) -> bool:
        """Whether other tokens are in use through the library, and it was restarted under them a moment ago."""
        others = [each for each in list(_tokens.values()) if each is not self]
        if not any(each.uses(module) for each in others):
            return False
        soon = time.monotonic() < self._may_disturb_at
        if not soon:
            self._may_disturb_at = time.monotonic() + _DISTURB_SECONDS
        return soon

    def uses(self, module: Module) -> bool:
        """Whether there is a connection through this library that worked when it was last used."""
        connection = self._connection
        return connection is not None and connection.module is module and connection.generation == module.generation

    def _logged_in(self, module: Module, generation: int, *, knowingly: bool) -> _Connection:
        with module.used(generation):
            token = self._found(module)
            return _Connection(module, token, self._guard.log_in(token, knowingly=knowingly), self._bounds)

    def _found(self, module: Module) -> pkcs11.Token:
        found = []
        for slot in module.library.get_slots(token_present=True):
            with suppress(pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised):
                token = slot.get_token()
                if token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED and self._is_meant(token):
                    found.append(token)
        if not found:
            raise TokenAbsent(f"The {self.name} is not there: see that it is plugged in, and its service runs.")
        if len(found) > 1:
            raise UnusableKey(f"There is more than one {self.name}: add serial=… to the pkcs11: URI.")
        return found[0]

    def _is_meant(self, token: pkcs11.Token) -> bool:
        wanted = self.name
        pairs = (
            (wanted.token, token.label),
            (wanted.manufacturer, token.manufacturer_id),
            (wanted.model, token.model),
            (wanted.serial, token.serial.decode("utf-8", "replace")),
        )
        return all(expected is None or expected == found.rstrip() for expected, found in pairs)

    def _lost(self, connection: _Connection) -> None:
        with self._connecting:
            if self._connection is connection:
                self._connection = None
        with suppress(Restarted, KeyUnavailable), connection.module.used(connection.generation):
            connection.pool.close()


_tokens: dict[tuple[Path, TokenName], Token] = {}
_opening = threading.Lock()


def _forget() -> None:
    """A forked child opens its own tokens, as it does the library (`module`)."""
    global _opening  # noqa: PLW0603 - a lock that another thread may have held when the child was made
    _opening = threading.Lock()
    _tokens.clear()


os.register_at_fork(after_in_child=_forget)


def open_token(uri: Pkcs11Uri, pin: SecretSource, bounds: SessionLimits) -> Token:
    """This process's only token for a module and a name: later callers get the PIN and bounds of the first one."""
    with _opening:
        return _tokens.setdefault((uri.module, uri.token), Token(uri.module, uri.token, pin, bounds))
