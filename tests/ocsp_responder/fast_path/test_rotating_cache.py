"""A bounded dictionary: right as long as it remembers, and never heavier than it may be."""

from hypothesis import given
from hypothesis import strategies as st

from ocsp_responder.fast_path.rotating_cache import RotatingCache

KEYS = st.integers(0, 12)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(1, 9)),
        st.tuples(st.just("get"), KEYS, st.just(0)),
        st.tuples(st.just("drop"), KEYS, st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(steps=STEPS, limit=st.integers(2, 40))
def test_remembers_the_truth_or_nothing(steps: list[tuple[str, int, int]], limit: int) -> None:
    """Whatever is done, a value is the last one put or none, and what is held weighs no more than the limit."""
    kept: RotatingCache[int, int] = RotatingCache(limit, lambda _key, value: value)
    truth: dict[int, int] = {}
    for step, key, value in steps:
        match step:
            case "put":
                kept.put(key, value)
                truth[key] = value
            case "get":
                assert kept.get(key) in {None, truth.get(key)}
            case "drop":
                kept.drop(key)
                truth.pop(key, None)
            case "clear":
                kept.clear()
                truth.clear()
        assert sum(truth[each] for each in range(13) if kept.get(each) is not None) <= limit


def test_what_is_asked_for_stays() -> None:
    """One key that is asked for between many that are not."""
    kept: RotatingCache[int, str] = RotatingCache(10, lambda _key, _value: 1)
    kept.put(-1, "asked")
    for key in range(1000):
        kept.put(key, "not")
        assert kept.get(-1) == "asked"
    assert len(kept) <= 10


def test_what_is_not_asked_for_goes() -> None:
    """Or nothing would be bounded."""
    kept: RotatingCache[int, str] = RotatingCache(10, lambda _key, _value: 1)
    for key in range(1000):
        kept.put(key, "not")
    assert len(kept) <= 10
    assert kept.get(0) is None


def test_too_heavy_for_half_is_not_kept() -> None:
    """One value must not push out all others; a lighter one under the same key goes as well."""
    kept: RotatingCache[int, int] = RotatingCache(10, lambda _key, value: value)
    kept.put(1, 2)
    kept.put(1, 6)
    assert kept.get(1) is None
    assert len(kept) == 0
