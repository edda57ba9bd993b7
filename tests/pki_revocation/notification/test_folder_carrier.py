"""Mails into a folder: whole, on disk when they count as taken, and nothing left of those that were not."""

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from pki_revocation.notification.carriers import FolderCarrier, MailDeferred
from pki_revocation.notification.message import message
from pki_revocation.notification.settings import NotificationSettings
from pki_revocation.notification.texts import Text
from tests.disks import fill, small_disk
from tests.power_cuts import power_cuts

WHEN = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)


def mail(name: str) -> EmailMessage:
    """One mail by its Message-ID."""
    text = Text(language="nl", subject="Ingetrokken", opening="Eén.", facts=(), paragraphs=("Twee.",))
    return message(text, "beheer@zorg.example", local_id=name, told_at=WHEN, settings=NotificationSettings())


def carry(folder: Path, name: str = "abc123") -> None:
    """Into that folder."""
    FolderCarrier(folder).carry(mail(name), "bounces@ca.example", "beheer@zorg.example")


def test_mail_that_was_taken_survives_a_power_cut(tmp_path: Path) -> None:
    """The outbox does not send it again: file, name and new folder are on disk when the carrier returns."""
    cuts = power_cuts(tmp_path, lambda: carry(tmp_path / "mails"))

    written = (tmp_path / "mails" / "abc123.eml").read_bytes()
    assert {left.content("mails/abc123.eml") for left in cuts.during} == {None, written}
    assert {left.content("mails/abc123.eml") for left in cuts.ended} == {written}
    assert (tmp_path / "mails" / "abc123.eml").stat().st_mode & 0o777 == 0o600


def test_second_copy_is_the_same_file(tmp_path: Path) -> None:
    """A mail that was taken and not recorded comes again."""
    carry(tmp_path / "mails")
    carry(tmp_path / "mails")

    assert [each.name for each in (tmp_path / "mails").iterdir()] == ["abc123.eml"]


def test_full_disk_is_tried_again_and_leaves_no_drafts(tmp_path: Path) -> None:
    """However often: one more draft each time would keep the disk full when there is room again."""
    with small_disk(tmp_path / "disk") as disk:
        carry(disk, "before")
        filler = fill(disk)
        for _ in range(3):
            with pytest.raises(MailDeferred, match="No space left on device"):
                carry(disk)
        left = {each.name for each in disk.iterdir()}
        filler.unlink()
        carry(disk)

        assert left == {"before.eml", "filler"}
        assert {each.name for each in disk.iterdir()} == {"before.eml", "abc123.eml"}


def test_knocking_leaves_nothing(tmp_path: Path) -> None:
    """`doctor` asks whether a mail would be taken."""
    FolderCarrier(tmp_path / "mails").knock()
    assert list((tmp_path / "mails").iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MailDeferred, match="cannot be written to"):
        FolderCarrier(tmp_path / "file").knock()
