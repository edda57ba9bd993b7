"""What mails are made of, in Dutch and in English: plain words (B1), and never the code or the whole number."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date, format_time

from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.register.host_names import listed
from pki_revocation.subscribers.languages import AMSTERDAM, Language
from pki_revocation.subscribers.wording import Term, Wording

_HIDDEN = "•••• ••••"
# A subject line is read in a list: a longer name stands in the mail alone.
_LONGEST_IN_SUBJECT = 64
_NO_REPLY = Wording("U kunt niet antwoorden op deze e-mail.", "You cannot reply to this e-mail.")
_PHONE = Wording("Telefoon", "Telephone")
_POST = Wording("Post", "Post")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A mail's subject, its first sentence, facts with their names, and paragraphs; all of plain text."""

    language: str
    subject: str
    opening: str
    facts: tuple[tuple[str, str], ...]
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Which certificate a mail is about, and where its subscriber goes; *page* is the page's address."""

    organisation: str
    hosts: tuple[str, ...]
    number: str
    page: str

    @property
    def named(self) -> str:
        """What a subject line calls it: the first host name, or nothing where that is too long for one."""
        first = self.hosts[0] if self.hosts else ""
        return f": {first}" if first and len(first) <= _LONGEST_IN_SUBJECT else ""

    def facts(self, language: Language) -> tuple[tuple[str, str], ...]:
        """Whose it is: host names, organisation and number, as far as they are known."""
        facts = (
            (Term.SERVER, listed(self.hosts, language)),
            (Term.ORGANISATION, self.organisation),
            (Term.NUMBER, masked(self.number)),
        )
        return tuple((term.in_language(language), value) for term, value in facts if value)


def last_words(language: Language) -> str:
    """What every mail ends with: that it cannot be answered, and what is never asked for."""
    return f"{_NO_REPLY.in_language(language)} {Term.NEVER_ASKED.in_language(language)}"


def signature(desk: ServiceDesk, language: Language) -> tuple[str, ...]:
    """The service desk and how it is reached, in lines; where no way is configured, whom to ask instead."""
    post = ", ".join(desk.post_lines)
    lines = (
        desk.organisation,
        f"{_PHONE.in_language(language)}: {desk.phone_line}" if desk.phone else "",
        f"E-mail: {desk.email}" if desk.email else "",
        f"{_POST.in_language(language)}: {post}" if post and not (desk.phone or desk.email) else "",
        "" if desk.phone or desk.email or post else Term.WITHOUT_ADDRESS.in_language(language),
    )
    return tuple(line for line in lines if line)


def masked(number: str) -> str:
    """The last four digits of the number, behind a mark for the hidden ones."""
    return f"{_HIDDEN} {number[-4:]}"


def in_words(language: Language, moment: datetime) -> str:
    """A moment in Dutch local time, with the zone's name."""
    local, locale = moment.astimezone(AMSTERDAM), language.locale
    joined = "om" if language is Language.DUTCH else "at"
    clock = format_time(local, "HH:mm:ss", locale=locale)
    zone = Term.DUTCH_TIME.in_language(language)
    return f"{format_date(local, 'd MMMM y', locale=locale)} {joined} {clock} ({zone})"
