"""Looks in a thread: each serves whoever came before it, and none is the last one."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ocsp_responder.fast_path.journal_reader import JournalChanges
from ocsp_responder.fast_path.refresh import ThreadedRefresh


class _Watch:
    """Finds nothing new."""

    is_current = True

    def __init__(self) -> None:
        self.lost: list[str] = []

    def prepare_poll(self) -> Callable[[], JournalChanges | None]:
        return lambda: None

    def accept(self, found: JournalChanges | None) -> None:
        assert found is None

    def mark_unavailable(self, why: str) -> None:
        self.lost.append(why)


def _run(steps: Callable[[ThreadedRefresh], Any]) -> _Watch:
    watch = _Watch()

    async def run() -> None:
        refresh = ThreadedRefresh(watch, asyncio.get_running_loop(), timeout=120)  # type: ignore[arg-type] # what it uses of one
        try:
            async with asyncio.timeout(100):  # less than the refresh itself waits
                await steps(refresh)
        finally:
            refresh.stop()

    asyncio.run(run())
    return watch


async def _after_refresh(refresh: ThreadedRefresh) -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    refresh.after_refresh(lambda: done.set_result(None))
    await done


def test_one_that_fails_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    """Who waits beside it, who comes while it is looked for, and who comes later: all are called."""

    def fails() -> None:
        raise ZeroDivisionError

    async def steps(refresh: ThreadedRefresh) -> None:
        refresh.after_refresh(fails)
        refresh.after_refresh(fails)
        await asyncio.gather(*[_after_refresh(refresh) for _ in range(3)])
        await _after_refresh(refresh)

    assert _run(steps).lost == []
    assert caplog.messages == ["what waited for a look at the journal failed"] * 2


def test_who_wants_another_look_gets_one() -> None:
    """From within the first one."""

    async def steps(refresh: ThreadedRefresh) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        refresh.after_refresh(lambda: refresh.after_refresh(lambda: done.set_result(None)))
        await done

    assert _run(steps).lost == []
