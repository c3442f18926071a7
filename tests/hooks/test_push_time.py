"""A push whose checks take too long is refused, and nothing goes on behind the alarm."""

import time
from pathlib import Path

import pytest

from orchestrate.checks.findings import Finding, blocks
from orchestrate.checks.reading import GitObjects
from orchestrate.git.changes import Objects
from orchestrate.git.types import Oid
from orchestrate.hooks import compiling, ranges
from orchestrate.hooks.place import Place
from tests.hooks.making import git

SLOW = b'pw="aaaaaaaa",' * 150_000  # seconds: each is a candidate for a password


# An alarm that meets a finalizer is lost there, with a warning; the next one ends the push.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_push_that_takes_too_long_ends_and_is_refused(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        (repo / f"{number}.py").write_bytes(SLOW + b"%d\n" % number)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: x")
    tip = Oid(git(repo, "rev-parse", "HEAD").stdout.decode().strip())
    monkeypatch.setattr(ranges, "PUSH_SECONDS", 1.0)
    judged: list[str] = []
    with Objects(str(repo)) as objects:
        place = Place(objects, repo)
        compiling.joint_search(place.policy())  # so that time is up while files are judged
        content = type(place.objects).read_blob

        def counted(self: GitObjects, oid: Oid, limit: int | None = None) -> bytes:
            judged.append(oid)
            return content(self, oid, limit)

        monkeypatch.setattr(type(place.objects), "read_blob", counted)
        update = ranges.Update("refs/heads/main", tip, "refs/heads/main", None)
        found = ranges.push_findings(place, "origin", [update])
    assert [one.id for one in found] == ["push-not-checked"]
    assert blocks(found)
    assert len(judged) < 8


def test_an_alarm_that_a_finalizer_swallows_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "PUSH_SECONDS", 0.05)
    monkeypatch.setattr(ranges, "AGAIN_SECONDS", 0.05)
    found: list[Finding] = []
    swallowed = 0
    with ranges._time_boxed(found, "main"):
        try:
            time.sleep(30)
        except ranges._TimeIsUp:
            swallowed += 1
        time.sleep(30)
        raise AssertionError("the push went on")
    assert swallowed == 1
    assert [one.id for one in found] == ["push-not-checked"]
