"""The source of an attempt: an IPv4 address, or the /64 that an IPv6 subscriber has to itself (RFC 6177)."""

from dataclasses import dataclass
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv6Address,
    IPv6Network,
    NetmaskValueError,
    ip_address,
    ip_network,
)

_IPV4 = 4
_IPV6_SUBSCRIBER = 64
# In which one client may easily have many networks: an IPv6 site (RFC 6177), the smallest IPv4 prefix that is routed.
_IPV6_SITE = 48
_IPV4_ROUTED = 24


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
        """From a list with commas: "10.1.0.4, 2001:db8::/48".

        Raises:
            ValueError: naming the part that is neither an address nor a network.
        """
        for part in filter(None, (each.strip() for each in text.split(","))):
            try:
                ip_network(part)
            except (AddressValueError, NetmaskValueError, ValueError):
                raise ValueError(f"{part!r} is neither an address nor a network") from None
        return cls(text)

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
        while self._trusts(nearest) and hops:
            hop = hops.pop().strip()
            if ClientAddress.of(hop).address == "":
                break
            nearest = hop
        return ClientAddress.of(nearest)

    def _trusts(self, text: str) -> bool:
        found = ClientAddress.of(text).address
        if not found:
            return False
        address = ip_address(found)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        networks = [ip_network(part.strip()) for part in self.text.split(",") if part.strip()]
        return any(address.version == each.version and address in each for each in networks)


NO_PROXIES = TrustedProxies()
# An operator's own command, on the machine itself.
LOCAL = ClientAddress(address="", network="local")
