"""Every writer of durable files, from the module to those that use it: a power cut, a kill, a full disk."""

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from crl_publisher.outlets import DirectoryOutlet
from keys.files.private_files import replace, write_new, write_new_file
from pki_revocation.arrivals.folder import WatchedFolder
from pki_revocation.config.secret_files import write_private
from pki_revocation.documents.letters.private_folder import PrivateFolder
from pki_revocation.host import durable_files
from pki_revocation.host.durable_files import File, create, drafted, move, write, write_all
from tests.disks import fill, small_disk
from tests.killing import killed_at
from tests.power_cuts import power_cuts

OLD, NEW = b"old" * 100, b"new" * 200

Act = Callable[[Path], object]
REPLACING: dict[str, Act] = {
    "write": lambda folder: write(folder / "file", NEW),
    "write_all": lambda folder: write_all(File(folder / "file", NEW)),
    "move": lambda folder: _draft_and_move(folder / "file"),
    "keys": lambda folder: replace(folder / "file", NEW, "key"),
    "outlet": lambda folder: DirectoryOutlet(folder).put("file", NEW),
    "outlet, a CRL": lambda folder: DirectoryOutlet(folder).replace("file", NEW, number=2, number_of=lambda _: 1),
}
CREATING: dict[str, Act] = {
    "create": lambda folder: create(folder / "file", NEW),
    "secrets": lambda folder: write_private(folder / "file", NEW.decode()),
    "keys": lambda folder: write_new(folder / "file", NEW, "key"),
    "requests": lambda folder: write_new_file(folder / "file", NEW),
}
WRITING = {**{f"replacing: {name}": act for name, act in REPLACING.items()}, **CREATING}


def _draft_and_move(path: Path) -> None:
    with drafted(File(path, NEW)) as draft:
        move(draft, path)


def names(folder: Path) -> set[str]:
    """What lies there, but for the outlet's locks."""
    return {each.name for each in folder.iterdir() if not each.name.endswith(".lock")}


def with_old(folder: Path, act: Act) -> None:
    """An older file lies there, for those that replace one."""
    if act in REPLACING.values():
        folder.joinpath("file").write_bytes(OLD)
        folder.joinpath("file").chmod(0o600)


def old_of(act: Act) -> bytes | None:
    """What has the name before."""
    return OLD if act in REPLACING.values() else None


def content(path: Path) -> bytes | None:
    """None where there is no file."""
    return path.read_bytes() if path.exists() else None


@pytest.fixture(params=WRITING)
def act(request: pytest.FixtureRequest) -> Act:
    """Each way to write a file, by this module and by those that use it."""
    return WRITING[request.param]


def test_power_cut_leaves_the_old_or_the_new_one(folder: Path, act: Act) -> None:
    """At each moment one of them, whole; once it was written the new one, and its draft is gone."""
    with_old(folder, act)

    cuts = power_cuts(folder, lambda: act(folder))

    assert {left.content("file") for left in cuts.during} == {old_of(act), NEW}
    assert {left.content("file") for left in cuts.ended} == {NEW}
    assert not [name for left in cuts.ended for name, _, _ in left.files if name.endswith(".tmp")]


@pytest.mark.parametrize("failpoint", ["file.drafted", "file.named"])
def test_kill_leaves_the_old_or_the_new_one(folder: Path, tmp_path: Path, act: Act, failpoint: str) -> None:
    """Before it has its name the old one, and from then on the new; the next writer in that folder clears the rest."""
    with_old(folder, act)

    killed_at(failpoint, tmp_path / "failpoints", lambda: act(folder))

    assert content(folder / "file") == (old_of(act) if failpoint == "file.drafted" else NEW)
    if act in REPLACING.values():
        act(folder)
    durable_files.write(folder / "other", b"")
    durable_files.clear_abandoned(folder / "other")
    assert names(folder) == {"other"} | ({"file"} if content(folder / "file") is not None else set())


