"""Looks in a thread: each serves whoever came before it, and none is the last one."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ocsp_responder.fast_path.journal_reader import Findings
from ocsp_responder.fast_path.refresh import LooksInThread


class _Watch:
    """Finds nothing new."""

    knows = True

    def __init__(self) -> None:
        self.lost: list[str] = []

    def question(self) -> Callable[[], Findings | None]:
        return lambda: None

    def take(self, found: Findings | None) -> None:
        assert found is None

    def lose(self, why: str) -> None:
        self.lost.append(why)


def _run(steps: Callable[[LooksInThread], Any]) -> _Watch:
    watch = _Watch()

    async def run() -> None:
        looks = LooksInThread(watch, asyncio.get_running_loop(), patience=5)  # type: ignore[arg-type] # what it uses of one
        try:
            async with asyncio.timeout(4):
                await steps(looks)
        finally:
            looks.stop()

    asyncio.run(run())
    return watch


async def _after_look(looks: LooksInThread) -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    looks.after_look(lambda: done.set_result(None))
    await done


def test_one_that_fails_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    """Who waits beside it, who comes while it is looked for, and who comes later: all are called."""

    def fails() -> None:
        raise ZeroDivisionError

    async def steps(looks: LooksInThread) -> None:
        looks.after_look(fails)
        looks.after_look(fails)
        await asyncio.gather(*[_after_look(looks) for _ in range(3)])
        await _after_look(looks)

    assert _run(steps).lost == []
    assert caplog.messages == ["what waited for a look at the journal failed"] * 2


def test_who_wants_another_look_gets_one() -> None:
    """From within the first one."""

    async def steps(looks: LooksInThread) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        looks.after_look(lambda: looks.after_look(lambda: done.set_result(None)))
        await done

    assert _run(steps).lost == []
