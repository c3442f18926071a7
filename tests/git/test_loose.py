"""Blobs read from their own files are what git says; anything odd is asked of git."""

import subprocess
import zlib
from pathlib import Path

import pytest

from orchestrate.git.changes import GitCommandFailed, Objects
from orchestrate.git.loose import MAX_FILE, LooseFirst, read_blob

MOST = 1 << 20


def write_blob(repo: Path, data: bytes) -> str:
    run = ["git", "hash-object", "-w", "--stdin"]
    return subprocess.check_output(run, cwd=repo, input=data).decode().strip()


def store(repo: Path) -> Path:
    return repo / ".git" / "objects"


@pytest.mark.parametrize("data", [b"", b"x = 1\n", b"\0" * 5000, b"blob 3\0abc"])
def test_a_blob_of_its_own_file(repo: Path, data: bytes) -> None:
    assert read_blob(str(store(repo)), write_blob(repo, data), MOST) == data


def test_no_file_another_kind_or_too_large_is_none(repo: Path) -> None:
    tree = subprocess.check_output(["git", "rev-parse", "HEAD:"], cwd=repo).decode().strip()
    large = write_blob(repo, b"x" * 2000)
    for oid in ("1" * 40, tree, large, "", "\0"):
        assert read_blob(str(store(repo)), oid, 1000) is None


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"no zlib",
        zlib.compress(b"blob 2\0abc"),
        zlib.compress(b"blob 3\0abc")[:-2],
        zlib.compress(b"blob \0abc"),
        zlib.compress(b"abc"),
        zlib.compress(b"blob 3\0abc" + bytes(MAX_FILE * 200)),
    ],
)
def test_a_spoilt_file_is_none(repo: Path, spoilt: bytes) -> None:
    (store(repo) / "12").mkdir(exist_ok=True)
    (store(repo) / "12" / ("3" * 38)).write_bytes(spoilt)
    assert read_blob(str(store(repo)), "12" + "3" * 38, MOST) is None


def test_git_is_asked_for_the_others_in_order(repo: Path) -> None:
    first, second = write_blob(repo, b"one"), write_blob(repo, b"two")
    subprocess.run(["git", "commit", "-qm", "feat: none", "--allow-empty"], cwd=repo, check=True)
    subprocess.run(["git", "repack", "-qad"], cwd=repo, check=True)
    packed = subprocess.check_output(["git", "rev-parse", "HEAD:a.txt"], cwd=repo).decode().strip()
    with Objects(str(repo), most=MOST) as objects:
        names = [packed, first, "HEAD:", second, "1" * 40, packed]
        found = list(LooseFirst(str(store(repo)), objects).contents(names))
    assert [one and one[2] for one in (found[1], found[3], found[4])] == [b"one", b"two", None]
    assert found[0] == found[5]
    assert (found[0] or ())[:2] == (packed, "blob")
    assert (found[2] or ())[1] == "tree"


def test_what_is_larger_than_is_read_is_refused_as_git_refuses_it(repo: Path) -> None:
    large = write_blob(repo, b"x" * 2000)
    with Objects(str(repo), most=1000) as objects, pytest.raises(GitCommandFailed, match="2,000"):
        list(LooseFirst(str(store(repo)), objects).contents([large]))
