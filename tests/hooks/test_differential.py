"""Hook, runner and CI give the same findings on the same change, for every sample."""

from pathlib import Path

import pytest

from orchestrate.checks.change import between
from orchestrate.checks.engine import run_checks
from orchestrate.checks.findings import Finding
from orchestrate.git.changes import Objects
from orchestrate.git.policy_reader import CommitReader
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.hooks import start
from orchestrate.hooks.full import staged_findings
from orchestrate.hooks.place import Place
from orchestrate.hooks.prefilter import Doubt
from orchestrate.hooks.ranges import range_findings
from orchestrate.hooks.saying import report
from orchestrate.policy.policy import Policy, load_policy
from tests.checks.making import Files
from tests.checks.sampling import sample_changes, stage
from tests.hooks.making import git, shipped_policy

CASES = [
    *sample_changes(),
    ("paths", {"-q": b"x\n", "new\nline": b"# TODO\n", "é.py": b"# TODO \xc3\xa9\n"}),
    ("encodings", {"a.py": "# TODO é\n".encode("utf-16"), "b.py": b"# TODO \xe9\n"}),
    ("ends", {"a.py": b"x\r\n# TODO\ny\r", "b.py": b"no end # TODO"}),
    ("empty", {"a.py": b"", "b.json": b""}),
]


@pytest.mark.parametrize(("name", "files"), CASES, ids=[name for name, _ in CASES])
def test_hook_runner_and_ci_agree(
    name: str, files: Files, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = Oid(git(repo, "rev-parse", "HEAD").stdout.decode().strip())
    stage(repo, files)
    by_hook = staged_findings(repo)
    assert by_hook == by_runner(repo, base)
    assert by_fast_path(repo, capsys) in (None, said(by_hook, capsys))
    git(repo, "commit", "-q", "-m", "feat: x")
    with Objects(str(repo)) as objects:
        place = Place(objects, repo)
        assert place.head is not None
        by_ci = range_findings(place, base, place.head, None)
    assert by_hook == by_ci


def by_fast_path(repo: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str] | None:
    """Exit code and words of the fast path; None where it leaves the change to the engine."""
    try:
        code = start.pre_commit(str(repo), [])
    except Doubt:
        return None
    return code, capsys.readouterr().err


def said(found: list[Finding], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and words of the engine's findings."""
    return report(found, "commit"), capsys.readouterr().err


def by_runner(repo: Path, base: Oid) -> list[Finding]:
    """The findings as the runner gets them: libgit2, two trees, the base's policy."""
    repository = Repository.open(repo)
    tree = Oid(git(repo, "write-tree").stdout.decode().strip())
    policy = load_policy_once(repository, base)
    return run_checks(between(repository, repository.tree_of(base), tree), policy, None)


def load_policy_once(repository: Repository, base: Oid) -> Policy:
    """The shipped policy: that the base holds none of its own is asserted, not assumed."""
    assert CommitReader(repository, base).list(".orchestrate/") == []
    return shipped_policy()


def test_the_runners_policy_is_the_hooks_policy(repo: Path) -> None:
    (repo / ".orchestrate").mkdir()
    (repo / ".orchestrate" / "config.yaml").write_text("require_task: always\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "chore: policy")
    repository = Repository.open(repo)
    head = repository.head_commit()
    with Objects(str(repo)) as objects:
        for_hooks = Place(objects, repo).policy()
    assert for_hooks == load_policy(CommitReader(repository, head))
