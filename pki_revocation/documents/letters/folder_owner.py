"""Whose letters a folder holds: a mark in it, so that two installations never take one folder for their own.

Each would give its letters the names of the other's, because numbers begin anew in every register, and would remove
what the other's audit trail alone knows of.
"""

from dataclasses import dataclass

from pki_revocation.errors import PkiError
from pki_revocation.host import durable_files

from .private_folder import PrivateFolder

MARK = ".installation"


class FolderOfAnother(PkiError):
    """The folder holds the letters of another installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOwner:
    """*identity* tells installations apart, and *database* tells operators which one it is."""

    identity: str
    database: str


def claim(folder: PrivateFolder, owner: FolderOwner) -> None:
    """Leave the owner's mark in a folder that is held and has none; nothing is changed in one that has its mark.

    Raises:
        FolderOfAnother: when another installation has left its mark there.
    """
    mark = folder.path / MARK
    try:
        identity, *rest = mark.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        # No secret: a run of another account, such as root's, must not keep the service from reading it.
        durable_files.move(folder.draft_of([f"{owner.identity}\n{owner.database}\n".encode()], mode=0o644), mark)
        return
    except ValueError:
        identity, rest = "", []
    if identity != owner.identity:
        other = f"the one with the database {rest[0]}" if rest else "one that its mark does not name"
        raise FolderOfAnother(
            f"The folder {folder.path} holds letters of another installation, {other}: "
            "give this installation a folder of its own."
        )
