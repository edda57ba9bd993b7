"""When young keys grow old: by weight, to the unit."""

import pytest

from ocsp_responder.fast_path.rotating_cache import RotatingCache


@pytest.fixture
def cache() -> RotatingCache[str, int]:
    """Of ten, in which a value weighs what it says."""
    return RotatingCache(10, lambda _key, value: value)


def held(cache: RotatingCache[str, int], keys: str) -> str:
    """Which of these keys are there, without asking for any."""
    return "".join(key for key in keys if cache.peek(key) is not None)


def test_young_ones_fill_half_and_grow_old(cache: RotatingCache[str, int]) -> None:
    """Two generations are held; the third takes the first one's place."""
    for key in "abcdef":
        cache.put(key, 2)
    # a and b are gone with their generation, which c to f followed two by two.
    assert held(cache, "abcdef") == "cdef"
    assert len(cache) == 4
    cache.put("g", 1)
    assert held(cache, "cdefg") == "cdefg"
    cache.put("h", 1)
    assert held(cache, "cdefgh") == "efgh"


def test_half_may_be_filled_to_the_unit(cache: RotatingCache[str, int]) -> None:
    """And one more unit begins a generation."""
    cache.put("a", 3)
    cache.put("b", 2)
    cache.put("c", 5)
    assert held(cache, "abc") == "abc"
    cache.put("d", 1)
    assert held(cache, "abcd") == "cd"


def test_what_is_asked_for_is_young_again(cache: RotatingCache[str, int]) -> None:
    """With its weight; a look from another thread changes nothing."""
    for key, value in (("a", 3), ("b", 2), ("c", 1)):
        cache.put(key, value)
    assert (cache.get("a"), cache.peek("b"), cache.get("c"), cache.get("x")) == (3, 2, 1, None)
    # c and a weigh four: one more fits, and then a generation ends, with b.
    cache.put("d", 1)
    assert held(cache, "abcd") == "abcd"
    cache.put("e", 1)
    assert held(cache, "abcde") == "acde"


def test_what_is_dropped_weighs_nothing(cache: RotatingCache[str, int]) -> None:
    """Young or old, once or twice; what replaces a value has its own weight."""
    cache.put("a", 4)
    cache.drop("a")
    cache.drop("a")
    cache.put("b", 1)
    cache.put("b", 3)
    cache.put("c", 2)
    cache.put("d", 5)
    # b and c filled half without a rest: nothing has been lost yet.
    assert held(cache, "abcd") == "bcd"
    cache.drop("b")
    assert held(cache, "bcd") == "cd"
    assert len(cache) == 2
    cache.put("e", 1)
    assert held(cache, "cde") == "de"


def test_cleared_one_begins_anew(cache: RotatingCache[str, int]) -> None:
    """Without weight."""
    cache.put("a", 5)
    cache.put("b", 4)
    cache.clear()
    assert (held(cache, "ab"), len(cache)) == ("", 0)
    for key, value in (("c", 3), ("d", 2), ("e", 1), ("f", 3)):
        cache.put(key, value)
    assert held(cache, "cdef") == "cdef"
