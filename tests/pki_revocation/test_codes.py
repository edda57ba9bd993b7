"""Codes: what is made, what people may make of it, and what is stored and checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper, grouped, new_code, parse_code
from pki_revocation.encoding.crockford import ALPHABET
from pki_revocation.errors import ConfigurationError, MistypedCode

NUMBER = "123456789012"
CROCKFORD_CHECKS = ALPHABET + "*~$=U"
SYMBOLS = st.sampled_from(ALPHABET)
SEPARATORS = st.sampled_from(["", " ", "-", "‐", "‑", "–", "—", ".", "\t", "\u00a0"])


@pytest.fixture
def verifier() -> CodeVerifier:
    """As production makes it, at what a hash costs there."""
    return CodeVerifier(Pepper.generate(), CodeScheme.ARGON2ID)


def crockford(symbols: str) -> str:
    """The symbols with the check symbol that Crockford describes: the number that they are, mod 37."""
    value = 0
    for symbol in symbols:
        value = value * 32 + ALPHABET.index(symbol)
    return symbols + CROCKFORD_CHECKS[value % 37]


CODES = (
    st.sampled_from([16, 24])
    .flatmap(lambda length: st.text(ALPHABET, min_size=length, max_size=length))
    .map(crockford)
    .filter(lambda code: code[-1] in ALPHABET)
)


@pytest.mark.parametrize("scheme", CodeScheme)
def test_code_is_crockford_with_his_check_symbol(scheme: CodeScheme) -> None:
    """Symbols of the alphabet alone, and the check symbol that Crockford's mod 37 gives, never one outside it."""
    for code in (new_code(scheme) for _ in range(500)):
        assert set(code) <= set(ALPHABET)
        assert not set("ILOU") & set(code)
        assert code == crockford(code[:-1])
        assert parse_code(code) == code


def test_lengths_of_the_schemes() -> None:
    """16 symbols are 80 bits and stored as a password hash; 24 are 120, over NIST's 112."""
    assert {scheme: len(new_code(scheme)) for scheme in CodeScheme} == {
        CodeScheme.ARGON2ID: 17,
        CodeScheme.KEYED_HASH: 25,
    }


def test_codes_differ_and_use_the_whole_alphabet() -> None:
    """A thousand codes: none twice, and each symbol of the alphabet about equally often."""
    made = [new_code(CodeScheme.ARGON2ID) for _ in range(1000)]
    counts = [sum(code[:-1].count(symbol) for code in made) for symbol in ALPHABET]

    assert len(set(made)) == 1000
    assert min(counts) > 350
    assert max(counts) < 650


@given(CODES, st.lists(SEPARATORS, min_size=26, max_size=26), st.data())
def test_written_in_any_way(code: str, separators: list[str], data: st.DataObject) -> None:
    """Small letters, separators of all kinds, O for 0, I and L for 1: the code is read."""
    likenesses = {"0": "0oO", "1": "1iIlL"}
    written = "".join(
        separator + data.draw(st.sampled_from(likenesses.get(symbol, symbol + symbol.lower())))
        for separator, symbol in zip(separators, code, strict=False)
    )

    assert parse_code(written) == code
    assert parse_code(grouped(code)) == code


@given(CODES, st.data())
def test_every_single_wrong_symbol_is_caught(code: str, data: st.DataObject) -> None:
    """One symbol wrong, the check symbol included."""
    place = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(SYMBOLS.filter(lambda symbol: symbol != code[place]))

    with pytest.raises(MistypedCode):
        parse_code(code[:place] + wrong + code[place + 1 :])


@given(CODES, st.data())
def test_every_swap_of_neighbours_is_caught(code: str, data: st.DataObject) -> None:
    """Two different neighbours in the wrong order, also the last symbol with the check symbol."""
    place = data.draw(st.integers(0, len(code) - 2))
    first, second = code[place], code[place + 1]
    swapped = code[:place] + second + first + code[place + 2 :]

    if first == second:
        assert parse_code(swapped) == code
    else:
        with pytest.raises(MistypedCode):
            parse_code(swapped)


