"""Notices a proxy that does not say where requests come from, and has it written down; nothing waits for that.

Without it an operator who forgot one line of configuration finds out when a subscriber's right code is refused for what
others did.
"""

import logging
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError

from .client_address import ClientAddress, TrustedProxies
from .proxy_sightings import ProxySighting, ProxyTrouble, forget_sighting, record_sighting

_log = logging.getLogger(__name__)
# What proxies write, and browsers do not.
PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")
_AGAIN_SECONDS = 3600.0
_AFTER_ERROR_SECONDS = 60.0
# So many nearest proxies are told apart in one process; who sends from more addresses is no proxy.
_MOST = 20
Start = Callable[[Callable[[], None]], None]


def in_a_thread(act: Callable[[], None]) -> None:
    """Have it done beside the request that is being answered."""
    threading.Thread(target=act, name="proxy-sighting", daemon=True).start()


class ProxyWatch:
    """Looks at where requests come from; used by many threads.

    A proxy that is not named is only told from a client by its address, loopback or private: anybody else may write a
    proxy's headers.
    """

    def __init__(
        self,
        *,
        proxies: TrustedProxies,
        database: Database,
        clock: Clock,
        start: Start = in_a_thread,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing was seen yet.

        Args:
            proxies: those that the configuration names.
            database: where sightings are written.
            clock: dates them.
            start: has the writing done.
            monotonic: gives seconds that never go back.
        """
        self._proxies = proxies
        self._database = database
        self._clock = clock
        self._start = start
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # By address: what was seen of it last, None for nothing wrong; and when that is written again.
        self._known: dict[str, tuple[ProxyTrouble | None, float]] = {}

    def saw_request(self, peer: str, *, has_proxy_header: bool) -> None:
        """Notice a proxy that is not named; for every request."""
        if has_proxy_header and not self._proxies.trusts(peer) and _is_near(peer):
            self._saw(peer, ProxyTrouble.UNNAMED)

    def saw_attempt(self, peer: str, *, has_forwarded_for: bool) -> None:
        """Notice whether a named proxy says where from; for every number and code that are tried.

        Programs on the proxy's own machine may try one now and then: one that once said where from is not silent.
        """
        if not self._proxies.trusts(peer):
            return
        if has_forwarded_for:
            self._saw(peer, None)
        elif self._known.get(peer, (ProxyTrouble.SILENT, 0.0))[0] is not None:
            self._saw(peer, ProxyTrouble.SILENT)

    def _saw(self, peer: str, trouble: ProxyTrouble | None) -> None:
        now = self._monotonic()
        with self._lock:
            known = self._known.get(peer)
            if known is None and len(self._known) >= _MOST:
                return
            if known is not None and known[0] is trouble and (trouble is None or now < known[1]):
                return
            self._known[peer] = (trouble, now + _AGAIN_SECONDS)
        address = str(_address_of(peer))
        if trouble is None:
            self._start(lambda: self._write(peer, address, None))
            return
        sighting = ProxySighting(address=address, trouble=trouble, seen_at=self._clock.now())
        if known is None or known[0] is not trouble:
            _log.warning("%s", sighting)
        self._start(lambda: self._write(peer, address, sighting))

    def _write(self, peer: str, address: str, sighting: ProxySighting | None) -> None:
        try:
            with self._database.write() as connection:
                if sighting is None:
                    forget_sighting(connection, address)
                else:
                    record_sighting(connection, sighting)
        except StoreError as error:
            _log.warning("what was seen of the proxy %s is written down later: %s", address, error)
            with self._lock:
                trouble, _ = self._known[peer]
                self._known[peer] = (trouble, self._monotonic() + _AFTER_ERROR_SECONDS)


def _address_of(text: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address as such, also where the socket is of both kinds (RFC 4291 section 2.5.5.2)."""
    found = ClientAddress.of(text).address
    address = ip_address(found) if found else None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_near(text: str) -> bool:
    """Whether it is a loopback or private address: the outside has none (RFC 1918, RFC 4193)."""
    address = _address_of(text)
    return address is not None and address.is_private
