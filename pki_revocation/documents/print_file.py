"""A print file on disk: many letters in one PDF, and beside it a manifest that says which letter is where.

Both are whole and safe on disk before their codes are stored, with `.unconfirmed` behind their names: what bears its
name without it counts. Of what a killed run left, the audit trail knows whether the codes were stored, because it names
the file in their own transaction: the next run in that folder takes the ending off, or takes the files away.
"""

import csv
import io
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from pki_revocation.failpoints import reach
from pki_revocation.model import serial_text
from pki_revocation.schema import audit

from .letter import LetterContent, PrintedLetters
from .private_folder import PrivateFolder

UNCONFIRMED = ".unconfirmed"
_COLUMNS = ("number", "serial", "subject", "language", "file", "page")


class PrintFile:
    """One print file and its manifest, from draft to name."""

    def __init__(
        self, folder: PrivateFolder, moment: datetime, printed: PrintedLetters, contents: Sequence[LetterContent]
    ) -> None:
        """Bring both to disk, under names that nobody looks for."""
        stem = f"letters-{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self.name = f"{stem}.pdf"
        self._folder = folder
        self._drafts = {
            f"{stem}.csv": folder.draft(manifest(self.name, printed.pages, contents)),
            self.name: folder.draft(printed.pdf),
        }

    @contextmanager
    def placed(self) -> Iterator[None]:
        """In the block both are safe on disk, unconfirmed; when it fails, they are taken away."""
        with self._folder.published({f"{name}{UNCONFIRMED}": draft for name, draft in self._drafts.items()}):
            yield

    def confirm(self) -> None:
        """Give them their names: their codes are stored."""
        for name in self._drafts:
            unconfirmed = self._folder.path / f"{name}{UNCONFIRMED}"
            unconfirmed.replace(self._folder.path / name)
            reach("letters.named")
        self._folder.settle()

    def discard(self) -> None:
        """Take the drafts away: they hold a letter of somebody who may have no code any more."""
        for draft in self._drafts.values():
            draft.unlink()


def manifest(name: str, pages: Sequence[int], contents: Sequence[LetterContent]) -> bytes:
    """CSV in UTF-8 with a line for each letter, and never its code; *page* is where it begins."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for page, content in zip(pages, contents, strict=True):
        writer.writerow(
            (content.number, serial_text(content.serial), content.subject, content.language.value, name, page)
        )
    return text.getvalue().encode()


def unconfirmed(folder: Path) -> list[Path]:
    """What a run left that was killed between storing codes and naming its print file, or just before."""
    return sorted(folder.glob(f"letters-*{UNCONFIRMED}"))


def confirm_or_take_away(connection: Connection, folder: PrivateFolder) -> list[str]:
    """Name those print files whose codes count, and take the others away; give the names."""
    names = []
    for path in unconfirmed(folder.path):
        target = path.with_name(path.name.removesuffix(UNCONFIRMED))
        if not _counts(connection, target.with_suffix(".pdf").name):
            path.unlink()
            continue
        path.replace(target)
        names += [target.name] if target.suffix == ".pdf" else []
    folder.settle()
    return names


def _counts(connection: Connection, name: str) -> bool:
    query = select(audit.c.sequence).where(
        audit.c.event == "codes.issued", audit.c.detail.contains(f'"print_file":"{name}"', autoescape=True)
    )
    return connection.execute(query.limit(1)).first() is not None
