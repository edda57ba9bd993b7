"""Revocation codes: made, written, read as subscribers type them, and checked.

A code is 16 Crockford base32 symbols from the operating system's generator and a check symbol; populations of
100,000 and more may take 24 symbols instead. NIST SP 800-63B calls these look-up secrets: below 112 bits they are
stored as a password hash (here Argon2id at OWASP's minimum), from 112 bits on a keyed hash is enough. Both are taken
over an HMAC with a pepper that is not in the database, so a stolen database alone checks no guess.
"""

import base64
import hashlib
import hmac
import os
import secrets
import threading
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from pki_revocation.encoding.crockford import ALPHABET, random_symbols, read_symbols

from .errors import ConfigurationError, MistypedCode

_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_GROUP = 4
_CHECK_MODULUS = 37

_SALT_OCTETS = 16
_HASH_OCTETS = 32
_PEPPER_OCTETS = 32
_KEYED_PREFIX = "$hmac-sha256$"


@dataclass(frozen=True, slots=True, kw_only=True)
class HashingCost:
    """What Argon2id takes for each code: *memory_kib*, so many *passes* over it, on so many *lanes*."""

    memory_kib: int
    passes: int
    lanes: int


# OWASP password storage, the minimum: 19 MiB, two passes, one lane; about 45 ms here.
OWASP_MINIMUM = HashingCost(memory_kib=19 * 1024, passes=2, lanes=1)


class CodeScheme(StrEnum):
    """How long new codes are, and how they are stored."""

    ARGON2ID = "argon2id"
    KEYED_HASH = "keyed-hash"

    @property
    def symbols(self) -> int:
        """Symbols before the check symbol: 80 bits, or 120."""
        return 16 if self is CodeScheme.ARGON2ID else 24


def new_code(scheme: CodeScheme) -> str:
    """A new code from the operating system's generator, check symbol included.

    Crockford's check symbols beyond the alphabet (* ~ $ = U) are hard to say and to find on a keyboard, so codes that
    would need one are drawn again: that costs a fifth of one bit.
    """
    while True:
        symbols = random_symbols(scheme.symbols)
        check = _check_value(symbols)
        if check < len(ALPHABET):
            return symbols + ALPHABET[check]


def grouped(code: str) -> str:
    """A code as it is printed: groups of four, the check symbol last on its own."""
    return "-".join(code[place : place + _GROUP] for place in range(0, len(code), _GROUP))


def parse_code(text: str) -> str:
    """The code as a subscriber typed or pasted it: any case, spaces, hyphens, O for 0, I and L for 1.

    Raises:
        MistypedCode: when its length or its check symbol does not fit. Any single wrong symbol and any swap of
            neighbours is found, because 37 is prime and larger than the alphabet.
    """
    code = read_symbols(text)
    lengths = {scheme.symbols + 1 for scheme in CodeScheme}
    if len(code) not in lengths or not _VALUES.keys() >= set(code) or _check_value(code[:-1]) != _VALUES[code[-1]]:
        raise MistypedCode
    return code


def _check_value(symbols: str) -> int:
    value = 0
    for symbol in symbols:
        value = (value * len(ALPHABET) + _VALUES[symbol]) % _CHECK_MODULUS
    return value


