"""Numbers: dealt from a counter, scattered, and with check digits that catch what people get wrong."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_revocation.errors import MistypedNumber
from pki_revocation.numbers import CAPACITY, grouped, number_at, numbers_from, parse_number

POSITIONS = st.integers(min_value=0, max_value=CAPACITY - 1)
NUMBERS = POSITIONS.map(number_at)
SEPARATORS = st.sampled_from(["", " ", "  ", "-", "–", "—", ".", "\t", "\u00a0", "\n", "\u200e", "\u202c", "\u2068"])


@given(NUMBERS)
def test_number_is_twelve_digits(number: str) -> None:
    """Ten digits and two check digits (ISO 7064 mod 97,10: the whole leaves 1)."""
    assert len(number) == 12
    assert number.isascii()
    assert number.isdigit()
    assert int(number) % 97 == 1


@given(NUMBERS, st.lists(SEPARATORS, min_size=13, max_size=13))
def test_written_in_any_way(number: str, separators: list[str]) -> None:
    """Spaces, hyphens and dots of all kinds, anywhere: the number is read."""
    written = "".join(separator + digit for separator, digit in zip(separators, [*number, ""], strict=True))

    assert parse_number(written) == parse_number(grouped(number)) == number


@given(NUMBERS, st.integers(0, 11), st.integers(1, 9))
def test_every_single_wrong_digit_is_caught(number: str, place: int, shift: int) -> None:
    """One digit wrong, check digits included."""
    wrong = str((int(number[place]) + shift) % 10)

    with pytest.raises(MistypedNumber):
        parse_number(number[:place] + wrong + number[place + 1 :])


@given(NUMBERS, st.integers(0, 10))
def test_every_swap_of_neighbours_is_caught(number: str, place: int) -> None:
    """Two different neighbours in the wrong order, also across the check digits."""
    first, second = number[place], number[place + 1]
    swapped = number[:place] + second + first + number[place + 2 :]

    if first == second:
        assert parse_number(swapped) == number
    else:
        with pytest.raises(MistypedNumber):
            parse_number(swapped)


@given(NUMBERS, st.integers(0, 11))
def test_missing_or_doubled_digit_is_caught(number: str, place: int) -> None:
    """Eleven or thirteen digits are no number."""
    for written in (number[:place] + number[place + 1 :], number[:place] + number[place] + number[place:]):
        with pytest.raises(MistypedNumber):
            parse_number(written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1234",
        "12345678901a",
        "-" * 12,
        "１２３４５６７８９０１２",
        "١٢٣٤٥٦٧٨٩٠١٢",
        "²²²²²²²²²²²²",
        "+12345678901",
        "1_2345678901",
    ],
)
def test_what_is_no_number(text: str) -> None:
    """Letters, signs and the digits of other scripts are refused, never read as something else."""
    with pytest.raises(MistypedNumber, match="twelve digits"):
        parse_number(text)


def test_digits_of_another_script_are_refused_although_their_values_fit() -> None:
    """A right number in full-width digits is not taken: only what is printed in the letter is."""
    number = number_at(0)
    with pytest.raises(MistypedNumber):
        parse_number("".join(chr(ord("０") + int(digit)) for digit in number))


@given(POSITIONS, POSITIONS)
def test_two_positions_never_share_a_number(one: int, other: int) -> None:
    """Multiplying by what is coprime to ten thousand million is a permutation."""
    assert (number_at(one) == number_at(other)) == (one == other)


def test_neighbours_in_time_are_far_apart() -> None:
    """Who knows a number cannot tell the next one by counting up."""
    dealt = list(numbers_from(0, 1000))

    assert dealt == [number_at(place) for place in range(1000)]
    assert len(set(dealt)) == 1000
    steps = [abs(int(one) - int(other)) for one, other in itertools.pairwise(dealt)]
    assert min(steps) > 10**10


def test_counter_ends_where_it_must() -> None:
    """All ten thousand million numbers are there, and not one more."""
    assert number_at(CAPACITY - 1) != number_at(0)
    for position in (-1, CAPACITY):
        with pytest.raises(OverflowError):
            number_at(position)


def test_grouped() -> None:
    """As the letter prints it."""
    assert grouped("123456789012") == "1234 5678 9012"
