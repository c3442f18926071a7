"""The repository that a hook or a command judges in: its objects, policy, task and caches."""

import os
from contextlib import suppress
from pathlib import Path

from orchestrate.checks.baseline import parse_baseline
from orchestrate.checks.reading import GitObjects, TreeReader
from orchestrate.checks.search import Search
from orchestrate.checks.task_rules import TaskRules
from orchestrate.errors import FileError, NoRepository, OrchestrateError
from orchestrate.git.changes import Objects
from orchestrate.git.types import Oid
from orchestrate.hooks import cache_file, compiling, places, start
from orchestrate.hooks.kept_policy import keep_policy, kept_policy
from orchestrate.hooks.prefilter import Doubt
from orchestrate.hooks.shipped_part import shipped_part
from orchestrate.hooks.task_file import parse_task, task_rules
from orchestrate.policy.policy import Policy, load_policy


class Place:
    """The repository a hook runs in: where it keeps things, its objects, its policy and task."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        found = places.find_git_dir(str(folder))
        if found is None:
            raise NoRepository(folder)
        self.folder = str(folder)
        self.git_dir = found
        self.common = places.common_dir(found)
        self.raw = objects
        self.objects = GitObjects(objects)
        self.head = self.objects.resolve("HEAD", "commit")

    def parents(self, *, may_be_named: bool = True) -> list[Oid]:
        """The parents of the commit that is being made; none for the first one.

        `may_be_named` is for a merge that git has not written down yet: it names the heads in
        variables. Anybody can set those, so they count where git may be merging and nowhere else.
        """
        if self.head is None:
            return []
        with suppress(FileNotFoundError):
            text = Path(self.git_dir, "MERGE_HEAD").read_text("ascii")
            return [self.head, *map(Oid, text.split())]
        named = [n.removeprefix("GITHEAD_") for n in os.environ if n.startswith("GITHEAD_")]
        named = named if may_be_named else []
        return [self.head, *(Oid(n) for n in named if self.objects.resolve(n, "commit"))]

    def policy(self) -> Policy:
        """The policy of HEAD, from the cache where it was read before; the defaults before HEAD.

        Raises:
            FileError: it does not parse; the hint says how to get out.
        """
        return self._policy_and_key()[0]

    def prepared(self) -> tuple[Policy, TaskRules | None, Search]:
        """Policy, active task and joint search, with the fast path's caches filled for next time.

        Raises:
            FileError: policy or task do not parse.
        """
        policy, key = self._policy_and_key()
        source = places.read_task(self.git_dir)
        task = None if source is None else task_rules(parse_task(source), policy.roles)
        search, made_of = compiling.joint_search(policy)
        folder = cache_file.folder_of(self.common)
        with suppress(ValueError, OSError):  # no hyperscan, or no place to write: no fast path
            if _is_stale(self.common, key):
                shipped = shipped_part(made_of.secrets)
                cache_file.write(os.path.join(folder, start.SHIPPED), shipped)
                table = compiling.policy_table(policy, made_of)
                cache_file.write(os.path.join(folder, f"{key}.table"), table)
            if task is not None and source is not None:
                self._keep_task(task, source, key)
        return policy, task, search

    def task(self) -> TaskRules | None:
        """The active task of this worktree, or None. Raises: FileError."""
        source = places.read_task(self.git_dir)
        return None if source is None else task_rules(parse_task(source), self.policy().roles)

    def baseline(self, policy: Policy, commit: Oid | None = None) -> frozenset[str]:
        """The fingerprints that the policy's baseline names, as `commit` or HEAD has the file.

        Raises:
            FileError: the file is not a baseline.
        """
        path = policy.config.secrets.baseline
        found = next(self.raw.contents([f"{commit or 'HEAD'}:{path}"])) if path else None
        return parse_baseline(found[2], str(path)) if found is not None else frozenset()

    def _keep_task(self, task: TaskRules, source: bytes, key: str) -> None:
        path = os.path.join(self.git_dir, "orchestrate-task.cache")
        value = cache_file.read(path)
        if value is None or value["source"] != source or value["policy_key"] != key:
            cache_file.write(path, compiling.compile_task(task, source, key))

    def _policy_and_key(self) -> tuple[Policy, str]:
        self.raw.ask_info([f"HEAD:{name}" for name in start.POLICY_OBJECTS])
        try:
            key = start.policy_key(self.raw)
        except Doubt:
            key = ""  # load_policy refuses it, with the place
        path = os.path.join(cache_file.folder_of(self.common), f"{key}.policy")
        policy = kept_policy(path) if key else None
        if policy is None:
            tree = None if self.head is None else self.objects.resolve(self.head, "tree")
            policy = read_policy(self.objects, tree, "HEAD")
            if key:
                keep_policy(path, policy)
        return policy, key


def warm(worktree: Path) -> None:
    """Compile what the hooks need at the worktree's HEAD, so that no commit has to wait for it."""
    with suppress(OrchestrateError), Objects(str(worktree)) as objects:  # the hooks will tell it
        Place(objects, worktree).prepared()


def read_policy(objects: GitObjects, tree: Oid | None, where: str) -> Policy:
    """The policy of a tree; None is the shipped defaults.

    Raises:
        FileError: it does not parse; the hint says how to get out.
    """
    try:
        return load_policy(TreeReader(objects, tree))
    except FileError as error:
        way_out = (
            f"this is the policy of {where}, which judges this change, so nothing passes until it "
            "is repaired: fix the file and commit it with `git commit --no-verify`"
        )
        raise FileError(
            error.path,
            error.reason,
            line=error.line,
            column=error.column,
            hint=f"{error.hint}; {way_out}" if error.hint else way_out,
        ) from None


def _is_stale(common: str, key: str) -> bool:
    try:
        start.cached_table(common, key, start.shipped_part(common))
    except (Doubt, OSError):
        return True
    return False
