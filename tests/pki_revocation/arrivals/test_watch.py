"""The watched folder: whole files are taken once, wrong ones refused with a sentence, half-written ones waited for."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pki_revocation.arrivals import watch as watch_module
from pki_revocation.arrivals.folder import FolderWatched, WatchedFolder
from pki_revocation.arrivals.letters import NoLetters
from pki_revocation.arrivals.watch import ArrivalWatcher
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.documents.letters.page_address import PageNotPublic
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, pem


class Seconds:
    """A clock of seconds that a test moves."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now = 1000.0

    def __call__(self) -> float:
        """The present second."""
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    """Seconds to move."""
    return Seconds()


@pytest.fixture
def watch(database: Database, clock: FakeClock, issuer: Issuer, seconds: Seconds) -> ArrivalWatcher:
    """Five seconds of settling, thirty of patience."""
    return ArrivalWatcher(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        settle=timedelta(seconds=5),
        patience=timedelta(seconds=30),
        monotonic=seconds,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[WatchedFolder]:
    """The folder, held."""
    with WatchedFolder(tmp_path / "arrivals") as held:
        yield held


def registered(database: Database) -> int:
    """How many certificates there are."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(certificates)).scalar_one()


def after(watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, length: float) -> int:
    """Look now and *length* seconds later; give what went in."""
    added = watch.poll(folder)
    seconds.now += length
    return added + watch.poll(folder)


def names(folder: WatchedFolder, where: str) -> list[str]:
    """What lies in one of the folders."""
    return sorted(each.name for each in (folder.path / where).iterdir() if each.is_file())


def test_whole_file_is_taken(
    watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, authority: CertificateAuthority, clock: FakeClock,
    database: Database,
) -> None:  # fmt: skip
    """Not before it was left alone for a while; then its certificate is registered, and it lies in `done`."""
    (folder.path / "a.pem").write_bytes(pem(authority.issue("Zorg BV", clock.now())))

    assert after(watch, folder, seconds, 4.9) == 0
    seconds.now += 0.1
    assert watch.poll(folder) == 1
    assert (names(folder, "."), names(folder, "done"), names(folder, "refused")) == ([], ["a.pem"], [])
    assert registered(database) == 1


def test_file_that_grows_is_waited_for(
    watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """Each change begins the wait anew; what stands in it broken in between is not refused before its patience ends."""
    whole = pem(authority.issue("Een", clock.now()), authority.issue("Twee", clock.now()))
    file = folder.path / "a.pem"
    file.write_bytes(whole[:200])
    assert after(watch, folder, seconds, 20) == 0
    assert names(folder, ".") == ["a.pem"]
    file.write_bytes(whole)
    assert after(watch, folder, seconds, 5) == 2
    assert names(folder, "done") == ["a.pem"]


def test_held_row_bars_what_arrives_after_it(
    watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, authority: CertificateAuthority, clock: FakeClock,
    database: Database,
) -> None:  # fmt: skip
    """From the first look on, while the list itself is still waited for; the sentence begins with the hold."""
    (folder.path / "a-index.txt").write_text(
        index_row(0x1003, "260102030405Z,certificateHold") + index_row(0x1004, "never,superseded")
    )
    assert after(watch, folder, seconds, 5) == 0
    (folder.path / "b.pem").write_bytes(
        pem(*(authority.issue("Zorg BV", clock.now(), serial=serial) for serial in (0x1003, 0x1004, 0x1005)))
    )

    assert after(watch, folder, seconds, 30) + watch.poll(folder) == 1

    assert registered(database) == 1
    assert names(folder, "refused") == ["a-index.txt", "a-index.txt.txt", "b.pem", "b.pem.txt"]
    why = (folder.path / "refused" / "a-index.txt.txt").read_text()
    assert "line 1: It is on hold" in why.splitlines()[0]
    assert "Serial 1003 is barred" in (folder.path / "refused" / "b.pem.txt").read_text()


def test_list_that_is_half_written_bars_nothing_for_its_last_line(
    watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, database: Database
) -> None:
    """Its writer goes on: the row that was cut comes in when it is whole."""
    whole = index_row(1) + index_row(0x1003)
    file = folder.path / "index.txt"
    file.write_text(whole[: whole.index("1003") + 6])
    assert after(watch, folder, seconds, 5) == 1

    file.write_text(whole)

    assert after(watch, folder, seconds, 5) == 1
    assert (registered(database), names(folder, "done")) == (2, ["index.txt"])


def test_wrong_file_is_refused_with_a_sentence(
    watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, clock: FakeClock
) -> None:
    """After its patience it lies in `refused`, with what is wrong beside it; nothing there before is replaced."""
    foreign = CertificateAuthority("Elders CA").issue("Zorg BV", clock.now())
    for _ in range(2):
        (folder.path / "a.pem").write_bytes(pem(foreign))
        (folder.path / "empty.pem").touch()
        after(watch, folder, seconds, 5)
        assert names(folder, ".") == ["a.pem", "empty.pem"]
        seconds.now += 25
        watch.poll(folder)

    assert names(folder, "refused") == [
        "2-a.pem", "2-a.pem.txt", "2-empty.pem", "2-empty.pem.txt", "a.pem", "a.pem.txt", "empty.pem", "empty.pem.txt",
    ]  # fmt: skip
    assert "is not registered" in (folder.path / "refused" / "a.pem.txt").read_text("utf-8")
    assert "no certificate in it" in (folder.path / "refused" / "empty.pem.txt").read_text("utf-8")


def test_file_that_is_wrong_in_part(
    watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """What is right in it is registered, and the sentences tell of the rest."""
    foreign = CertificateAuthority("Elders CA").issue("Zorg BV", clock.now())
    (folder.path / "a.pem").write_bytes(pem(authority.issue("Een", clock.now()), foreign))

    assert after(watch, folder, seconds, 30) == 1
    text = (folder.path / "refused" / "a.pem.txt").read_text("utf-8")
    assert "certificate 2" in text
    assert "Registered from this file: 1." in text


def test_the_same_again_is_done_and_not_refused(
    watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, authority: CertificateAuthority, clock: FakeClock,
    database: Database,
) -> None:  # fmt: skip
    """As a file is after a kill between the commit and its move: taken, with nothing new."""
    certificate = authority.issue("Een", clock.now())
    for name in ("a.pem", "b.pem"):
        (folder.path / name).write_bytes(pem(certificate))

    assert after(watch, folder, seconds, 5) == 1
    assert names(folder, "done") == ["a.pem", "b.pem"]
    assert registered(database) == 1


def test_a_file_that_cannot_be_taken_holds_up_no_other(
    watch: ArrivalWatcher,
    folder: WatchedFolder,
    seconds: Seconds,
    database: Database,
    authority: CertificateAuthority,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stays, waits longer each time, and is taken once it can be; readiness knows of it meanwhile."""
    for name in ("a.pem", "b.pem"):
        (folder.path / name).write_bytes(pem(authority.issue(name, clock.now())))
    moved = folder.done

    def full_disk(path: Path) -> None:
        if path.name == "a.pem":
            raise OSError(28, "No space left on device", str(path))
        moved(path)

    monkeypatch.setattr(folder, "done", full_disk)
    watch.poll(folder)
    seconds.now += 5
    assert watch.poll(folder) == 1
    assert not (folder.path / "b.pem").exists()
    assert watch.failures.standing() == {"a.pem": f"{folder.path / 'a.pem'}: No space left on device."}

    monkeypatch.undo()
    watch.poll(folder)
    assert (folder.path / "a.pem").exists()
    seconds.now += 2
    watch.poll(folder)
    assert not (folder.path / "a.pem").exists()
    assert watch.failures.standing() == {}
    assert registered(database) == 2


def test_writer_that_goes_on_during_the_import_loses_nothing(
    watch: ArrivalWatcher,
    folder: WatchedFolder,
    seconds: Seconds,
    authority: CertificateAuthority,
    clock: FakeClock,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that changed while it was read stays, and is read again."""
    file = folder.path / "a.pem"
    file.write_bytes(pem(authority.issue("Een", clock.now())))
    more = pem(authority.issue("Twee", clock.now()))

    def write_on(place: str) -> None:
        assert place == "arrivals.imported"
        with file.open("ab") as opened:
            opened.write(more)

    monkeypatch.setattr(watch_module, "reach", write_on)
    assert after(watch, folder, seconds, 5) == 1
    assert names(folder, ".") == ["a.pem"]
    monkeypatch.undo()
    assert after(watch, folder, seconds, 5) == 1
    assert names(folder, "done") == ["a.pem"]
    assert registered(database) == 2


def test_what_is_being_written_and_what_is_no_file_is_left_alone(
    watch: ArrivalWatcher, folder: WatchedFolder, seconds: Seconds, tmp_path: Path, authority: CertificateAuthority,
    clock: FakeClock,
) -> None:  # fmt: skip
    """Names of unfinished files, folders, links and pipes are passed over."""
    whole = pem(authority.issue("Een", clock.now()))
    for name in (".a.pem", "a.pem.part", "a.pem.TMP"):
        (folder.path / name).write_bytes(whole)
    (tmp_path / "elsewhere.pem").write_bytes(whole)
    (folder.path / "link.pem").symlink_to(tmp_path / "elsewhere.pem")
    (folder.path / "folder").mkdir()
    os.mkfifo(folder.path / "pipe")

    assert after(watch, folder, seconds, 60) == 0
    assert names(folder, "done") == names(folder, "refused") == []


def test_one_process_takes_the_files(folder: WatchedFolder) -> None:
    """A second one is refused in one sentence."""
    with pytest.raises(FolderWatched, match="one is enough"):
        WatchedFolder(folder.path).__enter__()


def test_letters_that_must_not_be_made_say_why_each_time() -> None:
    """Their job fails with the sentence, and the folder's goes on."""
    why = PageNotPublic("No letters are made while [web] public_url is 'http://127.0.0.1:8460'.")

    for _ in range(2):
        with pytest.raises(PageNotPublic, match="No letters are made"):
            NoLetters(why).make()
