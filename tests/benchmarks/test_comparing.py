"""The timing test's arithmetic: it finds a difference that is there, and none that is not."""

import random

import pytest

from benchmarks.guessing.comparing import SIGNIFICANCE, compare, mann_whitney


def sample(generator: random.Random, count: int, shift: float = 0.0) -> list[float]:
    """Times as services give them: a hash, noise, and a tail that other programs make."""
    return [
        44 + shift + generator.gauss(0, 1) + (generator.expovariate(0.1) if generator.random() < 0.1 else 0)
        for _ in range(count)
    ]


def test_exact_ranks() -> None:
    """Against the values that can be worked out by hand: U is 0, its mean 50, its variance 175."""
    first, second = list(range(10)), list(range(10, 20))

    assert mann_whitney(first, second) == pytest.approx(0.000157, abs=1e-6)
    assert mann_whitney(first, first) == pytest.approx(1.0)
    assert mann_whitney([1.0] * 30, [1.0] * 30) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_planted_difference_is_found(seed: int) -> None:
    """A quarter of the noise, in a thousand of each."""
    generator = random.Random(seed)  # noqa: S311 - the same numbers each time

    assert compare(sample(generator, 1000), sample(generator, 1000, 0.25)).differs


def test_same_distribution_is_rarely_said_to_differ() -> None:
    """No more often than the significance allows, with room for chance."""
    generator = random.Random(7)  # noqa: S311 - the same numbers each time
    found = sum(compare(sample(generator, 300), sample(generator, 300)).differs for _ in range(300))

    assert found <= 300 * 2 * SIGNIFICANCE + 3


def test_difference_in_one_half_alone_is_found() -> None:
    """As of a cache that helps half of the time: the medians stay where they are."""
    generator = random.Random(3)  # noqa: S311 - the same numbers each time
    slower = [value + (0.8 if place % 2 else 0) for place, value in enumerate(sample(generator, 1000))]

    assert compare(sample(generator, 1000), slower).differs
