"""Removing what others filled: all of it, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrate.errors import OrchestrateError
from orchestrate.git import removal
from orchestrate.git.removal import remove_rubbish, remove_tree


def test_a_folder_goes_with_all_below(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "f").write_text("x")
    os.mkfifo(folder / "a" / "pipe")
    remove_tree(folder)
    assert list(tmp_path.iterdir()) == []
    remove_tree(folder)  # nothing there is fine


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    remove_tree(folder)
    folder.symlink_to(outside)
    remove_tree(folder)
    assert not folder.is_symlink()
    assert (outside / "kept").exists()


def test_a_file_in_its_place_goes_too(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("x")
    remove_tree(tmp_path / "w")
    assert list(tmp_path.iterdir()) == []


AS_NOBODY = """
import os, sys
from pathlib import Path
from orchestrate.git.removal import remove_tree
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
top = Path(sys.argv[1])
(top / "w/a/b").mkdir(parents=True)
(top / "w/a/b/f").write_text("x")
(top / "w/link").symlink_to(top)
for folder in ("w/a/b", "w/a", "w"):
    (top / folder).chmod(0o000 if folder == "w/a/b" else 0o500)
remove_tree(top / "w")
print(os.listdir(top))
"""


def test_read_only_folders_are_opened_first(tmp_path: Path) -> None:
    """As somebody whom modes bind, which root is not."""
    top = Path("/tmp") / f"removal-{os.getpid()}"
    top.mkdir(mode=0o777)
    try:
        top.chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(top)], capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.stderr) == ("[]\n", "")
    finally:
        remove_tree(top)


def test_what_cannot_be_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError(30, "Read-only file system", str(path / "f"))

    monkeypatch.setattr(removal.shutil, "rmtree", refuse)
    (tmp_path / "w").mkdir()
    with pytest.raises(OrchestrateError, match="Read-only file system") as failed:
        remove_tree(tmp_path / "w")
    assert "by hand" in failed.value.hint
    assert not (tmp_path / "w").exists()  # the name is free all the same


def test_rubbish_of_an_interrupted_removal_is_swept(tmp_path: Path) -> None:
    (tmp_path / f"w{removal.MARK}0a0b").mkdir()
    (tmp_path / "other").mkdir()
    remove_rubbish(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
