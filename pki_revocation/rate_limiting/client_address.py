"""The source of an attempt: an IPv4 address, or the /64 that an IPv6 subscriber has to itself (RFC 6177)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_IPV4 = 4
_IPV6_SUBSCRIBER = 64
# In which one client may easily have many networks: an IPv6 site (RFC 6177), the smallest IPv4 prefix that is routed.
_IPV6_SITE = 48
_IPV4_ROUTED = 24
_WITH_PORT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3}){3}):[0-9]{1,5}|\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAddress:
    """*network* is what limits bind: no client gets a new allowance by using the next address of a /64.

    *address* is personal data: it is kept beside the audit chain.
    """

    address: str
    network: str

    @classmethod
    def of(cls, text: str) -> "ClientAddress":
        """From an address as the server or a trusted proxy says it; anything else is one source, `unknown`."""
        try:
            address = ip_address(text.strip().partition("%")[0])
        except ValueError:
            return cls(address="", network="unknown")
        return cls(address=str(address), network=_network(address))

    @property
    def neighbourhood(self) -> str:
        """The IPv4 /24 or IPv6 /48 around it: no limit binds it, but its networks wait for each other."""
        try:
            network = ip_network(self.network)
        except ValueError:
            return self.network
        return str(network.supernet(new_prefix=_IPV4_ROUTED if network.version == _IPV4 else _IPV6_SITE))


def _network(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    # An IPv4 client on a socket of both kinds is that IPv4 client (RFC 4291 section 2.5.5.2).
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _IPV6_SUBSCRIBER), strict=False))


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks whose word on where a request comes from is taken; none unless the configuration names them."""

    text: str = ""

    @classmethod
    def from_text(cls, text: str) -> "TrustedProxies":
        """From a text with commas: "10.1.0.4, 2001:db8::/48".

        Raises:
            ValueError: naming the part that is neither an address nor a network, or that is every address.
        """
        for part in _parts(text):
            _network_of(part)
        return cls(text)

    @classmethod
    def from_list(cls, parts: Sequence[object]) -> "TrustedProxies":
        """From a list of texts: ["10.1.0.4", "2001:db8::/48"].

        Raises:
            ValueError: as `from_text`.
            TypeError: for a part that is no text.
        """
        for part in parts:
            if not isinstance(part, str):
                raise TypeError(f'{part!r} is not an address in quotes, as in ["127.0.0.1"]')
            if not _parts(part):
                raise ValueError(f"{part!r} is neither an address nor a network")
        return cls.from_text(", ".join(str(part) for part in parts))

    def __str__(self) -> str:
        """The networks as `from_text` reads them."""
        return self.text

    def source(self, peer: str, forwarded_for: str) -> ClientAddress:
        """A request's source: its peer, or for a trusted one the last address in X-Forwarded-For that is not trusted.

        Everything left of that is what the client itself may have written. An entry that cannot be read makes the
        trusted proxy that passed it on the source.
        """
        nearest = peer
        hops = forwarded_for.split(",") if forwarded_for else []
        while self.trusts(nearest) and hops:
            hop = _without_port(hops.pop().strip())
            if ClientAddress.of(hop).address == "":
                break
            nearest = hop
        return ClientAddress.of(nearest)

    def trusts(self, text: str) -> bool:
        """Whether an address is a trusted proxy's; nothing that is no address is."""
        found = ClientAddress.of(text).address
        if not found:
            return False
        address = ip_address(found)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address.version == each.version and address in each for each in _networks(self.text))


def _parts(text: str) -> list[str]:
    return [part for part in (each.strip() for each in text.split(",")) if part]


@lru_cache(maxsize=8)
def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part) for part in _parts(text))


def _network_of(part: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(part)
    except ValueError:
        raise ValueError(f"{part!r} is neither an address nor a network{_advice(part)}") from None
    if network.prefixlen == 0:
        raise ValueError(f"{part!r} is every address, so that each client could say of itself where it comes from")
    return network


def _advice(part: str) -> str:
    """The network that was meant, where an address in it was written with a length."""
    try:
        return f": {ip_network(part, strict=False)} is one"
    except ValueError:
        return ""


def _without_port(hop: str) -> str:
    """An entry of X-Forwarded-For without the client's port, which some proxies write behind its address."""
    found = _WITH_PORT.fullmatch(hop)
    return hop if found is None else found[1] or found[2]


NO_PROXIES = TrustedProxies()
# An operator's own command, on the machine itself.
LOCAL = ClientAddress(address="", network="local")
