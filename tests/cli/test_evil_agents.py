"""Agents that try to get a change past the runner: nothing lands, and the findings say why.

What hook and CI say to such changes: tests/hooks/test_evil_changes.py.
"""

import json
from pathlib import Path

import pytest

from tests.playing import plan_file, playing, tries

BAD = "printf '<<<<<<< HEAD\\n'"
OUTSIDE = ("outside-allowed", "src/app.py")
TASK = {"id": "a", "scope": ["a/**"], "max_attempts": 1}

# What the agent does in its workspace -> a finding that must come of it (id, path).
EVIL = {
    "a rename into CI": (
        "mkdir -p .github/workflows && git mv a.txt .github/workflows/x.yml",
        ("in-protected", ".github/workflows/x.yml"),
    ),
    "a mode alone": ("chmod +x src/app.py", OUTSIDE),
    "a link for a folder": ("rm -r src && ln -s /etc src", ("unsafe-symlink", "src")),
    "a write through a link": ("ln -s src a && echo hacked > a/app.py", OUTSIDE),
    "a filter that cleans": (
        f"mkdir a && {BAD} > a/b.py && git config filter.evil.clean 'echo clean' "
        "&& echo '* filter=evil' > .git/info/attributes && git add -A",
        ("merge-conflict", "a/b.py"),
    ),
    "attributes in the change": (
        f"mkdir a && {BAD} > a/b.py && echo '* -diff binary export-ignore' > a/.gitattributes",
        ("merge-conflict", "a/b.py"),
    ),
    "assume-unchanged": (
        "git update-index --assume-unchanged src/app.py && echo hacked > src/app.py",
        OUTSIDE,
    ),
    "skip-worktree": (
        "git update-index --skip-worktree src/app.py && echo hacked > src/app.py",
        OUTSIDE,
    ),
    "the same size and time": (
        "touch -r src/app.py stamp && sed -i.bak s/hello/HELLO/ src/app.py "
        "&& rm src/app.py.bak && touch -r stamp src/app.py && rm stamp",
        OUTSIDE,
    ),
    "an exclude of its own": (
        "echo '*' > .git/info/exclude && echo x > src/new.py",
        ("outside-allowed", "src/new.py"),
    ),
    "intent to add": (
        "echo x > src/new.py && git add -N src/new.py",
        ("outside-allowed", "src/new.py"),
    ),
    "a replaced blob": (
        f"mkdir a && {BAD} > a/b.py && git add -A && git replace :a/b.py :a.txt",
        ("merge-conflict", "a/b.py"),
    ),
    "no index": ("echo hacked > src/app.py && rm .git/index", OUTSIDE),
    "no repository": ("echo hacked > src/app.py && rm -rf .git", OUTSIDE),
    "CRLF": (
        "mkdir a && printf 'x = 1\\r\\n<<<<<<< HEAD\\r\\n' > a/b.py",
        ("merge-conflict", "a/b.py"),
    ),
    "a newline in the name": (
        f"mkdir a && {BAD} > \"$(printf 'a/new\\nline.py')\"",
        ("merge-conflict", "a/new\nline.py"),
    ),
    "a dash at the start of the name": (
        f"mkdir a && {BAD} > a/--force",
        ("merge-conflict", "a/--force"),
    ),
}


@pytest.mark.parametrize("name", EVIL)
def test_nothing_of_it_lands(name: str, repo: Path, git, orchestrate, tmp_path: Path) -> None:
    command, expected = EVIL[name]
    playing(repo, git, {"a": tries([{"run": command}])})
    plan = plan_file(tmp_path, TASK)
    orchestrate("plan", "create", "--file", str(plan), "--approve")
    orchestrate("run", code=1)
    (attempt,) = json.loads(orchestrate("status", "--json").out)["tasks"][0]["attempts"]
    assert attempt["reason"] == "CHECKS_FAILED", attempt
    assert expected in [(found["id"], found["path"]) for found in attempt["findings"]]
    assert git("for-each-ref", "refs/heads/orchestrate/", cwd=repo) == ""
