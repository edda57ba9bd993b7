"""The subscriber's number: ten digits and two check digits (ISO 7064 mod 97,10), printed in groups of four.

The check digits catch every single wrong digit and every swap of neighbours, so a typing error is told apart from an
unknown number before anything is looked up. Numbers are no secret and no serials: they are dealt from a counter and
scattered, so that a neighbour's number is never one digit away.
"""

from collections.abc import Iterator

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from pki_revocation.encoding.crockford import read_symbols

from .errors import MistypedNumber

DIGITS = 12
CAPACITY = 10**10
# Coprime to 10, so that multiplying is a permutation of all ten-digit numbers; near the golden section of the range,
# so that consecutive counters land far apart.
_STRIDE = 6_180_339_887
_START = 4_270_198_253


def number_at(position: int) -> str:
    """The number that the counter's *position*, from 0, stands for.

    Raises:
        OverflowError: when all ten thousand million numbers were given out.
    """
    if not 0 <= position < CAPACITY:
        message = "all numbers have been given out"
        raise OverflowError(message)
    digits = f"{(_START + position * _STRIDE) % CAPACITY:010d}"
    return digits + str(mod_97_10.calc_check_digits(digits))


def numbers_from(position: int, count: int) -> Iterator[str]:
    """The *count* numbers from a position on."""
    return (number_at(place) for place in range(position, position + count))


def grouped(number: str) -> str:
    """A number as it is printed: 1234 5678 9012."""
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def parse_number(text: str) -> str:
    """The number as it was typed or pasted, with whatever spaces and hyphens, and O for 0, I and L for 1.

    Raises:
        MistypedNumber: when it is not twelve digits or the check digits do not fit.
    """
    digits = read_symbols(text)
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise MistypedNumber
    try:
        mod_97_10.validate(digits)
    except ValidationError:
        raise MistypedNumber from None
    return digits
