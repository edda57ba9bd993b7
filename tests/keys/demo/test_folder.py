"""The demo's folder: one demo's at a time, new or a demo's own, and its state whole whatever ends the writing."""

from pathlib import Path

import pytest

from keys.demo.folder import DemoFolder, DemoRefused, DemoState
from tests.killing import killed_at
from tests.power_cuts import power_cuts

BEGUN = DemoState(finished=False, certificates=20, key_type="p256", port_base=9520)
FINISHED = DemoState(finished=True, certificates=20, key_type="p256", port_base=9520)


def test_second_demo_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    """In one sentence; what the first has written stays."""
    first = DemoFolder(tmp_path / "demo")
    first.write(FINISHED)
    with pytest.raises(DemoRefused, match="is running"):
        DemoFolder(tmp_path / "demo")
    first.close()

    assert DemoFolder(tmp_path / "demo").state == FINISHED


@pytest.mark.parametrize("name", ["thesis.txt", ".git", ".lock.txt"])
def test_folder_of_something_else_is_refused_and_stays_as_it_is(tmp_path: Path, name: str) -> None:
    """No lock is left in it; of a demo that fails the whole folder is removed, so that hidden files count too."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(DemoRefused, match="no demo made"):
        DemoFolder(tmp_path)

    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_state_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    """A power cut while it is written does not make a demo that was begun look like a new folder, or a finished one."""
    folder = DemoFolder(tmp_path / "demo")
    folder.write(BEGUN)
    begun = (tmp_path / "demo" / "demo-state.json").read_bytes()

    cuts = power_cuts(tmp_path / "demo", lambda: folder.write(FINISHED))

    finished = (tmp_path / "demo" / "demo-state.json").read_bytes()
    assert {left.content("demo-state.json") for left in cuts.during} == {begun, finished}
    assert {left.content("demo-state.json") for left in cuts.ended} == {finished}


def test_demo_killed_before_it_began_is_begun_again(tmp_path: Path) -> None:
    """Its folder holds nothing that counts, and is new to the next one."""
    killed_at("file.drafted", tmp_path / "failpoints", lambda: DemoFolder(tmp_path / "demo").write(BEGUN))

    assert DemoFolder(tmp_path / "demo").state is None


def test_demo_that_was_begun_and_not_finished_is_refused(tmp_path: Path) -> None:
    """With what to do about it."""
    folder = DemoFolder(tmp_path / "demo")
    folder.write(BEGUN)

    with pytest.raises(DemoRefused, match="rm -r"):
        _ = folder.state
