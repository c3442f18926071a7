"""The checks as rollback and watch want them: a function from two trees to findings.

Policy comes from the commit the work began on (HEAD), never from the tree that is judged.
"""

from collections.abc import Sequence

from orchestrate.checkpoints.chain import TASK_FILE
from orchestrate.checkpoints.goal import Checker
from orchestrate.checks.change import between
from orchestrate.checks.engine import run_checks
from orchestrate.checks.findings import Finding
from orchestrate.git.policy_reader import CommitReader
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.hooks.task_file import parse_task, task_rules
from orchestrate.policy.policy import Policy, load_policy

PARTIAL = frozenset(["outputs", "message"])  # groups that need a finished change


class TreeChecker:
    """Checks trees of one repository; the policy is read again only when HEAD moves."""

    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        self._head: Oid | None = None
        self._policy: Policy | None = None

    def __call__(self, base: Oid, tree: Oid) -> Sequence[Finding]:
        """The findings on what `tree` changed. Raises: FileError for policy or task file."""
        policy = self.policy()
        path = self.repo.git_dir / TASK_FILE
        task = task_rules(parse_task(path.read_bytes()), policy.roles) if path.exists() else None
        return run_checks(between(self.repo, base, tree), policy, task, skip=PARTIAL)

    def policy(self) -> Policy:
        """The policy of HEAD. Raises: FileError."""
        head = self.repo.head_commit()
        if self._policy is None or head != self._head:
            self._policy, self._head = load_policy(CommitReader(self.repo, head)), head
        return self._policy


def checker(repo: Repository) -> Checker:
    """The checks over trees of this repository."""
    return TreeChecker(repo)
