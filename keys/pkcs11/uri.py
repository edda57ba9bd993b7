"""`pkcs11:` URIs (RFC 7512): which key, on which token, through which module.

Only what names a key is taken. A PIN in a URI would stand in the configuration, in backups and on screens, so that
pin-value and pin-source are refused: the PIN comes from where `secret_source` finds it.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import unquote_to_bytes

from keys.config import PKCS11_SCHEME, is_token_uri
from pki_revocation.errors import ConfigurationError

_TEXT = {"token", "manufacturer", "model", "serial", "object"}
_PIN = {"pin-value", "pin-source"}
# RFC 7512 section 2.3: attributes that the path knows and that do not help to find a key for signing.
_KNOWN = _TEXT | {"id", "type"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenName:
    """What a token's own attributes must be; None is anything."""

    token: str | None
    manufacturer: str | None
    model: str | None
    serial: str | None

    def __str__(self) -> str:
        named = [
            f"{field.name} {value!r}" for field in fields(self) if (value := getattr(self, field.name)) is not None
        ]
        return f"token with {', '.join(named)}" if named else "token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs11Uri:
    """A key on a token: *module* is the path of the library that talks to it, *label* and *id* say which key."""

    module: Path
    token: TokenName
    label: str | None
    id: bytes | None

    @classmethod
    def parse(cls, text: str) -> "Pkcs11Uri":
        """Read a URI.

        Raises:
            ConfigurationError: when it is none, holds a PIN, or leaves open which module or which key is meant. Values
                are not repeated, since a wrongly written one could hold a PIN.
        """
        if not is_token_uri(text):
            raise ConfigurationError(f"A key on a token is named by a URI that begins with {PKCS11_SCHEME} (RFC 7512).")
        path, _, query = text[len(PKCS11_SCHEME) :].partition("?")
        named, asked = _attributes(path, ";"), _attributes(query, "&")
        if _PIN & (named.keys() | asked.keys()):
            raise ConfigurationError(
                "A pkcs11: URI in the configuration holds no PIN: leave pin-value and pin-source out, and see "
                "docs/keys.md for where the PIN comes from."
            )
        for name in named:
            if name not in _KNOWN:
                raise ConfigurationError(f"The pkcs11: URI has an attribute {name!r} that names no key: leave it out.")
        if named.get("type", b"private") != b"private":
            raise ConfigurationError(
                "The pkcs11: URI must name a private key: leave 'type' out, or write type=private."
            )
        texts = {name: _text(name, named[name]) for name in _TEXT & named.keys()}
        if texts.get("object") is None and not named.get("id"):
            raise ConfigurationError("The pkcs11: URI does not say which key: add object=LABEL, or id=%01, or both.")
        return cls(
            module=_module(asked),
            token=TokenName(
                token=texts.get("token"),
                manufacturer=texts.get("manufacturer"),
                model=texts.get("model"),
                serial=texts.get("serial"),
            ),
            label=texts.get("object"),
            id=named.get("id"),
        )

    def __str__(self) -> str:
        which = [f"label {self.label!r}"] if self.label is not None else []
        which += [f"id {self.id.hex()}"] if self.id is not None else []
        return f"key with {' and '.join(which)} on the {self.token}"

    @property
    def pin_name(self) -> str:
        """The name by which the PIN's places (environment, credential) are known."""
        return self.token.token or self.token.serial or "token"


def _attributes(text: str, separator: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if not equals or name in found:
            raise ConfigurationError("The pkcs11: URI is not written as NAME=VALUE;NAME=VALUE?module-path=PATH.")
        found[name] = unquote_to_bytes(value)
    return found


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"The pkcs11: URI's {name} is not UTF-8 (RFC 7512 section 2.3).") from None


def _module(asked: dict[str, bytes]) -> Path:
    """RFC 7512 section 2.4: by path; a name alone is looked for where Debian and p11-kit keep modules."""
    unknown = asked.keys() - {"module-path", "module-name"}
    if unknown:
        raise ConfigurationError(f"The pkcs11: URI asks for {min(unknown)!r}, which is not supported: leave it out.")
    if path := asked.get("module-path"):
        module = Path(_text("module-path", path))
        if not module.is_absolute():
            raise ConfigurationError("The pkcs11: URI's module-path must begin with a slash.")
        return module
    name = _text("module-name", asked.get("module-name", b""))
    if not name or "/" in name:
        raise ConfigurationError("The pkcs11: URI names no module: add ?module-path=/path/to/the/library.so.")
    candidates = [folder / f"{prefix}{name}.so" for folder in _MODULE_FOLDERS for prefix in ("", "lib")]
    found = next((each for each in candidates if each.exists()), None)
    if found is None:
        raise ConfigurationError(f"There is no PKCS#11 module {name!r} here: name it with module-path.")
    return found


_MODULE_FOLDERS = (
    Path("/usr/lib/softhsm"),
    Path("/usr/lib/x86_64-linux-gnu/pkcs11"),
    Path("/usr/lib/aarch64-linux-gnu/pkcs11"),
    Path("/usr/lib/pkcs11"),
    Path("/usr/lib64/pkcs11"),
)
