"""RFC 6960 section 4.4.6: a service locator sends this responder nowhere; no request makes it open a connection."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import pytest

from pki_revocation.encoding.der import sequence
from tests.conformance import answers
from tests.conformance.scene import Scene
from tests.conformance.wire import Wire, several
from tests.vectors.authorities import GOOD, NEVER_ISSUED, REQUESTOR
from tests.vectors.extensions import service_locator, signed
from tests.vectors.pieces import cert_id, request, single, tbs


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A port that nobody should ever connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.3)
        yield listening


def sockets(scene: Scene) -> set[tuple[str, int]]:
    """What the responder's processes are connected to, apart from their own clients."""
    own = {urlsplit(scene.url).port, urlsplit(scene.installed.operations_url).port}
    return {
        (str(each.raddr.ip), int(each.raddr.port))
        for process in scene.workers()
        for each in process.net_connections()
        if each.status not in {psutil.CONN_LISTEN, psutil.CONN_NONE} and each.laddr.port not in own
    }


def test_service_locator_leads_nowhere(scene: Scene, trap: socket.socket) -> None:
    """For what is known and what is not, and for signed requests: nobody comes to the address that they name."""
    port = trap.getsockname()[1]
    locator = service_locator(f"http://127.0.0.1:{port}/ocsp")
    questions = [
        request(cert_id(GOOD), extensions=(locator,)),
        *(sequence(tbs(single(cert_id(serial), locator))) for serial in (GOOD, NEVER_ISSUED)),
        signed(REQUESTOR, cert_id(GOOD), extensions=(locator,)),
    ]
    before = sockets(scene)
    with several(scene.url, 4) as wires:
        for wire in wires:
            for question in questions:
                verdicts = {answers.verdict(reply) for reply in answers.ask_all_ways(wire, question).all}
                assert verdicts in ({("good",)}, {("unknown",)})
        assert sockets(scene) <= before

    with pytest.raises(TimeoutError):
        trap.accept()


def test_the_watch_sees_connections(scene: Scene) -> None:
    """What the test above relies on: a client's connection is found among the process's sockets."""
    with Wire(scene.url) as wire:
        answers.verdict(wire.post(request(cert_id(GOOD))))
        ports = {int(each.laddr.port) for process in scene.workers() for each in process.net_connections()}
        assert urlsplit(scene.url).port in ports
