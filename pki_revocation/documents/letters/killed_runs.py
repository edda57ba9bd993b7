"""What runs left in a folder that did not come to their end, and the end that the next run brings them to.

Of each portion that is unconfirmed the audit trail knows whether its codes were stored, because it names the portion's
manifest in their own transaction. Those that count get their names. Of the others the files are removed, letters
too: no letter with a code that opens nothing is to be posted.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection, select

from pki_revocation.database.schema import audit
from pki_revocation.host import durable_files
from pki_revocation.host.failpoints import reach

from .manifest import concatenated, files_in
from .private_folder import PrivateFolder
from .run_files import UNCONFIRMED

_PART = re.compile(r"(?P<run>letters-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8})-(?P<place>[0-9]{4,})\.csv")
_EVENTS = ("codes.issued", "codes.reissued")


def is_unfinished(folder: Path) -> bool:
    """Whether a run was killed there, or failed, that left something to be done."""
    return bool(_unconfirmed(folder) or _parts(folder))


def confirm_or_take_away(connection: Connection, folder: PrivateFolder) -> list[str]:
    """Name the files of portions whose codes count, and remove the others; give the print files that got a name."""
    names = []
    found = _unconfirmed(folder.path)
    for path in found:
        target = path.with_name(path.name.removesuffix(UNCONFIRMED))
        if _counts(connection, target.with_suffix(".csv").name):
            path.replace(target)
            names += [target.name] if target.suffix == ".pdf" else []
            continue
        if target.suffix == ".csv":
            _take_letters_away(folder.path, path.read_bytes())
        path.unlink()
    if found:
        folder.settle()
    return names


def join_manifests(folder: PrivateFolder) -> list[str]:
    """Make one manifest of those of each run's portions, and give the names of what was made."""
    names = []
    for run, parts in _parts(folder.path).items():
        target = folder.path / f"{run}.csv"
        # Where it exists already, it was made of all of them, and its run was killed before they were removed.
        if not target.exists():
            durable_files.move(folder.draft_of(concatenated(_contents(parts))), target)
            reach("letters.joined")
            names.append(target.name)
        for _, part in sorted(parts.items()):
            part.unlink()
    return names


def _contents(parts: Mapping[int, Path]) -> Iterator[bytes]:
    for _, part in sorted(parts.items()):
        yield part.read_bytes()


def _unconfirmed(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"letters-*{UNCONFIRMED}"))


def _parts(folder: Path) -> dict[str, dict[int, Path]]:
    """The manifests of portions that stand alone, by their run's name and their place in it."""
    found: defaultdict[str, dict[int, Path]] = defaultdict(dict)
    for path in sorted(folder.glob("letters-*.csv")):
        if match := _PART.fullmatch(path.name):
            found[match["run"]][int(match["place"])] = path
    return found


def _take_letters_away(folder: Path, part: bytes) -> None:
    for name, digest in files_in(part).items():
        letter = folder / Path(name).name
        # What has the name by now may be the letter of another run's code.
        if letter.exists() and hashlib.sha256(letter.read_bytes()).hexdigest() == digest:
            letter.unlink()


def _counts(connection: Connection, manifest: str) -> bool:
    query = select(audit.c.sequence).where(
        audit.c.event.in_(_EVENTS), audit.c.detail.contains(f'"manifest":"{manifest}"', autoescape=True)
    )
    return connection.execute(query.limit(1)).first() is not None
