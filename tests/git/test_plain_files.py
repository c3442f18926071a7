"""Files below a work tree: whole writes, and no symlink followed."""

import os
from pathlib import Path

import pytest

from orchestrate.errors import InvalidInput
from orchestrate.git.plain_files import PlainFiles


def test_what_is_written_is_read(tmp_path: Path) -> None:
    files = PlainFiles(tmp_path)
    files.write("a/b/c.txt", b"one")
    files.write("a/b/c.txt", b"two")
    assert files.read("a/b/c.txt") == b"two"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["c.txt"]


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert PlainFiles(tmp_path).read("a/b") is None
    assert PlainFiles(tmp_path).read("a") is None


@pytest.mark.parametrize("link", ["conf", "conf/file"])
def test_no_symlink_is_followed(tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"theirs")
    top = tmp_path / "top"
    (top / link).parent.mkdir(parents=True)
    (top / link).symlink_to(outside if link == "conf" else outside / "file")
    files = PlainFiles(top)
    with pytest.raises(InvalidInput, match="symlink"):
        files.read("conf/file")
    if link == "conf":
        with pytest.raises(InvalidInput, match="symlink"):
            files.write("conf/file", b"ours")
    else:
        files.write("conf/file", b"ours")  # the link itself is replaced
        assert not (top / link).is_symlink()
    assert (outside / "file").read_bytes() == b"theirs"


def test_a_file_in_a_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(InvalidInput, match="a/b"):
        PlainFiles(tmp_path).write("a/b", b"")
    with pytest.raises(InvalidInput, match="a/b"):
        PlainFiles(tmp_path).read("a/b")


def test_a_folder_in_a_files_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(InvalidInput):
        PlainFiles(tmp_path).write("a", b"")
    assert list((tmp_path / "a").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["a"]  # nothing is left of the try


def test_a_pipe_does_not_stall(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    assert PlainFiles(tmp_path).read("a") == b""