@given(CODES, st.data())
def test_missing_or_doubled_symbol_is_caught(code: str, data: st.DataObject) -> None:
    """Neither length is a code's."""
    place = data.draw(st.integers(0, len(code) - 1))

    for written in (code[:place] + code[place + 1 :], code[:place] + code[place] + code[place:]):
        with pytest.raises(MistypedCode):
            parse_code(written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-" * 17,
        "0" * 16,
        "0" * 18,
        "0" * 16 + "U",
        "0" * 16 + "*",
        "０" * 17,
        "٠" * 17,
        "ﬀ" + "0" * 16,
        "ß" + "0" * 15,
        "0" * 24,
    ],
)
def test_what_is_no_code(text: str) -> None:
    """Wrong lengths, the letter U, Crockford's other check symbols, and the digits and letters of other scripts."""
    with pytest.raises(MistypedCode, match="typing error"):
        parse_code(text)


def test_refusal_does_not_repeat_the_code() -> None:
    """What somebody typed may be nearly right: it stands in no message."""
    with pytest.raises(MistypedCode) as refused:
        parse_code("0123456789ABCDEFZ")

    assert "0123" not in str(refused.value)


def test_stored_code_is_bound_to_its_number(verifier: CodeVerifier) -> None:
    """The right code of one number fits no other, and what is stored differs each time."""
    code = new_code(verifier.scheme)
    stored = verifier.store(number=NUMBER, code=code)

    assert stored.startswith("$argon2id$")
    assert "m=19456,t=2,p=1" in stored
    assert verifier.check(number=NUMBER, code=code, stored=stored)
    assert not verifier.check(number="0" * 12, code=code, stored=stored)
    assert not verifier.check(number=NUMBER, code=new_code(verifier.scheme), stored=stored)
    assert verifier.store(number=NUMBER, code=code) != stored


def test_unknown_number_fits_nothing(verifier: CodeVerifier) -> None:
    """Nothing stored is checked against a stand-in, and never fits, not even the stand-in's own code."""
    assert not verifier.check(number="0" * 12, code="0" * 17, stored=None)


@pytest.mark.parametrize("scheme", CodeScheme)
def test_codes_of_both_schemes_are_checked(scheme: CodeScheme) -> None:
    """Codes made before the setting was changed are still good."""
    pepper = Pepper.generate()
    code = new_code(scheme)
    stored = CodeVerifier(pepper, scheme).store(number=NUMBER, code=code)

    for other in CodeScheme:
        assert CodeVerifier(pepper, other).check(number=NUMBER, code=code, stored=stored)
        assert not CodeVerifier(Pepper.generate(), other).check(number=NUMBER, code=code, stored=stored)


def test_keyed_hash_is_for_long_codes_alone() -> None:
    """A code of 80 bits gets Argon2id, whatever the setting is (NIST SP 800-63B: below 112 bits)."""
    verifier = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)

    assert verifier.store(number=NUMBER, code=new_code(CodeScheme.ARGON2ID)).startswith("$argon2id$")
    assert verifier.store(number=NUMBER, code=new_code(CodeScheme.KEYED_HASH)).startswith("$hmac-sha256$")


def test_pepper_comes_back_from_its_text() -> None:
    """The same secret, the same id; another secret, another id, and the id gives nothing away."""
    pepper = Pepper.generate()
    again = Pepper.from_text(f" {pepper.to_text()}\n")

    assert again.id == pepper.id
    assert again.mix(NUMBER, "x") == pepper.mix(NUMBER, "x")
    assert again.derive("links") == pepper.derive("links") != pepper.derive("other")
    assert Pepper.generate().id != pepper.id
    assert pepper.id not in pepper.to_text()
    assert pepper.to_text() not in repr(pepper)


@pytest.mark.parametrize(("text", "words"), [("", "shorter"), ("ab" * 31, "shorter"), ("xyz", "not hexadecimal")])
def test_poor_peppers_are_refused(text: str, words: str) -> None:
    """A pepper that is cut off or damaged would kill every code: it is noticed at the start."""
    with pytest.raises(ConfigurationError, match=words):
        Pepper.from_text(text)


def test_grouped() -> None:
    """As the letter prints it, the check symbol on its own."""
    assert grouped("0123456789ABCDEFG") == "0123-4567-89AB-CDEF-G"