class Pepper:
    """The secret beside the database; *id* is stored with each code, so that a lost pepper is noticed."""

    def __init__(self, secret: bytes) -> None:
        """Take *secret*, of at least 32 octets.

        Raises:
            ConfigurationError: when it is shorter; NIST SP 800-63B asks for 112 bits, and 32 octets cost nothing.
        """
        if len(secret) < _PEPPER_OCTETS:
            message = (
                f"The pepper is shorter than {_PEPPER_OCTETS} octets: restore the one that the codes were made with."
            )
            raise ConfigurationError(message)
        self._secret = secret
        self.id = hmac.digest(secret, b"pki-revocation pepper id", hashlib.sha256)[:8].hex()

    @classmethod
    def generate(cls) -> "Pepper":
        """A new one from the operating system's generator."""
        return cls(secrets.token_bytes(_PEPPER_OCTETS))

    @classmethod
    def from_text(cls, text: str) -> "Pepper":
        """From its file or environment variable: hexadecimal.

        Raises:
            ConfigurationError: when it is not.
        """
        try:
            return cls(bytes.fromhex(text.strip()))
        except ValueError:
            message = "The pepper is not hexadecimal: restore the one that the codes were made with."
            raise ConfigurationError(message) from None

    def to_text(self) -> str:
        """The pepper in hexadecimal, as its file keeps it."""
        return self._secret.hex()

    def mix(self, number: str, code: str) -> bytes:
        """HMAC-SHA-256 over number and code: bound to the number, so that a verifier is worthless in another row."""
        return hmac.digest(self._secret, f"{number}:{code}".encode(), hashlib.sha256)

    def derive(self, purpose: str) -> bytes:
        """A key for something else, such as signed addresses, from which the pepper cannot be told."""
        return hmac.digest(self._secret, f"pki-revocation {purpose}".encode(), hashlib.sha256)


class CodeVerifier:
    """Turns codes into what is stored of them, and checks codes against it."""

    def __init__(self, pepper: Pepper, scheme: CodeScheme, *, cost: HashingCost = OWASP_MINIMUM) -> None:
        """*scheme* and *cost* are what new codes get; codes of both schemes, and of any cost, are checked."""
        self.pepper = pepper
        self.scheme = scheme
        self._cost = cost
        self._dummy = _dummy(cost)
        # Argon2id takes 19 MiB and a core each time: no more at once than there are cores.
        self._budget = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._binding_key = pepper.derive("seal of who was identified")

    def store(self, *, number: str, code: str) -> str:
        """What the database keeps of a code."""
        mixed = self.pepper.mix(number, code)
        if len(code) == CodeScheme.KEYED_HASH.symbols + 1:
            return _KEYED_PREFIX + mixed.hex()
        with self._budget:
            return _argon2id(secrets.token_bytes(_SALT_OCTETS), self._cost).derive_phc_encoded(mixed)

    def check(self, *, number: str, code: str, stored: str | None) -> bool:
        """Whether the code is the one that *stored* was made of; None is for an unknown number.

        The work depends on the length of what was typed, and on nothing that is stored: whether a number exists, and
        how its code is kept, cannot be told from the time.
        """
        mixed = self.pepper.mix(number, code)
        keyed = len(code) == CodeScheme.KEYED_HASH.symbols + 1
        comparable = stored if stored is not None and stored.startswith(_KEYED_PREFIX) is keyed else None
        if keyed:
            against = comparable or _KEYED_PREFIX + "0" * 2 * hashlib.sha256().digest_size
            fits = hmac.compare_digest(against.encode(), (_KEYED_PREFIX + mixed.hex()).encode())
        else:
            with self._budget:
                fits = _argon2id_fits(mixed, comparable or self._dummy)
        return fits and comparable is not None

    def binding_tag(self, certificate_id: int, version: int, stored: str) -> str:
        """A proof, in hexadecimal, that the code that *stored* was made of was given; only the pepper can make one."""
        message = f"{certificate_id}:{version}:{stored}".encode()
        return hmac.digest(self._binding_key, message, hashlib.sha256).hex()


def _dummy(cost: HashingCost) -> str:
    """What an unknown number's code is checked against: of the same cost as any other, and made of nothing."""
    salt, made = (base64.b64encode(bytes(octets)).decode().rstrip("=") for octets in (_SALT_OCTETS, _HASH_OCTETS))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.passes},p={cost.lanes}${salt}${made}"


def _argon2id(salt: bytes, cost: HashingCost) -> Argon2id:
    return Argon2id(
        salt=salt, length=_HASH_OCTETS, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib
    )


def _argon2id_fits(mixed: bytes, stored: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(mixed, stored)
    except InvalidKey:
        return False
    return True
