"""Random working trees, captured, changed and rolled back: bytes, modes, index, status."""

from pathlib import Path

import pytest

from orchestrate.checkpoints.record import Kind
from orchestrate.checkpoints.rollback import Mode, Request, rollback, undo
from orchestrate.checks.findings import Finding, Severity
from orchestrate.errors import Conflict
from orchestrate.git.types import Oid, path_bytes, path_text

from .worlds import Maker, files_of, look, recorder, see

CASES = 500
CHUNK = 25


@pytest.mark.parametrize("first", range(0, CASES, CHUNK))
def test_rollback_gives_back_what_was_captured_and_undo_what_was_replaced(
    tmp_path: Path, first: int
) -> None:
    for seed in range(first, first + CHUNK):
        one_case(tmp_path / str(seed), seed)


def one_case(folder: Path, seed: int) -> None:
    maker = Maker(folder, seed)
    maker.start()
    index = folder / ".git" / "index"
    raw = index.read_bytes() if index.exists() else b""
    captured = see(folder)
    target = recorder(folder).create().checkpoint
    assert (index.read_bytes() if index.exists() else b"") == raw, "capture touched the index"
    assert see(folder) == captured, "capture touched something"
    maker.dirty()
    replaced = see(folder)
    ignored = files_of(folder, ignored=True)
    mode = [Mode.FULL, Mode.FULL, Mode.PARTIAL, Mode.SMART][seed % 4]
    check_mode(maker, mode, target, captured, replaced, ignored)


def check_mode(maker, mode, target, captured, replaced, ignored) -> None:
    folder = maker.folder
    if mode is Mode.FULL:
        try:
            report = rollback(recorder(folder), target, Request(Mode.FULL))
        except Conflict as error:  # a merge was in progress at another HEAD: refused, and said so
            assert "in the middle of a merge" in str(error)
            assert see(folder) == replaced
            return
        assert report.is_exact
        after = see(folder)
        shown = {path for path in ignored if path in after.files and path not in captured.files}
        assert set(map(path_bytes, report.shown)) == shown
        if after.head == captured.head and not shown:
            assert after == captured
        files = {path: file for path, file in after.files.items() if path not in shown}
        after = after._replace(files=files)
        assert after.at_another_head() == captured.at_another_head()
        for path, file in ignored.items():
            if path not in captured.files and not in_the_way(path, captured.files):
                assert look(folder, path) == file, "an ignored file did not stay"
    elif mode is Mode.PARTIAL:
        every = sorted({*captured.files, *replaced.files})
        chosen = maker.random.sample(every, min(len(every), maker.random.randint(1, 3)))
        if not chosen:
            return
        words = tuple(path_text(path) for path in chosen)
        report = rollback(recorder(folder), target, Request(Mode.PARTIAL, words))
        assert report.is_exact
        for path in chosen:
            assert path not in captured.files or look(folder, path) == captured.files[path]
    else:
        bad = {p for p in replaced.files if maker.random.random() < 0.5}

        def check(base: Oid, tree: Oid) -> list[Finding]:
            found = recorder(folder).repo.diff(base, tree)
            return [
                Finding("bad", Severity.BLOCK, change.path, "is bad")
                for change in found
                if path_bytes(change.path) in bad and not change.is_deleted
            ]

        report = rollback(recorder(folder), target, Request(Mode.SMART, check=check))
        assert report.is_exact
    if report.before:  # "" when all was as it should be
        undo(recorder(folder))
    assert see(folder) == replaced


def in_the_way(path: bytes, files: dict[bytes, tuple[str, bytes]]) -> bool:
    """Whether an ignored path had to go: a file of the checkpoint stands above or below it."""
    return any(path.startswith(other + b"/") or other.startswith(path + b"/") for other in files)


def test_an_unchanged_tree_makes_no_second_checkpoint(tmp_path: Path) -> None:
    maker = Maker(tmp_path / "tree", 7)
    maker.start()
    first = recorder(maker.folder).create()
    again = recorder(maker.folder).create(kind=Kind.WATCH)
    assert first.is_new and not again.is_new
    assert again.checkpoint.oid == first.checkpoint.oid
