"""Draws codes: for one certificate a new code, what is stored of it, and what its letter says."""

from dataclasses import dataclass, replace
from pathlib import Path

from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier, new_code
from pki_revocation.config.settings import ContactSettings
from pki_revocation.database.engine import Database
from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.model import IssuedCertificate
from pki_revocation.register.host_names import host_names
from pki_revocation.register.letter_recipients import recipient_of
from pki_revocation.register.live_codes import live_verifier
from pki_revocation.subscribers.languages import Language

from .letter import LetterContent
from .letter_sender import LetterSender


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedLetter:
    """A letter on disk, in a file of its own, under a name that is not the letter's yet."""

    draft: Path
    pages: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A code that counts nowhere yet; *replaces* is the version of the one that counts now.

    *letter* is None where it stands in a print file, or in none.
    """

    certificate: IssuedCertificate
    content: LetterContent
    verifier: str
    replaces: int | None
    letter: DraftedLetter | None = None

    @property
    def number(self) -> str:
        """The certificate's number."""
        return self.content.number

    @property
    def letter_name(self) -> str:
        """The name of its letter's file."""
        return letter_name(self.number, (self.replaces or 0) + 1)


class Drawer:
    """Draws for subscribers whose pages are at *public_url*, in *language* where theirs is not registered.

    *contact* is how they reach you when the page does not work.
    """

    def __init__(  # noqa: PLR0913 - a constructor takes what it works with
        self,
        *,
        database: Database,
        clock: Clock,
        verifier: CodeVerifier,
        public_url: str,
        language: Language,
        contact: ContactSettings,
        sender: LetterSender,
    ) -> None:
        """Draw letters in *language*, with the subscriber's page at *public_url* and the CA's *contact* on them.

        *sender* says how, but for the contact, which differs by language.
        """
        self._database = database
        self._clock = clock
        self._verifier = verifier
        self._public_url = public_url.rstrip("/")
        self._language = language
        self._contact = contact
        self._sender = sender

    def draw(self, certificate: IssuedCertificate) -> Drawn:
        """A code for a certificate that has a number; nothing is stored.

        Raises:
            ValueError: when it has none.
        """
        number = certificate.number
        if number is None:
            raise ValueError(certificate.id)
        with self._database.read() as connection:
            live = live_verifier(connection, certificate.id)
            recipient = recipient_of(connection, certificate.id)
        told = None if recipient is None else recipient.language
        language = self._language if told is None else Language(told)
        code = new_code(self._verifier.scheme)
        content = LetterContent(
            language=language,
            address=() if recipient is None else recipient.address,
            dated=self._clock.now(),
            organisation=certificate.organisation,
            subject=certificate.subject,
            serial=certificate.serial,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            number=number,
            code=code,
            page=self._public_url + language.page,
            form=self._public_url + language.form,
            hosts=host_names(certificate),
            sender=replace(self._sender, desk=ServiceDesk.of(self._contact, language)),
        )
        return Drawn(
            certificate=certificate,
            content=content,
            verifier=self._verifier.store(number=number, code=code),
            replaces=None if live is None else live[0],
        )


def letter_name(number: str, version: int = 1) -> str:
    """The name of a letter's file: by the number, which is no secret, and never by the code.

    A reissue's has the version too: the letter of the code before stays until the new code counts.
    """
    return f"letter-{number}.pdf" if version == 1 else f"letter-{number}-{version}.pdf"
