"""A bounded dictionary that forgets what was not asked for lately.

Two generations: what is stored or asked for is young; when the young ones fill half of the bound, the old ones go and
the young ones grow old. So a hit costs one look-up, a full dictionary never stops to sort itself, and one pass over
many keys that are asked for once pushes out no more than it must.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class RotatingCache(Generic[K, V]):
    """Keys and values up to a bound of weight; for one thread that writes."""

    def __init__(self, limit: int, weigh: Callable[[K, V], int]) -> None:
        """Hold at most *limit*, in the unit that *weigh* gives for a key and its value."""
        self._half = limit // 2
        self._weigh = weigh
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._weight = 0

    def get(self, key: K) -> V | None:
        """The value, which grows young by being asked for; None when there is none."""
        found = self._young.get(key)
        # Out of the old generation first, and only then into the young one: keeping it may turn the generations, and it
        # would be counted twice, or go with the old ones that it still lay among.
        if found is None and key in self._old:
            found = self._old.pop(key)
            self._keep(key, found, self._weigh(key, found))
        return found

    def peek(self, key: K) -> V | None:
        """The same without taking it for young: for threads that must not write."""
        found = self._young.get(key)
        return self._old.get(key) if found is None else found

    def put(self, key: K, value: V) -> None:
        """Store a value; what alone weighs more than half of the bound is not kept."""
        self.drop(key)
        weight = self._weigh(key, value)
        if weight <= self._half:
            self._keep(key, value, weight)

    def drop(self, key: K) -> None:
        """Forget a key, whether it is there or not."""
        # Only the young ones are weighed: the old ones weigh at most as much as the young ones did when they were full.
        if key in self._young:
            self._weight -= self._weigh(key, self._young.pop(key))
        else:
            self._old.pop(key, None)

    def clear(self) -> None:
        """Forget all keys of both generations."""
        self._young, self._old, self._weight = {}, {}, 0

    def __len__(self) -> int:
        """How many keys are held."""
        return len(self._young) + len(self._old)

    def _keep(self, key: K, value: V, weight: int) -> None:
        # The old generation goes as a whole, by losing its name: one assignment, however many keys it had.
        if self._weight + weight > self._half:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[key] = value
        self._weight += weight
