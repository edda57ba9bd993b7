"""The covering lists of a run, made from its manifest: for each recipient of two letters or more, in one PDF.

A list holds no secret, and can be made again as long as the manifest is there: it is made when the codes count, and a
run that is killed before that is made up for by `pki-revocation letter cover`.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from pki_revocation.clock import Clock
from pki_revocation.config.settings import ContactSettings
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, letter_recipients
from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.errors import PkiError
from pki_revocation.host import durable_files
from pki_revocation.register.certificates import as_certificate
from pki_revocation.register.host_names import host_names
from pki_revocation.subscribers.languages import LANGUAGES, Language

from .covering_list import CoveringList, ListedLetter, compile_covering_lists
from .letter_sender import LetterSender
from .manifest import COLUMNS

# As many rows as a query may name.
_AT_ONCE = 100
_FEWEST = 2


class ManifestUnread(PkiError):
    """A file is no manifest of letters, or its certificates are not registered here."""


class _Recipient(NamedTuple):
    """Whoever gets letters: those with the same window and language are one."""

    addressee: str
    address: str
    language: str


class CoveringLists:
    """Makes the covering lists of runs; *sender* says who writes, but for the contact itself."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        contact: ContactSettings,
        sender: LetterSender,
        fonts: Path | None = None,
    ) -> None:
        """Read recipients from *database*, print with *fonts*, or typst's own where it is None."""
        self._database = database
        self._clock = clock
        self._contact = contact
        self._sender = sender
        self._fonts = fonts

    def make(self, manifest: Path) -> Path | None:
        """Make the PDF beside the manifest; None where each recipient has one letter alone.

        Raises:
            ManifestUnread: when it is none, or of another installation.
            LetterNotSet: when a name cannot be printed.
        """
        # Twice: of a run with a million letters, only those of recipients with several are held in memory.
        counted = Counter(recipient for recipient, _ in self._letters(manifest))
        several = {recipient: list[ListedLetter]() for recipient, count in counted.items() if count >= _FEWEST}
        if not several:
            return None
        for recipient, letter in self._letters(manifest):
            if recipient in several:
                several[recipient].append(letter)
        lists = [self._list(recipient, letters) for recipient, letters in several.items()]
        target = manifest.with_name(f"{manifest.stem}-covering.pdf")
        durable_files.write(target, compile_covering_lists(lists, self._fonts))
        return target

    def _list(self, recipient: _Recipient, letters: list[ListedLetter]) -> CoveringList:
        language = Language(recipient.language)
        desk = ServiceDesk.of(self._contact, language)
        return CoveringList(
            language=language,
            dated=self._clock.now(),
            addressee=recipient.addressee,
            address=tuple(recipient.address.split("\n")) if recipient.address else (),
            sender=LetterSender(
                desk=desk, letterhead=self._sender.letterhead, return_address=self._sender.return_address
            ),
            letters=tuple(letters),
        )

    def _letters(self, manifest: Path) -> Iterator[tuple[_Recipient, ListedLetter]]:
        """Each letter with its recipient, in the manifest's order."""
        lines = _lines(manifest)
        while portion := list(islice(lines, _AT_ONCE)):
            numbers = [line["number"] for line in portion]
            query = (
                select(certificates, letter_recipients.c.address)
                .outerjoin(letter_recipients, letter_recipients.c.certificate_id == certificates.c.id)
                .where(certificates.c.number.in_(numbers))
            )
            with self._database.read() as connection:
                found = {row.number: (as_certificate(row), row.address or "") for row in connection.execute(query)}
            for line in portion:
                if line["number"] not in found:
                    raise ManifestUnread(f"{manifest} names certificates that are not registered here.")
                certificate, address = found[line["number"]]
                recipient = _Recipient(certificate.organisation or certificate.subject, address, line["language"])
                server = ", ".join(host_names(certificate)[:1])
                yield (
                    recipient,
                    ListedLetter(server=server, number=line["number"], file=line["file"], page=int(line["page"])),
                )


def _lines(manifest: Path) -> Iterator[dict[str, str]]:
    try:
        with manifest.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ManifestUnread(f"{manifest} is no manifest of letters: it does not have their columns.")
            for line in reader:
                if line["language"] not in LANGUAGES or not str(line["page"]).isdecimal():
                    raise ManifestUnread(f"{manifest} is damaged: line {reader.line_num} is no letter's.")
                yield line
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ManifestUnread(f"{manifest} cannot be read: {reason}.") from None
