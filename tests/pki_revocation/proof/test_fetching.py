"""Evidence from services that are slow, or lead elsewhere: it takes no longer than promised, and holds up nobody."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pki_revocation.host.http_client import ResponseTooLarge
from pki_revocation.proof.addresses import ServiceAddress
from pki_revocation.proof.fetching import FetchRequest, ServiceClient
from tests.pki_revocation.host.peers import Peer, drips, is_silent, peer, says

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
_ASKED = FetchRequest(limit=10)
# What a busy machine may add to it.
_SOON_SECONDS = 2.0


def _at(here: Peer, public: Peer | None = None) -> ServiceAddress:
    return ServiceAddress(here=here.url(), public=(public or here).url())


def test_a_peer_that_drips_takes_no_longer_than_promised() -> None:
    """An octet every little while kept a receipt waiting for as long as it liked."""
    with peer(drips(_OK, 0.1)) as slow:
        begin = time.monotonic()
        assert ServiceClient(_at(slow), seconds=0.4).fetch(_ASKED) is None
        assert time.monotonic() - begin < _SOON_SECONDS


def test_the_second_address_has_its_share_of_the_time() -> None:
    """The service's own address is silent, and its public one answers, as with a proxy that keeps what it had."""
    with peer(is_silent) as here, peer(says(_OK)) as public:
        assert ServiceClient(_at(here, public), seconds=1).fetch(_ASKED, "crl/a.crl") == b"hi"
        assert public.requests[0].startswith(b"GET /crl/a.crl ")


def test_a_slow_service_holds_up_only_who_came_first() -> None:
    """Those who come later go without at once, and so does everyone for a while after it took all of the time."""
    over = threading.Event()
    with peer(is_silent) as slow, ThreadPoolExecutor(1) as pool:
        client = ServiceClient(_at(slow), seconds=1.5, slow=0.1, rest=1000)
        first = pool.submit(client.fetch, _ASKED)
        while not slow.requests:
            over.wait(0.01)
        over.wait(0.2)
        begin = time.monotonic()
        assert client.fetch(_ASKED) is None
        assert not first.done(), "the second one did not wait for the first"
        assert first.result(10) is None
        assert client.fetch(_ASKED) is None
        assert len(slow.requests) == 1
        assert time.monotonic() - begin < 1.5 + _SOON_SECONDS


def test_a_service_is_asked_again_after_a_rest() -> None:
    """What was slow once need not be so for ever."""
    answers = [is_silent, says(_OK)]
    now = [0.0]

    def behave(client: socket.socket, over: threading.Event) -> None:
        answers.pop(0)(client, over)

    with peer(behave) as service:
        client = ServiceClient(_at(service), seconds=0.2, rest=1000, monotonic=lambda: time.monotonic() + now[0])
        assert client.fetch(_ASKED) is None
        assert client.fetch(_ASKED) is None
        now[0] = 1000.0
        assert client.fetch(_ASKED) == b"hi"


def test_one_that_refuses_is_asked_each_time() -> None:
    """That costs no time."""
    with peer(says(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")) as service:
        client = ServiceClient(_at(service))
        assert client.fetch(_ASKED) is None
        assert client.fetch(_ASKED) is None
        assert len(service.requests) == 2


def test_no_redirect_is_followed() -> None:
    """A service of ours answers itself."""
    with peer(says(_OK)) as other:
        leading = f"HTTP/1.1 302 Found\r\nLocation: {other.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        with peer(says(leading)) as service:
            assert ServiceClient(_at(service)).fetch(FetchRequest(limit=10, body=b"question")) is None
    assert not other.requests


def test_what_is_too_large_is_said() -> None:
    """The caller does without the file, and not without the record."""
    large = peer(says(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890"))
    with large as service, pytest.raises(ResponseTooLarge):
        ServiceClient(_at(service)).fetch(_ASKED)
