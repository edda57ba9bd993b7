"""A request that begins after the confirmation never gets `good`: whoever wrote, whichever worker answers, warm.

Clients that never pause, in every form; page, API, command line and import as writers, three of them killed between
commit and confirmation; and OCSP workers killed meanwhile (ETSI CSS-6.3.10-09, O06). Four workers and 32 clients take
both cores for a minute, so `make test` has fewer of all, and the long step the whole.
"""

import itertools
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from pki_revocation.codes import CodeScheme, CodeVerifier
from pki_revocation.config.secret_files import create_secrets, load_pepper
from tests.conformance import scene as scenes
from tests.conformance.instancy_clients import Client, Confirmations, ask_everybody, forms
from tests.conformance.instancy_writers import Writers, web
from tests.conformance.scene import CLOCK, Scene
from tests.ocsp_responder.installations import free_ports
from tests.subscribers import Subscriber, enrol
from tests.vectors.authorities import ISSUING, NEVER_ISSUED
from tests.waiting import wait_until

_T = TypeVar("_T")
# With so many connections, all workers have most probably accepted some.
_CONNECTIONS = 12
_WRITES_BETWEEN_KILLS = 4


@dataclass(frozen=True, slots=True)
class Load:
    """How many workers answer, how many clients ask, and how often each way revokes."""

    workers: int
    clients: int
    times: int


SMALL, WHOLE = Load(workers=2, clients=8, times=1), Load(workers=4, clients=32, times=2)


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "load"),
    [
        pytest.param("sqlite", SMALL, id="sqlite"),
        pytest.param("sqlite", WHOLE, id="sqlite-whole", marks=pytest.mark.long),
        pytest.param("postgresql", WHOLE, id="postgresql-whole", marks=pytest.mark.long),
    ],
)
def test_never_good_after_the_confirmation(
    kind: str, load: Load, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Not one answer of all clients, and not one of those that ask everybody right after each confirmation."""
    database_url = None if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    web_port, web_operations_port = free_ports(2)
    web_url = f"http://127.0.0.1:{web_port}"
    settings = f'[web]\nport = {web_port}\noperations_port = {web_operations_port}\npublic_url = "{web_url}"'
    folder = tmp_path / "installed"
    folder.mkdir()
    scene = scenes.make(folder, settings=settings, database_url=database_url)
    create_secrets(folder)
    writers = Writers(scene, web_url, tmp_path)
    plan = planned(scene, writers, load.times)
    serials = [serial for serial, _ in plan]
    confirmed = Confirmations()

    with scenes.served(scene, workers=load.workers), web(scene, web_url, writers.failpoints):
        questions = {serial: forms("/ocsp", serial) for serial in serials}
        before = ask_everybody(scene.url, questions, serials, _CONNECTIONS)
        assert set(before) == {"good", "unknown"}
        with loaded(scene, questions, confirmed, load.clients) as clients:
            after: Counter[str] = Counter()
            for place, (serial, revoke) in enumerate(plan):
                if place % _WRITES_BETWEEN_KILLS == _WRITES_BETWEEN_KILLS - 1:
                    kill_a_worker(scene)
                revoke()
                confirmed.add(serial)
                after += ask_everybody(scene.url, questions, [serial], _CONNECTIONS)
        assert after == {"revoked": len(serials) * _CONNECTIONS * len(questions[serials[0]])}
        assert ask_everybody(scene.url, questions, serials, _CONNECTIONS).keys() == {"revoked"}
        wait_until(lambda: len(workers_of(scene)) >= load.workers, 20, "the start of another worker")

    assert list(itertools.chain.from_iterable(client.wrong for client in clients)) == []
    assert all(client.asked > 20 for client in clients)
    assert sum(client.asked_late for client in clients) > 30 * load.clients
    assert sum(client.reconnected for client in clients) > 0
    seen = sum((client.seen for client in clients), Counter[str]())
    assert set(seen) <= {"good before", "unknown before", "revoked before", "revoked after"}, seen


def planned(scene: Scene, writers: Writers, times: int) -> list[tuple[int, Callable[[], None]]]:
    """Who revokes what, in an order of chance: each way several times."""
    ways: list[Callable[[Subscriber], None]] = [
        *[writers.page] * 2 * times,
        *[writers.api] * (2 * times + 1),
        *[writers.command] * times,
        writers.killed_command,
        writers.killed_api,
    ]
    plan: list[tuple[int, Callable[[], None]]] = []
    verifier = CodeVerifier(load_pepper(scene.installed.installation), CodeScheme.KEYED_HASH)
    with scene.installed.installation.database() as database:
        for way in ways:
            issued = ISSUING.issue("Zorg BV", CLOCK.now())
            subscriber = enrol(database, scene.issuers["issuing"], issued, CLOCK, verifier)
            plan.append((issued.serial_number, _bound(way, subscriber)))
    for place, bring_in in enumerate([*[writers.import_] * times, writers.killed_import]):
        serial = NEVER_ISSUED + place
        plan.append((serial, _bound(bring_in, serial)))
    random.shuffle(plan)
    return plan


def _bound(way: Callable[[_T], None], what: _T) -> Callable[[], None]:
    return lambda: way(what)


@contextmanager
def loaded(
    scene: Scene, questions: dict[int, list[bytes]], confirmed: Confirmations, count: int
) -> Iterator[list[Client]]:
    """With so many clients asking."""
    clients = [Client(scene.url, questions, confirmed, seed) for seed in range(count)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.finish()


def workers_of(scene: Scene) -> list[psutil.Process]:
    """The processes that answer; their parent watches them."""
    _, *children = scene.workers()
    return children


def kill_a_worker(scene: Scene) -> None:
    """One of them, without a chance to say anything; its parent starts another."""
    os.kill(random.choice(workers_of(scene)).pid, signal.SIGKILL)  # noqa: S311 - any of them