def test_full_disk_changes_nothing(tmp_path: Path, act: Act) -> None:
    """However often it is tried, no draft is left; with room again it is written."""
    with small_disk(tmp_path / "disk") as disk:
        with_old(disk, act)
        filler = fill(disk)
        before = names(disk)
        for _ in range(3):
            with pytest.raises(Exception, match="No space left on device"):
                act(disk)
        assert names(disk) == before
        assert content(disk / "file") == old_of(act)
        filler.unlink()

        act(disk)

        assert content(disk / "file") == NEW


def test_large_content_is_not_copied(folder: Path) -> None:
    """A CRL of 50 MB is written from where it lies."""
    crl = bytes(50_000_000)
    tracemalloc.start()
    try:
        DirectoryOutlet(folder).replace("file", crl, number=1, number_of=len)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (folder / "file").stat().st_size == len(crl)
    assert peak < 2_000_000


# Each says beside it why it is not written, or locked, by `host`.
_OTHERWISE = {
    "crl_publisher/bench/register.py": "write_bytes write_text",
    "crl_publisher/bench/trial.py": "write_text",
    "crl_publisher/cli/schedule_preview.py": "write_text",
    "crl_publisher/outlets/directory.py": "flock",
    "keys/demo/making.py": "write_bytes write_text",
    "keys/files/key_lock.py": "flock",
    "keys/files/private_files.py": "os.fsync",
    "ocsp_responder/answering/shared_cache.py": "O_EXCL flock",
    "pki_revocation/cli/import_report.py": "O_EXCL",
    "pki_revocation/database/commit_fence.py": "flock",
    "pki_revocation/database/sqlite_file.py": "O_EXCL",
    "pki_revocation/documents/typesetting.py": "write_bytes",
    "pki_revocation/host/durable_files.py": "O_EXCL os.fsync os.link",
    "pki_revocation/host/folder_lock.py": "flock",
    "pki_revocation/runtime/service_states.py": "write_text",
}


def test_there_is_one_mechanism() -> None:
    """No other module brings files to disk, or locks them, by steps of its own: eleven copies had drifted apart."""
    root = Path(durable_files.__file__).parents[2]
    calls = re.compile(
        r"os\.fsync|fdatasync|os\.link|hardlink_to|fcntl\.(?:flock|lockf)|O_EXCL|mkstemp|NamedTemporaryFile"
        r"|write_text|write_bytes"
    )
    found = {
        f"{file.relative_to(root)}: {call}"
        for package in ("pki_revocation", "keys", "crl_publisher", "ocsp_responder")
        for file in (root / package).rglob("*.py")
        for call in calls.findall(file.read_text("utf-8"))
        if call.removeprefix("fcntl.") not in _OTHERWISE.get(str(file.relative_to(root)), "").split()
    }

    assert found == set()


def test_arrival_that_is_done_or_refused_stays_so(folder: Path) -> None:
    """After a power cut a file lies in one place, and none is refused without the sentences that say why."""
    with WatchedFolder(folder) as held:
        for name in ("good.pem", "bad.pem"):
            write(folder / name, NEW)

        done = power_cuts(folder, lambda: held.done(folder / "good.pem"))
        refused = power_cuts(folder, lambda: held.refuse(folder / "bad.pem", "No certificate."))

    assert {(left.content("good.pem"), left.content("done/good.pem")) for left in done.ended} == {(None, NEW)}
    assert {(left.content("bad.pem"), left.content("refused/bad.pem")) for left in refused.ended} == {(None, NEW)}
    for left in refused.during:
        assert left.content("refused/bad.pem") is None or left.content("refused/bad.pem.txt") == b"No certificate."


def test_letters_are_on_disk_before_their_codes_count(folder: Path) -> None:
    """When the block begins in which codes are stored, a power cut takes no letter away."""
    ended = []
    with PrivateFolder(folder / "letters") as held:
        draft = held.draft(NEW)

        def publish() -> None:
            with held.published({"letter.pdf": draft}):
                ended.append(True)

        cuts = power_cuts(folder, publish)

    assert ended
    assert {left.content("letters/letter.pdf") for left in cuts.ended} == {NEW}
