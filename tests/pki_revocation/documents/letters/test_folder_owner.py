"""A folder of letters belongs to one installation."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pki_revocation.config.installation import Installation
from pki_revocation.documents.letters.folder_owner import MARK, FolderOfAnother, FolderOwner, claim
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.documents.letters.private_folder import PrivateFolder
from pki_revocation.model import IssuedCertificate
from tests.letter_runs import counting, live_codes, new_installation, on_paper, process
from tests.pki import CertificateAuthority
from tests.pki_revocation.documents.letters.reading import lying_in
from tests.pki_revocation.importing.rows import index_row, write_index

OURS = FolderOwner(identity="0011223344556677", database="sqlite:////srv/one/revocation.db")
THEIRS = FolderOwner(identity="8899aabbccddeeff", database="sqlite:////srv/two/revocation.db")


def test_first_one_leaves_its_mark(tmp_path: Path) -> None:
    """It is there from the first run on, whatever account reads it, and the same one may come again."""
    with PrivateFolder(tmp_path / "letters") as folder:
        claim(folder, OURS)
        claim(folder, OURS)
    mark = tmp_path / "letters" / MARK

    assert mark.read_text("utf-8") == "0011223344556677\nsqlite:////srv/one/revocation.db\n"
    assert stat.S_IMODE(mark.stat().st_mode) == 0o644


def test_moved_database_is_no_other_installation(tmp_path: Path) -> None:
    """The address is for people; what the codes hang on is what counts."""
    with PrivateFolder(tmp_path) as folder:
        claim(folder, OURS)
        claim(folder, FolderOwner(identity=OURS.identity, database="postgresql://host/one"))


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ("8899aabbccddeeff\nsqlite:////srv/two/revocation.db\n", "with the database sqlite:////srv/two/revocation.db:"),
        ("", "one that its mark does not name:"),
        ("\ufffd", "one that its mark does not name:"),
    ],
)
def test_another_one_is_refused(tmp_path: Path, mark: str, says: str) -> None:
    """One sentence names the folder and whose it is; the mark stays."""
    (tmp_path / MARK).write_text(mark, "utf-8")

    with PrivateFolder(tmp_path) as folder, pytest.raises(FolderOfAnother, match="a folder of its own") as refused:
        claim(folder, OURS)

    assert says in str(refused.value)
    assert str(tmp_path) in str(refused.value)
    assert (tmp_path / MARK).read_text("utf-8") == mark


def test_every_way_of_making_letters_looks_for_it(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], tmp_path: Path
) -> None:
    """Nothing is made and nothing taken away in another installation's folder."""
    (one,) = registered(index_row(1))
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / MARK).write_text(f"{THEIRS.identity}\n{THEIRS.database}\n")
    unconfirmed = "letters-20261123T140322Z-01234567-0001.pdf.unconfirmed"
    (folder / unconfirmed).write_bytes(b"theirs")
    number = str(one.number)

    for make in (
        lambda: maker.make_all(folder),
        lambda: maker.make([number], folder),
        lambda: maker.reissue([number], folder, by="anna"),
        lambda: maker.issue_codes([one.id], letters=folder),
    ):
        with pytest.raises(FolderOfAnother):
            make()

    assert lying_in(folder) == [unconfirmed]
    assert maker.waiting() == 1


def test_killed_run_keeps_its_letters_from_another_installation(
    tmp_path: Path, authority: CertificateAuthority
) -> None:
    """Its codes count, and its print file has no name yet: the other's run must not take it for a leftover."""
    ones, others = (new_installation(tmp_path / name, authority) for name in ("one", "other"))
    index = write_index(tmp_path / "index.txt", [index_row(n, expiry="491123140322Z") for n in (1, 2)])
    folder = tmp_path / "letters"

    def make(installation: Installation, failpoint: str | None = None) -> str:
        command = ("certificate", "import", index, "--letters", folder, "--print-file")
        return process(installation, *command, failpoint=failpoint).stderr

    make(ones, "letters.stored")
    assert f"letters of another installation, the one with the database sqlite:///{tmp_path}/one" in make(others)
    assert live_codes(others) == {}
    assert make(ones) == ""
    assert counting(ones, on_paper(folder)) == sorted(live_codes(ones))
