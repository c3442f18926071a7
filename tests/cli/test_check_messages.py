"""The commit messages of a range: each is read, or it is said which was not."""

import json
from pathlib import Path

import pytest

from orchestrate.checks.secrets.samples import expand
from orchestrate.hooks import ranges


@pytest.fixture
def commit(repo: Path, git):
    """`commit(message)` makes an empty commit."""

    def make(message: str) -> None:
        git("commit", "-q", "--allow-empty", "-F", "-", cwd=repo, input=message)

    return make


@pytest.fixture
def found(orchestrate):
    """`found(range, *more, code=...)`: the findings as JSON."""

    def check(*args: str, code: int = 0) -> list[dict]:
        return json.loads(orchestrate("check", *args, "--json", code=code).out)["findings"]

    return check


def test_only_takes_the_id_of_a_finding_on_messages(commit, found) -> None:
    commit(f"feat: {'x' * 200}")
    commit("no type")
    assert [f["id"] for f in found("HEAD~2..HEAD", "--only", "long-subject")] == ["long-subject"]
    two = {f["id"] for f in found("HEAD~2..HEAD", "--only", "message")}
    assert two == {"long-subject", "unconventional-subject"}
    assert found("HEAD~2..HEAD", "--only", "secrets") == []
    assert found("HEAD~2..HEAD", "--only", "bare-todo") == []


@pytest.mark.parametrize("only", ["secrets", "github-token"])
def test_a_secret_in_a_message_is_one_of_the_secrets(commit, found, only: str) -> None:
    commit(f"feat: x\n\n{expand('{{github:ghp}}')}\n")
    (one,) = found("HEAD~1..HEAD", "--only", only, code=1)
    assert one["id"] == "github-token"
    assert one["message"].startswith("commit ")


def test_a_message_of_megabytes_is_not_read_and_blocks(commit, found) -> None:
    commit("feat: x\n\n" + "Key: value\n" * 110_000)
    commit("feat: y\n\n" + "Key: value\n" * 10_000)
    (one,) = found("HEAD~2..HEAD", code=1)
    assert one["id"] == "too-large-to-scan"
    assert "a message of more than 1,024 KB was not read" in one["message"]
    assert len(found("HEAD~2..HEAD", "--only", "secrets", code=1)) == 1


def test_more_messages_than_are_read_block(commit, found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "MAX_MESSAGES", 2)
    monkeypatch.setattr(ranges, "READ_AT_ONCE", 300)
    for number in range(3):
        commit(f"untyped {number}")
    assert len(found("HEAD~2..HEAD")) == 2
    ids = [f["id"] for f in found("HEAD~3..HEAD", code=1)]
    assert ids == ["push-not-checked", "unconventional-subject", "unconventional-subject"]
