"""All files of an import as one stream; and before it, of lists alone, what in them is doubtful."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from pki_revocation.model import Issuer

from .candidates import Candidate, Refusal, RefusalKind, Remark, Source
from .csv_rows import read_csv
from .index_txt import read_index
from .known_issuers import KnownIssuers
from .pem_der import read_der, read_pem
from .serial_base import SerialBase
from .sources import TELLING, Format

Found: TypeAlias = Candidate | Refusal | Remark
# Who names a file so means a list, whatever is in it.
_LISTS = frozenset({".txt", ".csv"})


class Reader:
    """Reads files by their formats."""

    def __init__(self, chosen: Issuer | None, known: KnownIssuers, serials: SerialBase | None = None) -> None:
        """*chosen* is whose rows lists have, *known* are those that may have signed certificates."""
        self._chosen = chosen
        self._known = known
        self._serials = serials
        self._authorities = frozenset[int]() if chosen is None else known.serials_signed_by(chosen)

    def read(self, files: Iterable[tuple[Path, Format] | Refusal]) -> Iterator[Found]:
        """Everything that the files hold, in their order."""
        for found in files:
            if isinstance(found, Refusal):
                yield found
            else:
                yield from self._read(*found, None)

    def doubtful(self, files: Iterable[tuple[Path, Format] | Refusal], now: datetime) -> Iterator[Candidate | Refusal]:
        """What lists hold that may be refused, so that their rows bar serials before anything goes in.

        Rows that are plainly right are passed over without being read, and no certificate is verified.
        """
        for found in files:
            if isinstance(found, Refusal):
                is_list = found.source.path.suffix.lower() in _LISTS and found.is_named
                yield replace(found, hides_status=is_list)
            elif found[1] in TELLING:
                yield from (each for each in self._read(*found, now) if not isinstance(each, Remark))

    def _read(self, path: Path, kind: Format, doubted_at: datetime | None) -> Iterator[Found]:
        try:
            yield from self._file(path, kind, doubted_at)
        except OSError as error:
            reason = f"It cannot be read to its end: {error.strerror or error}."
            hides = kind in TELLING
            yield Refusal(Source(path, "line"), None, RefusalKind.BROKEN, reason, hides_status=hides)

    def _file(  # noqa: PLR0911 - one for each format
        self, path: Path, kind: Format, doubted_at: datetime | None
    ) -> Iterator[Found]:
        match kind:
            case Format.PEM:
                return read_pem(path, self._known)
            case Format.DER:
                return read_der(path, self._known)
            case Format.CSV:
                issuer_id = None if self._chosen is None else self._chosen.id
                is_doubt = doubted_at is not None
                return read_csv(path, issuer_id, self._known, self._authorities, self._serials, doubtful=is_doubt)
            case Format.INDEX if self._chosen is not None:
                return read_index(path, self._chosen.id, self._authorities, doubtful_at=doubted_at)
            case Format.INDEX:
                reason = "Nothing says whose index this is: name the issuer with --issuer."
                return iter((Refusal(Source(path, "line"), None, RefusalKind.ISSUER, reason, hides_status=True),))
            case Format.PASSED:
                says = "It may hold certificates, and was passed over: name it, or unpack it."
                return iter((Remark(Source(path, "line"), None, says),))
            case Format.NOTHING:
                return iter(())
