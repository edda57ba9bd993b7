"""A folder for secrets: private, whole files, one run at a time."""

import contextlib
import os
import stat
from pathlib import Path

import pytest

from pki_revocation.documents.letters.private_folder import FolderInUse, PrivateFolder


def names_in(folder: Path) -> list[str]:
    """What lies there, drafts too."""
    return sorted(file.name for file in folder.iterdir())


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Folder, drafts and files can be read by nobody else, whatever the umask allows."""
    with PrivateFolder(tmp_path / "a" / "letters") as folder:
        draft = folder.draft(b"content")
        assert stat.S_IMODE(draft.stat().st_mode) == 0o600
        with folder.published({"letter.pdf": draft}):
            pass

    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.path / "letter.pdf").stat().st_mode) == 0o600
    assert names_in(folder.path) == ["letter.pdf"]


def test_drafts_of_one_content_are_two_files(tmp_path: Path) -> None:
    """Each has a name of its own, hidden from whoever looks for letters; nothing that lies there is touched."""
    (tmp_path / "letter.pdf").write_bytes(b"old")

    with PrivateFolder(tmp_path) as folder:
        drafts = {folder.draft(b"new"), folder.draft(b"new")}

        assert len(drafts) == 2
        assert all(draft.name.startswith(".") for draft in drafts)
        assert (tmp_path / "letter.pdf").read_bytes() == b"old"
    assert names_in(tmp_path) == ["letter.pdf"]


def test_drafts_do_not_stay(tmp_path: Path) -> None:
    """Those of a killed run go at the start, and a failing run's at its end; finished files stay."""
    (tmp_path / ".0123.part").write_bytes(b"half")
    (tmp_path / "letter-1.pdf").write_bytes(b"old")

    with contextlib.suppress(RuntimeError), PrivateFolder(tmp_path) as folder:
        assert names_in(tmp_path) == ["letter-1.pdf"]
        folder.draft(b"new")
        raise RuntimeError

    assert names_in(tmp_path) == ["letter-1.pdf"]


def test_block_that_fails_takes_the_names_away(tmp_path: Path) -> None:
    """What was not to be after all is not found, and files of other names stay."""
    (tmp_path / "b").write_bytes(b"other")

    with (
        PrivateFolder(tmp_path) as folder,
        contextlib.suppress(KeyboardInterrupt),
        folder.published({"a": folder.draft(b"")}),
    ):
        assert names_in(tmp_path) == ["a", "b"]
        raise KeyboardInterrupt

    assert names_in(tmp_path) == ["b"]


def test_names_that_cannot_be_given(tmp_path: Path) -> None:
    """One that fails takes away those given before it, and no other."""
    (tmp_path / "b").mkdir()
    (tmp_path / "c").write_bytes(b"other")

    with PrivateFolder(tmp_path) as folder:
        drafts = {name: folder.draft(b"") for name in "abc"}
        with pytest.raises(IsADirectoryError), folder.published(drafts):
            pytest.fail("The block was run.")

    assert names_in(tmp_path) == ["b", "c"]
    assert (tmp_path / "c").read_bytes() == b"other"


def test_names_are_on_disk_when_the_block_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's content, then its name, then each new folder's name above it: a power cut loses none of them."""
    synced: list[int] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    with PrivateFolder(tmp_path / "a" / "letters") as folder:
        assert set(synced) == {tmp_path.stat().st_ino, (tmp_path / "a").stat().st_ino}
        synced.clear()
        draft = folder.draft(b"content")
        inode = draft.stat().st_ino
        with folder.published({"letter.pdf": draft}):
            assert synced == [inode, folder.path.stat().st_ino]


def test_existing_name_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    """A link that lies there is replaced: what it points at is not touched."""
    (tmp_path / "elsewhere").write_bytes(b"untouched")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.pdf").symlink_to(tmp_path / "elsewhere")

    with PrivateFolder(tmp_path / "letters") as folder, folder.published({"letter.pdf": folder.draft(b"secret")}):
        pass

    assert (tmp_path / "elsewhere").read_bytes() == b"untouched"
    assert not (tmp_path / "letters" / "letter.pdf").is_symlink()


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """A second run is told so at once, and may begin when the first has ended."""
    with PrivateFolder(tmp_path), pytest.raises(FolderInUse, match="wait until it has ended"), PrivateFolder(tmp_path):
        pass
    with PrivateFolder(tmp_path):
        pass
