"""Crockford's base32: digits and capitals without I, L, O and U, for what people read aloud and type."""

import re
import secrets

from .unseen import UNSEEN

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS = 5

# What stands between groups where people type or paste: what is unseen, dots, and hyphens and dashes. The page's script
# has the same set.
_SEPARATORS = re.compile(f"[{UNSEEN}.\u2010-\u2015\u2212\ufe58\ufe63\uff0d-]+")
_LOWER = "abcdefghijklmnopqrstuvwxyz"
# Crockford: what people write for a digit that looks like it. ASCII alone: no other letter becomes one of ours.
_READ_AS = str.maketrans(_LOWER + "OIL", _LOWER.upper().translate(str.maketrans("OIL", "011")) + "011")

# 256 octets are eight times 32 symbols, so that equally likely octets are equally likely symbols.
_SYMBOL_OF_OCTET = (ALPHABET * 8).encode("ascii")


def random_symbols(count: int) -> str:
    """So many symbols from the operating system's generator, each of the 32 equally likely."""
    return secrets.token_bytes(count).translate(_SYMBOL_OF_OCTET).decode("ascii")


def read_symbols(text: str) -> str:
    """What was typed or pasted, without what stands between groups, in capitals, O as 0, I and L as 1."""
    return _SEPARATORS.sub("", text).translate(_READ_AS)
