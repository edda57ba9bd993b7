"""A PostgreSQL connection that notices a server which hangs: it took the statement, and nothing ever comes back.

Nothing else notices. A server that is stopped, or whose disk is gone, refuses nothing, and TCP has delivered what was
sent. Silence alone says nothing either, since a statement may take its time and wait for locks: after some of it, the
server is asked for another connection, and only one that does not answer even there hangs.
"""

import math
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen

_Result = TypeVar("_Result")


class PostgresqlConnection(psycopg.Connection[Any]):
    """A connection whose statements fail when the server hangs, and never because they take long."""

    probe_after: float | None = None
    _limit: float | None = None
    opened_with: tuple[Sequence[Any], Mapping[str, Any]] = ((), {})

    @classmethod
    def opened(cls, arguments: Sequence[Any], parameters: Mapping[str, Any], *, probe_after: float) -> Self:
        """Connect as psycopg does; *probe_after*, in seconds, is how long a server may be silent before it is asked.

        Raises:
            psycopg.OperationalError: when there is no connection to be had.
        """
        # libpq takes whole seconds, and two at least.
        limited = {**parameters, "connect_timeout": math.ceil(probe_after)}
        connection = cls.connect(*arguments, **limited)
        connection.probe_after = probe_after
        connection.opened_with = (arguments, limited)
        return connection

    def answers(self, seconds: float) -> bool:
        """Whether the server answers what takes no time; if not, this is closed. To be asked between transactions."""
        self._limit = seconds
        before = self.autocommit
        try:
            self.autocommit = True
            self.execute("SELECT 1")
            self.autocommit = before
        except psycopg.Error:
            self.close()
            return False
        finally:
            self._limit = None
        return True

    def wait(self, gen: PQGen[_Result], *arguments: Any, **named: Any) -> _Result:  # noqa: ANN401 - psycopg's own
        """What psycopg runs every exchange with the server through."""
        if self.probe_after is None:
            return super().wait(gen, *arguments, **named)
        return super().wait(self._watched(gen, self.probe_after), *arguments, **named)

    def _watched(self, exchange: PQGen[_Result], probe_after: float) -> Generator[Any, Any, _Result]:
        """The exchange, which gets a check each time that psycopg waited in vain, ten times a second."""
        begun = asked = time.monotonic()
        try:
            wanted = next(exchange)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if ready:
                    asked = now
                elif self._limit is not None and now - begun > self._limit:
                    self._give_up()
                elif self._limit is None and now - asked > probe_after:
                    if self._hangs():
                        self._give_up()
                    asked = time.monotonic()
                wanted = exchange.send(ready)
        except StopIteration as end:
            result: _Result = end.value
            return result

    def _hangs(self) -> bool:
        """Whether the server gives no other connection; one that refuses, for any reason, is alive or will end ours."""
        arguments, parameters = self.opened_with
        try:
            psycopg.connect(*arguments, **parameters).close()
        except psycopg.errors.ConnectionTimeout:
            return True
        except psycopg.Error:
            return False
        return False

    def _give_up(self) -> None:
        # Closed, because an answer may still come, and would be taken for that to the next question.
        self.close()
        raise psycopg.OperationalError("the server does not answer")
