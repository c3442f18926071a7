"""Our hooks in other managers' files: comments stay, and taking them out restores every byte."""

from pathlib import Path

import pytest

from orchestrate.errors import Conflict, InvalidInput
from orchestrate.hooks.integrate import integrate, separate
from orchestrate.policy.yaml import load_yaml

PRE_COMMIT = b"""\
# mine
default_stages: [pre-commit]  # as I like it
repos:
  # formatting
  - repo: https://example.org/a
    rev: v1   # pinned
    hooks:
      - id: a
  # trailing comment

ci:
  skip: [a]
"""
LEFTHOOK = b"""\
# mine
pre-commit:
  parallel: true  # faster
  commands:
    lint:
      run: npm run lint
"""


@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
@pytest.mark.parametrize("text", [PRE_COMMIT, b"", b"repos:\n- repo: local\n  hooks: []"])
def test_pre_commit(tool: str, text: bytes, repo: Path) -> None:
    path = repo / ".pre-commit-config.yaml"
    if text:
        path.write_bytes(text)
    assert integrate(repo, tool) == [path]
    edited = path.read_bytes()
    assert all(line in edited for line in text.splitlines())
    assert load_yaml(edited, "x")["repos"][-1]["hooks"][0]["id"] == "orchestrate"
    assert integrate(repo, tool) == []
    assert separate(repo, tool) == [path]
    assert (path.read_bytes() if text else path.exists()) == (text or False)


def test_edits_made_since_are_kept(repo: Path) -> None:
    path = repo / ".pre-commit-config.yaml"
    path.write_bytes(PRE_COMMIT)
    integrate(repo, "pre-commit")
    path.write_bytes(path.read_bytes() + b"# later\n")
    separate(repo, "pre-commit")
    assert path.read_bytes() == PRE_COMMIT + b"# later\n"


def test_husky(repo: Path) -> None:
    husky = repo / ".husky"
    husky.mkdir()
    (husky / "pre-commit").write_bytes(b"npm test\n")
    assert len(integrate(repo, "husky")) == 6
    said = (husky / "pre-commit").read_text()
    assert said.startswith("npm test\n")
    assert 'orchestrate hook pre-commit "$@" || exit $?' in said
    separate(repo, "husky")
    assert [p.name for p in husky.iterdir()] == ["pre-commit"]
    assert (husky / "pre-commit").read_bytes() == b"npm test\n"


def test_lefthook(repo: Path) -> None:
    path = repo / "lefthook.yml"
    path.write_bytes(LEFTHOOK)
    integrate(repo, "lefthook")
    edited = path.read_bytes()
    assert b"# faster" in edited
    found = load_yaml(edited, "x")["pre-commit"]["commands"]
    assert found["lint"] == {"run": "npm run lint"}
    assert found["orchestrate"]["run"] == "orchestrate hook pre-commit"
    path.write_bytes(edited + b"# later\n")
    with pytest.raises(Conflict, match="edited since"):
        separate(repo, "lefthook")
    path.write_bytes(edited)
    separate(repo, "lefthook")
    assert path.read_bytes() == LEFTHOOK


def test_an_unknown_tool_is_refused(repo: Path) -> None:
    with pytest.raises(InvalidInput, match="no hook manager we know"):
        integrate(repo, "nope")
