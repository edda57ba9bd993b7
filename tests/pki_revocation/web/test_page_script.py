"""The page's script reads numbers and codes exactly as the server does: run in Chromium, on thousands of both."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pki_revocation import web
from pki_revocation.codes import CodeScheme, grouped, new_code, parse_code
from pki_revocation.encoding.crockford import ALPHABET, read_symbols
from pki_revocation.errors import RevocationRefused
from pki_revocation.numbers import grouped as grouped_number
from pki_revocation.numbers import number_at, parse_number
from pki_revocation.web.complaints import Complaint, code_complaint, number_complaint
from pki_revocation.web.form_errors import length_meant
from pki_revocation.web.input_repair import normalize_input
from tests.chromium import chromium

SCRIPT = Path(web.__file__).parent / "static" / "page.js"
SEPARATORS = " -\u2013\u00a0\u200b\u200e\u2068\t.\u2212"
# What is no separator and no symbol, but looks or folds like one in some language's functions.
STRANGE = "ıſßUuÉ１\u0301*~$=_"


@pytest.fixture(scope="module")
def script() -> Iterator[Page]:
    """An empty page with the script in it."""
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(content=SCRIPT.read_text("utf-8"))
        yield page


def _reads_number(text: str) -> bool:
    try:
        parse_number(text)
    except RevocationRefused:
        return False
    return True


def _reads_code(text: str) -> bool:
    try:
        parse_code(text)
    except RevocationRefused:
        return False
    return True


def _name(complaint: Complaint | None) -> str:
    """A complaint as the script calls it."""
    return "" if complaint is None else complaint.name.partition("-")[2]


def _spoilt(right: str, alphabet: str) -> Iterator[str]:
    """Every single wrong character and every swap of neighbours that changes something."""
    for place, symbol in enumerate(right):
        for other in alphabet:
            if other != symbol:
                yield right[:place] + other + right[place + 1 :]
    for place in range(len(right) - 1):
        if right[place] != right[place + 1]:
            yield right[:place] + right[place + 1] + right[place] + right[place + 2 :]


def _dressed(text: str, chance: random.Random) -> str:
    """As people write it: other cases, look-alikes, and separators anywhere."""
    looks = {"0": "0Oo", "1": "1IiLl"}
    return "".join(
        chance.choice(looks.get(symbol, symbol + symbol.lower())) + chance.choice(["", "", chance.choice(SEPARATORS)])
        for symbol in text
    )


def test_every_wrong_character_and_swap_is_found_by_both(script: Page) -> None:
    """In numbers and in codes of both lengths; and what is right is right in both, however it is written."""
    chance = random.Random(20261125)  # noqa: S311 - the same texts each time
    numbers = [number_at(chance.randrange(10**10)) for _ in range(150)]
    codes = [new_code(scheme) for scheme in CodeScheme for _ in range(15)]
    spoilt_numbers = [wrong for number in numbers for wrong in _spoilt(number, "0123456789")]
    spoilt_codes = [wrong for code in codes for wrong in _spoilt(code, ALPHABET)]
    assert len(spoilt_numbers) > 10_000
    assert len(spoilt_codes) > 10_000

    for texts, reads, name in (
        (numbers + [_dressed(each, chance) for each in numbers], _reads_number, "isNumber"),
        (codes + [_dressed(each, chance) for each in codes], _reads_code, "isCode"),
    ):
        assert all(map(reads, texts))
        assert script.evaluate(f"texts => texts.filter((text) => !reading.{name}(text))", texts) == []
    for texts, reads, name in (
        (spoilt_numbers, _reads_number, "isNumber"),
        (spoilt_codes, _reads_code, "isCode"),
    ):
        assert not any(map(reads, texts))
        assert script.evaluate(f"texts => texts.filter((text) => reading.{name}(text))", texts) == []


def test_any_text_is_read_alike(script: Page) -> None:
    """Also letters that some language folds into one of ours, and blanks that nobody sees."""
    chance = random.Random(7)  # noqa: S311 - the same texts each time
    every = "".join(map(chr, [*range(0x250), *range(0x2000, 0x2070), 0x2212, 0x3000, 0xFE58, 0xFE63, 0xFEFF, 0xFF0D]))
    texts = [*every]
    for _ in range(3000):
        base = chance.choice([number_at(chance.randrange(10**10)), new_code(chance.choice([*CodeScheme]))])
        mixed = [*_dressed(base, chance)]
        for _ in range(chance.randrange(3)):
            mixed[chance.randrange(len(mixed))] = chance.choice(STRANGE + SEPARATORS + "A9")
        texts.append("".join(mixed))

    found = script.evaluate(
        "texts => texts.map((text) => [reading.symbols(text), reading.isNumber(text), reading.isCode(text)])", texts
    )
    complaints = script.evaluate(
        "texts => texts.map((text) => [reading.numberComplaint(text), reading.codeComplaint(text)])", texts
    )

    assert found == [[read_symbols(text), _reads_number(text), _reads_code(text)] for text in texts]
    assert complaints == [[_name(number_complaint(text)), _name(code_complaint(text))] for text in texts]
    assert {"empty", "symbols", "length", "mistyped", ""} == {each for pair in complaints for each in pair}


def test_length_that_is_meant_is_found_alike(script: Page) -> None:
    """Of the lengths of codes, the one that is nearest to what was typed."""
    counts = list(range(1, 60))
    found = script.evaluate("counts => counts.map((count) => reading.lengthMeant(count))", counts)
    assert found == [length_meant(count) for count in counts]


def test_pasted_lines_are_split_alike(script: Page) -> None:
    """Lines with both, with one, with two of a kind and with a mistake: the same is put into the same fields."""
    chance = random.Random(8)  # noqa: S311 - the same texts each time
    pairs = []
    for _ in range(1500):
        number, code = number_at(chance.randrange(10**10)), new_code(chance.choice([*CodeScheme]))
        parts = [
            chance.choice([number, grouped_number(number), number[:-1]]),
            chance.choice([code, grouped(code), grouped(code).replace("-", " "), code[1:]]),
            *chance.sample(["Nummer:", "code", "/", number_at(3), "12"], chance.randrange(3)),
        ]
        chance.shuffle(parts)
        line = chance.choice(["", " ", "\t", "; "]).join(parts)
        pairs.append(chance.choice([[line, ""], ["", line], [code, number], [line, code]]))

    found = script.evaluate("pairs => pairs.map(([number, code]) => reading.sortedOut(number, code))", pairs)

    assert found == [list(normalize_input(*pair)) for pair in pairs]
    assert sum(pair != after for pair, after in zip(pairs, found, strict=True)) > 300
