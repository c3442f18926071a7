"""Repositories in the situations that captures and rollbacks must survive."""

from pathlib import Path

import pytest

from .worlds import git


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a commit, a staged file, an untracked one and an ignored one."""
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("print('hello')\n")
    (folder / "a.txt").write_text("one\n")
    (folder / ".gitignore").write_text("*.log\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "feat: first")
    (folder / "staged.txt").write_text("staged\n")
    git(folder, "add", "staged.txt")
    (folder / "new.txt").write_text("untracked\n")
    (folder / "debug.log").write_text("ignored\n")
    return folder
