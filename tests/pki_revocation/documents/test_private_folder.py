"""A folder for secrets: private, whole files, one run at a time."""

import stat
from pathlib import Path

import pytest

from pki_revocation.documents.private_folder import FolderInUse, PrivateFolder


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Folder and files can be read by nobody else, whatever the umask allows."""
    with PrivateFolder(tmp_path / "a" / "letters") as folder:
        folder.write("letter.pdf", b"content")
        folder.settle()

    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.path / "letter.pdf").stat().st_mode) == 0o600
    assert [file.name for file in folder.path.iterdir()] == ["letter.pdf"]


def test_what_a_killed_run_left_is_taken_away(tmp_path: Path) -> None:
    """Unfinished files go, finished ones stay until they are replaced."""
    (tmp_path / ".letter-1.pdf.part").write_bytes(b"half")
    (tmp_path / "letter-1.pdf").write_bytes(b"old")

    with PrivateFolder(tmp_path) as folder:
        assert [file.name for file in tmp_path.iterdir()] == ["letter-1.pdf"]
        folder.write("letter-1.pdf", b"new")

    assert (tmp_path / "letter-1.pdf").read_bytes() == b"new"


def test_existing_name_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    """A link that lies there is replaced: what it points at is not touched."""
    (tmp_path / "elsewhere").write_bytes(b"untouched")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.pdf").symlink_to(tmp_path / "elsewhere")

    with PrivateFolder(tmp_path / "letters") as folder:
        folder.write("letter.pdf", b"secret")

    assert (tmp_path / "elsewhere").read_bytes() == b"untouched"
    assert not (tmp_path / "letters" / "letter.pdf").is_symlink()


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """A second run is told so at once, and may begin when the first has ended."""
    with PrivateFolder(tmp_path), pytest.raises(FolderInUse, match="wait until it has ended"), PrivateFolder(tmp_path):
        pass
    with PrivateFolder(tmp_path) as folder:
        folder.write("a", b"")
        folder.remove("a")
        folder.remove("a")

    assert list(tmp_path.iterdir()) == []
