"""Addresses as they come over the wire: with spaces, from proxies alone, or not at all."""

import pytest

from pki_revocation.rate_limiting.client_address import LOCAL, NO_PROXIES, ClientAddress, TrustedProxies


def test_spaces_and_zones_are_no_part_of_an_address() -> None:
    """As HTTP allows around the parts of a list."""
    assert ClientAddress.of(" 192.0.2.7\t") == ClientAddress(address="192.0.2.7", network="192.0.2.7")
    assert ClientAddress.of("fe80::1%eth0") == ClientAddress(address="fe80::1", network="fe80::/64")
    assert ClientAddress.of("junk") == ClientAddress(address="", network="unknown")
    assert ClientAddress(address="", network="local") == LOCAL


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "found"),
    [
        ("192.0.2.0/24", "192.0.2.1", "192.0.2.3, 192.0.2.2", "192.0.2.3"),
        ("192.0.2.0/24", "192.0.2.1", " 198.51.100.7 ,  192.0.2.2", "198.51.100.7"),
        ("192.0.2.0/24", "", "198.51.100.7", ""),
        ("192.0.2.0/24", "unix:", "198.51.100.7", ""),
        ("192.0.2.0/24,,", "192.0.2.1", "198.51.100.7", "198.51.100.7"),
        ("2001:db8::/48", "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("0.0.0.0/1", "2001:db8::1", "198.51.100.7", "2001:db8::1"),
    ],
)
def test_proxies_are_followed_to_the_first_stranger(trusted: str, peer: str, forwarded: str, found: str) -> None:
    """Or to the farthest proxy, where there is none; a peer without an address is nobody's proxy."""
    assert TrustedProxies.from_text(trusted).source(peer, forwarded).address == found


def test_without_proxies_the_peer_is_the_source() -> None:
    """Whatever its header says."""
    assert NO_PROXIES.source("192.0.2.1", "198.51.100.7") == ClientAddress.of("192.0.2.1")
