"""A flood of proofs is slowed down by its source, and nobody else waits for it."""

import pytest

from pki_revocation.errors import TooManyProofs
from pki_revocation.rate_limiting import request_rate
from pki_revocation.rate_limiting.client_address import ClientAddress
from pki_revocation.rate_limiting.request_rate import RequestRate

ONE, OTHER = ClientAddress.of("192.0.2.7"), ClientAddress.of("192.0.2.8")


class Seconds:
    """Seconds that go on when they are told to."""

    def __init__(self) -> None:
        """Begin at some moment."""
        self.now = 1000.0

    def __call__(self) -> float:
        """The seconds now."""
        return self.now


def test_source_waits_for_itself_alone() -> None:
    """Ten at once, then one every six seconds; what is refused says when, and costs no further waiting."""
    seconds = Seconds()
    rate = RequestRate(10, seconds)
    for _ in range(10):
        rate.take(ONE)
    for _ in range(3):
        with pytest.raises(TooManyProofs, match="after 6 seconds") as refused:
            rate.take(ONE)
        assert refused.value.retry_after == 6
    rate.take(OTHER)
    seconds.now += 5.9
    with pytest.raises(TooManyProofs, match="after 1 seconds"):
        rate.take(ONE)
    seconds.now += 0.2
    rate.take(ONE)
    with pytest.raises(TooManyProofs):
        rate.take(ONE)
    seconds.now += 3600
    for _ in range(10):
        rate.take(ONE)
    with pytest.raises(TooManyProofs):
        rate.take(ONE)


def test_neighbours_of_an_ipv6_network_are_one_source() -> None:
    """As for wrong codes: a /64 is one subscriber's."""
    rate = RequestRate(5, Seconds())
    for last in range(5):
        rate.take(ClientAddress.of(f"2001:db8::{last}"))
    with pytest.raises(TooManyProofs):
        rate.take(ClientAddress.of("2001:db8::ffff"))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more sources than are kept, the one that has not asked for longest is forgotten."""
    monkeypatch.setattr(request_rate, "MOST", 2)
    rate = RequestRate(5, Seconds())
    for _ in range(5):
        rate.take(ONE)
    for address in ("192.0.2.9", "192.0.2.10"):
        rate.take(ClientAddress.of(address))
    rate.take(ONE)
