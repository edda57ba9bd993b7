"""What a subscriber typed or pasted into the two fields, put where it belongs before it is read.

Subscribers paste a whole line of a letter or a note, and mix up the fields. Where number and code can be found in one
way only they are taken from there; in any doubt nothing is moved, and the fields are read as they are. The page's
script (`static/page.js`) does the same before anything is sent.
"""

import re
from collections.abc import Callable, Iterator

from pki_revocation.codes import CodeScheme, parse_code
from pki_revocation.encoding.crockford import read_symbols
from pki_revocation.errors import RevocationRefused
from pki_revocation.numbers import DIGITS, parse_number

# Longer than a line with labels and everything, and short enough that every way of reading it is tried at once.
LONGEST_LINE = 200
_MOST_WORDS = 40
_BETWEEN_WORDS = re.compile("[\t-\r \u0085\u00a0\u2000-\u200f\u2028-\u202f\u2066-\u2069\u3000\ufeff,;:|/=()<>\"']+")
_CODE_LENGTHS = {scheme.symbols + 1 for scheme in CodeScheme}
# As long as a mistyped number may be to be shown again, and with so few letters that it is no part of a code.
_LONGEST_NUMBER = DIGITS + 2
_MOST_LETTERS = 2


def normalize_input(number: str, code: str) -> tuple[str, str]:
    """Number and code as they are to be read, from what stands in the fields *number* and *code*."""
    if _reads(parse_number, number) and _reads(parse_code, code):
        return number, code
    if _reads(parse_number, code) and _reads(parse_code, number):
        return code, number
    found = {pair for text in (number, code) for pair in _pairs(text)}
    # One long code in 37 ends in what reads as a short one.
    whole = [pair for pair in found if not any(pair != other and _is_part(pair, other) for other in found)]
    return whole[0] if len(whole) == 1 else (number, code)


def number_to_redisplay(number: str) -> str:
    """What the number's field shows again after a mistake: never what may be a code, or a part of one."""
    symbols = read_symbols(number)
    letters = sum(not ("0" <= symbol <= "9") for symbol in symbols)
    fits = len(symbols) <= _LONGEST_NUMBER and letters <= _MOST_LETTERS and len(number) <= 2 * _LONGEST_NUMBER
    return number if fits and number.isprintable() else ""


def _is_part(pair: tuple[str, str], other: tuple[str, str]) -> bool:
    return pair[0] == other[0] and pair[1] in other[1]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Every number with a code beside it in a line."""
    if len(text) > LONGEST_LINE:
        return
    whole = read_symbols(text)
    for length in _CODE_LENGTHS:
        if len(whole) == DIGITS + length:
            yield from _fitting(whole[:DIGITS], whole[DIGITS:])
            yield from _fitting(whole[length:], whole[:length])
    words = [word for word in map(read_symbols, _BETWEEN_WORDS.split(text)) if word]
    if len(words) > _MOST_WORDS:
        return
    numbers = list(_runs(words, {DIGITS}))
    for begin, end, code in _runs(words, _CODE_LENGTHS):
        for first, last, number in numbers:
            if last <= begin or end <= first:
                yield from _fitting(number, code)


def _runs(words: list[str], lengths: set[int]) -> Iterator[tuple[int, int, str]]:
    """Neighbouring words that together have one of the lengths: index of the first, index after the last, text."""
    for begin in range(len(words)):
        joined = ""
        for end in range(begin, len(words)):
            joined += words[end]
            if len(joined) > max(lengths):
                break
            if len(joined) in lengths:
                yield begin, end + 1, joined


def _fitting(number: str, code: str) -> Iterator[tuple[str, str]]:
    if _reads(parse_number, number) and _reads(parse_code, code):
        yield number, code


def _reads(parse: Callable[[str], str], text: str) -> bool:
    try:
        parse(text)
    except RevocationRefused:
        return False
    return True
