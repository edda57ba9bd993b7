"""How often one source may ask for something that costs little: counted in memory, in each worker by itself.

Nothing is guessed here, so that nothing has to be remembered for long: a flood is slowed down, and no certificate and
no number is ever locked by it.
"""

import math
import threading
import time
from collections.abc import Callable

from pki_revocation.errors import TooManyProofs

from .client_address import ClientAddress

# So many sources are told apart; of more than these, the one that has not asked for longest is forgotten.
MOST = 10_000
_MINUTE = 60.0


class RequestRate:
    """Lets *per_minute* requests of each source through, all of a sudden or spread; used by many threads."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        """*monotonic* gives seconds that never go back."""
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # By source: how many requests it may still make, and when that was so.
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, source: ClientAddress) -> None:
        """Count one request of a source.

        Raises:
            TooManyProofs: when it made too many: this one is not counted, and says when the next is let through.
        """
        with self._lock:
            now = self._monotonic()
            left, since = self._left.pop(source.network, (float(self._per_minute), now))
            left = min(float(self._per_minute), left + (now - since) * self._per_minute / _MINUTE)
            is_let_through = left >= 1
            # Put back at the end: the first one of the dictionary is the one that has not asked for longest.
            self._left[source.network] = (left - 1 if is_let_through else left, now)
            if len(self._left) > MOST:
                del self._left[next(iter(self._left))]
        if not is_let_through:
            raise TooManyProofs(max(1, math.ceil((1 - left) * _MINUTE / self._per_minute)))
