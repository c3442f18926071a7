"""Configuration and identity as git reads them."""

from pathlib import Path

import pytest

from orchestrate.errors import InvalidInput, Unsupported
from orchestrate.git.repository import Repository
from tests.git.conftest import Git

WHO = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


def test_values_come_from_the_repository_and_the_user(
    opened: Repository, fenced: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fenced / "config").write_text("[a]\n\tb = global\n\tc = global\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(fenced / "config"))
    git("config", "a.b", "local\nline", cwd=opened.work_tree)
    assert opened.config("a.b") == "local\nline"
    assert opened.config("a.c") == "global"
    assert opened.config("a.d") is None
    own = dict(opened.own_settings())
    assert own["a.b"] == "local\nline"
    assert "a.c" not in own


@pytest.mark.parametrize("key", ["", "a", "--get", "-x.y", "a.b\n"])
def test_what_is_no_key_does_not_reach_git(opened: Repository, key: str) -> None:
    with pytest.raises(InvalidInput, match="not a configuration key"):
        opened.config(key)


def test_the_identity_is_the_environments_or_the_configurations(
    opened: Repository, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened.identity() == ("A Tester", "tester@example.org")
    for name in WHO:
        monkeypatch.delenv(name)
    git("config", "user.name", "Ä. Person", cwd=opened.work_tree)
    git("config", "user.email", "person@example.org", cwd=opened.work_tree)
    assert opened.identity() == ("Ä. Person", "person@example.org")


def test_a_missing_identity_says_how_to_set_it(
    opened: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in WHO:
        monkeypatch.delenv(name)
    with pytest.raises(Unsupported, match="does not know your name") as unknown:
        opened.identity()
    assert "user.email" in unknown.value.hint
