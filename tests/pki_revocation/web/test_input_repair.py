"""What people paste into the two fields: taken where it can be read in one way, left alone otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_revocation.codes import CodeScheme, grouped, new_code
from pki_revocation.numbers import grouped as grouped_number
from pki_revocation.numbers import number_at, parse_number
from pki_revocation.web.input_repair import normalize_input, number_to_redisplay

NUMBER = number_at(7)
CODE = new_code(CodeScheme.ARGON2ID)
LONG_CODE = new_code(CodeScheme.KEYED_HASH)


@pytest.mark.parametrize("code", [CODE, LONG_CODE], ids=["short", "long"])
@pytest.mark.parametrize(
    "line",
    [
        "{number} {code}",
        "{code}\t{number}",
        "{number}{code}",
        "{code}{number}",
        "{number} / {code}",
        "Nummer {number} Intrekkingscode {code}",
        "nummer: {number}; code: {code}.",
        "{number} – {code}",
    ],
)
@pytest.mark.parametrize("spoken", [str, str.lower])
def test_pasted_line_with_both_is_split(line: str, code: str, spoken: type[str]) -> None:
    """Into either field, with labels, groups, tabs or nothing between, in any case."""
    for number in (NUMBER, grouped_number(NUMBER)):
        for shown in (code, grouped(code), grouped(code).replace("-", " ")):
            text = spoken(line.format(number=number, code=shown))
            assert normalize_input(text, "") == (NUMBER, code)
            assert normalize_input("", text) == (NUMBER, code)
            assert normalize_input(text, text) == (NUMBER, code)


def test_long_code_that_ends_in_a_short_one_is_one_code() -> None:
    """Its last groups may read as a code of their own: the whole is meant."""
    long = next(
        code
        for code in iter(lambda: new_code(CodeScheme.KEYED_HASH), None)
        if normalize_input(f"{NUMBER} {code[-17:]}", "") == (NUMBER, code[-17:])
    )
    assert normalize_input(f"{NUMBER} {grouped(long)}", "") == (NUMBER, long)


def test_fields_the_wrong_way_round_are_swapped() -> None:
    """Number in the code's field and code in the number's."""
    assert normalize_input(grouped(CODE), NUMBER) == (NUMBER, grouped(CODE))


def test_in_doubt_nothing_is_moved() -> None:
    """Two numbers for one code, a typing error in one of them, or too much text."""
    other = number_at(8)
    wrong = NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10)
    for line in (f"{NUMBER} {other} {CODE}", f"{wrong} {CODE}", f"{NUMBER} {CODE}" + " " * 200):
        assert normalize_input(line, "") == (line, "")


@given(st.text(max_size=250), st.text(max_size=250))
def test_any_text_is_taken(number: str, code: str) -> None:
    """Nothing that comes in raises, and what is right already is never changed."""
    normalize_input(number, code)
    assert normalize_input(NUMBER, CODE) == (NUMBER, CODE)


@given(st.integers(0, 15), st.sampled_from(["", " ", "-"]))
def test_what_may_be_a_code_is_never_shown_again(cut: int, between: str) -> None:
    """Not a code, not with a symbol too few, and not a line with one; a mistyped number is."""
    code = "7QK4-XW9T-B2MZ-H8RD-3"
    for text in (code, code[:-1], code[cut : cut + 12], f"{NUMBER}{between}{code}"):
        assert number_to_redisplay(text) == ""
    assert number_to_redisplay("1234 5678 9O1") == "1234 5678 9O1"


def test_look_alike_letters_are_digits_in_a_number() -> None:
    """O for 0, I and L for 1, in either case, as in a code."""
    number = next(number_at(place) for place in range(1000) if {"0", "1"} <= set(number_at(place)))
    for zero, one in (("O", "I"), ("o", "l"), ("O", "L")):
        assert parse_number(number.replace("0", zero).replace("1", one)) == number
