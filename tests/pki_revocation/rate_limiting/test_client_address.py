"""Where an attempt comes from: what limits bind, and whose word is taken for it."""

import pytest

from pki_revocation.rate_limiting.client_address import ClientAddress, TrustedProxies


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_network_is_what_one_subscriber_has(address: str, network: str) -> None:
    """An IPv4 address, written either way, or an IPv6 /64."""
    assert ClientAddress.of(address).network == network


@pytest.mark.parametrize(
    ("address", "neighbourhood"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::1", "2001:db8:1::/48"),
        ("", "unknown"),
    ],
)
def test_neighbourhood_is_what_one_flood_may_have(address: str, neighbourhood: str) -> None:
    """Many networks of one site are one neighbourhood."""
    assert ClientAddress.of(address).neighbourhood == neighbourhood


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "found"),
    [
        ("", "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1", "198.51.100.7", "198.51.100.7"),
        ("192.0.2.1", "192.0.2.9", "198.51.100.7", "192.0.2.9"),
        # What the client wrote itself stands on the left, and is not believed.
        ("192.0.2.0/24", "192.0.2.1", "203.0.113.5, 198.51.100.7", "198.51.100.7"),
        ("192.0.2.0/24", "192.0.2.1", "203.0.113.5, 198.51.100.7, 192.0.2.2", "198.51.100.7"),
        ("192.0.2.1", "::ffff:192.0.2.1", "198.51.100.7", "198.51.100.7"),
        ("192.0.2.1", "192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1", "198.51.100.7, junk", "192.0.2.1"),
        # Some proxies write the client's port behind its address.
        ("192.0.2.1", "192.0.2.1", "203.0.113.5, 198.51.100.7:40112", "198.51.100.7"),
        ("192.0.2.1", "192.0.2.1", "[2001:db8:1::7]:40112", "2001:db8:1::7"),
        ("192.0.2.1", "192.0.2.1", "198.51.100.7:x", "192.0.2.1"),
        ("2001:db8::/48, 192.0.2.1", "2001:db8::5", "2001:db8:1::7", "2001:db8:1::7"),
    ],
)
def test_proxies_that_are_trusted_say_who_it_was(trusted: str, peer: str, forwarded: str, found: str) -> None:
    """The last address that no trusted proxy has; nobody else's word counts."""
    assert TrustedProxies.from_text(trusted).source(peer, forwarded).address == found


@pytest.mark.parametrize("text", ["proxy.example", "192.0.2.1/8", "192.0.2.1;192.0.2.2"])
def test_proxies_that_cannot_be_read_are_named(text: str) -> None:
    """A misspelt network must not be silently ignored."""
    with pytest.raises(ValueError, match="neither an address nor a network"):
        TrustedProxies.from_text(text)
