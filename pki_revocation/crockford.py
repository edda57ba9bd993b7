"""Crockford's base32: digits and capitals without I, L, O and U, for what people read aloud and type."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS = 5


def random_symbols(count: int) -> str:
    """So many symbols from the operating system's generator, each of the 32 equally likely."""
    drawn = secrets.randbits(BITS * count)
    return "".join(ALPHABET[drawn >> BITS * place & len(ALPHABET) - 1] for place in range(count))
