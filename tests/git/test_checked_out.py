"""Blobs read from the work tree: a file counts only when its hash is the blob's id."""

import os
from pathlib import Path

import pytest

from orchestrate.git.checked_out import TRIED, CheckedOut, blob_id
from orchestrate.git.types import Oid

ID = Oid(blob_id(b"text\n", 40))


def read(top: Path, limit: int = 100) -> bytes | None:
    return CheckedOut(str(top), {ID: "a/f"}, limit).read(ID)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    return tmp_path


def test_the_ids_are_gits_own() -> None:
    assert blob_id(b"", 40) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_id(b"", 64) == "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"


def test_a_file_that_is_the_blob_is_read(top: Path) -> None:
    (top / "a" / "f").write_bytes(b"text\n")
    assert read(top) == b"text\n"


def test_a_file_with_other_bytes_is_not_the_blob(top: Path) -> None:
    (top / "a" / "f").write_bytes(b"text\r\n")
    assert read(top) is None


def test_what_is_no_regular_file_of_the_size_is_not_read(top: Path) -> None:
    assert read(top) is None
    (top / "text").write_bytes(b"text\n")
    (top / "a" / "f").symlink_to("../text")
    assert read(top) is None
    (top / "a" / "f").unlink()
    os.mkfifo(top / "a" / "f")
    assert read(top) is None
    (top / "a" / "f").unlink()
    (top / "a" / "f").write_bytes(b"text\n")
    assert read(top, limit=4) is None


def test_a_name_that_is_no_text_is_found(top: Path) -> None:
    Path(os.fsdecode(os.fsencode(top) + b"/\xff\n")).write_bytes(b"text\n")
    files = CheckedOut(str(top), {ID: "\udcff\n"}, 100)
    assert files.read(ID) == b"text\n"
    assert files.read(Oid("0" * 40)) is None


def test_it_says_when_the_work_tree_holds_something_else(top: Path) -> None:
    files = CheckedOut(str(top), {ID: "a/f"}, 100)
    assert files.is_useful
    for _ in range(TRIED + 1):
        files.read(ID)
    assert not files.is_useful
