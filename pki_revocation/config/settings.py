"""The core's own sections of the configuration."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pki_revocation.codes import CodeScheme
from pki_revocation.errors import ConfigurationError

from .sections import setting

LOOPBACK = "127.0.0.1"
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """[database]: where the journal is. A relative SQLite file lies in the installation's folder."""

    section: ClassVar[str] = "database"
    url: str = setting("sqlite:///revocation.db")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSettings:
    """[codes]: how new codes are made. `keyed-hash` is for populations of 100,000 and more."""

    section: ClassVar[str] = "codes"
    scheme: CodeScheme = setting(CodeScheme.ARGON2ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """[web]: the subscriber's page and endpoint.

    *public_url* is where people reach it: the letter prints it. With an https address, cookies are `__Host-` and
    HSTS is sent.
    """

    section: ClassVar[str] = "web"
    host: str = setting(LOOPBACK)
    port: int = setting(8460, minimum=1, maximum=_LAST_PORT)
    operations_port: int = setting(8470, minimum=1, maximum=_LAST_PORT)
    workers: int = setting(1, minimum=1, maximum=64)
    public_url: str = setting("http://127.0.0.1:8460")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """[console]: what operators look at. Without sign-in yet, so it only ever listens on loopback."""

    section: ClassVar[str] = "console"
    port: int = setting(8461, minimum=1, maximum=_LAST_PORT)
    operations_port: int = setting(8471, minimum=1, maximum=_LAST_PORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSettings:
    """[letters]: letters that are made by themselves for certificates that arrive. Without a *folder* none are.

    *language* is for certificates that came without their subscriber's language: nl or en. *fonts* is a folder with
    fonts for names in other scripts than Latin, Greek, Cyrillic, Hebrew and Arabic. With *print_file*, letters go into
    print files, and not into a file each; with *duplex*, each begins there on an odd page, to be printed on both sides,
    and with *sheet_marks*, each sheet has a QR code that tells inserting machines which of how many of which letter it
    is. With *covering_lists*, each run makes a list for each subscriber who gets several letters.

    The letterhead is what [contact] says, and left out with *letterhead* false, for paper that has one printed;
    *return_address* is the line above the window, organisation and postal address of [contact] without it.
    *for_demonstration* lets letters print an address that subscribers cannot reach, as a demo's do.
    """

    section: ClassVar[str] = "letters"
    folder: Path | None = setting(None)
    language: str = setting("nl")
    fonts: Path | None = setting(None)
    print_file: bool = setting(default=False)
    duplex: bool = setting(default=False)
    sheet_marks: bool = setting(default=False)
    covering_lists: bool = setting(default=False)
    letterhead: bool = setting(default=True)
    return_address: str = setting("")
    for_demonstration: bool = setting(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalSettings:
    """[arrivals]: the watched folder. A file is taken when it has been left alone for *settle*.

    One that reads as broken is given *patience* before it is refused: it may be half-written.
    """

    section: ClassVar[str] = "arrivals"
    folder: Path = setting(Path("arrivals"))
    settle: timedelta = setting(timedelta(seconds=5), minimum=timedelta(seconds=1), maximum=timedelta(minutes=5))
    patience: timedelta = setting(timedelta(seconds=30), minimum=timedelta(seconds=1), maximum=timedelta(minutes=10))
    operations_port: int = setting(8475, minimum=1, maximum=_LAST_PORT)


# What a page links to, and a letter or a receipt prints.
_WEB_ADDRESS = "a web address such as https://www.register.example/cps"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSettings:
    """[contact]: who you are and how subscribers reach you: on pages, letters, the form and mails.

    *post* may have several lines, each a line of the address; *hours* is when *phone* is answered, in Dutch, and
    *hours_en* the same in English. *emergency_phone* is answered around the clock (BR 4.9.3). The addresses are those
    of pages of yours: *cps_url* of the Certification Practice Statement, *privacy_url* of the privacy statement,
    *accessibility_url* of the accessibility statement, *trust_anchor_url* of the place where the root certificate can
    be fetched and its fingerprint compared, *new_certificate_url* of the place where a new certificate is asked for.
    """

    section: ClassVar[str] = "contact"
    organisation: str = setting("")
    post: str = setting("")
    email: str = setting("")
    phone: str = setting("")
    hours: str = setting("")
    hours_en: str = setting("")
    emergency_phone: str = setting("", clause="answered around the clock")
    cps_url: str = setting("", clause=_WEB_ADDRESS)
    privacy_url: str = setting("", clause=_WEB_ADDRESS)
    accessibility_url: str = setting("", clause=_WEB_ADDRESS)
    trust_anchor_url: str = setting("", clause=_WEB_ADDRESS)
    new_certificate_url: str = setting("", clause=_WEB_ADDRESS)

    def __post_init__(self) -> None:
        """Refuse an address that a link would not lead to.

        Raises:
            ConfigurationError: naming the setting.
        """
        for name in ("cps_url", "privacy_url", "accessibility_url", "trust_anchor_url", "new_certificate_url"):
            if not _is_web_address(getattr(self, name)):
                message = f"[contact] {name}: {getattr(self, name)!r} is not {_WEB_ADDRESS}."
                raise ConfigurationError(message)


def _is_web_address(text: str) -> bool:
    """Whether it is empty, or an address of a page as it stands behind a link."""
    if not text:
        return True
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return False
    plain = text.isprintable() and not any(mark in text for mark in ' <>"')
    return plain and parts.scheme in {"https", "http"} and bool(host)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuritySettings:
    """[security]: whom to tell of a weakness, in `/.well-known/security.txt` (RFC 9116); none without a *contact*.

    *contact* is one address or several with commas, each as `mailto:`, `tel:` or `https:`, the preferred one first.
    *expires* is the last day on which they count, a date without quotes. *policy* is a page that says how reports are
    dealt with.
    """

    section: ClassVar[str] = "security"
    contact: str = setting("", clause="RFC 9116 section 2.5.3: mailto:security@register.example")
    expires: date | None = setting(
        None, clause="RFC 9116 section 2.5.5: less than a year ahead; must be given with a contact"
    )
    policy: str = setting("", clause="RFC 9116 section 2.5.7: an https address")

    @property
    def contacts(self) -> tuple[str, ...]:
        """The addresses, in their order."""
        return tuple(filter(None, (each.strip() for each in self.contact.split(","))))

    def __post_init__(self) -> None:
        """Refuse what readers of the file could not use.

        Raises:
            ConfigurationError: naming the setting.
        """
        for each in self.contacts:
            if not _is_uri(each, "mailto:", "tel:", "https://"):
                raise ConfigurationError(
                    f"[security] contact: {each!r} is no address: write mailto:, tel: or https:// before it."
                )
        if self.policy and not _is_uri(self.policy, "https://"):
            raise ConfigurationError(f"[security] policy: {self.policy!r} is no address that begins with https://.")
        if self.contacts and self.expires is None:
            raise ConfigurationError(
                "[security] expires is missing: say until which day the contact counts, as in expires = 2027-06-30."
            )


def _is_uri(text: str, *schemes: str) -> bool:
    """Whether it begins with one of the schemes, and could not be read as more than one line or field."""
    rest = next((text.removeprefix(scheme) for scheme in schemes if text.startswith(scheme)), "")
    return bool(rest) and text.isascii() and text.isprintable() and " " not in text
