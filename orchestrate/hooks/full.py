"""The hooks with everything imported: reads the change through git, judges it, says what it found.

Rules kept here:

* Policy comes from the commit the change is built on. A policy that does not parse refuses, and the
  message names the way out.
* A failure of ours refuses too: a hook that did not finish has not passed.
"""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrate.checks import message, render
from orchestrate.checks.baseline import parse_baseline
from orchestrate.checks.engine import TaskRules, blocks, check_message, run_checks
from orchestrate.checks.findings import Finding
from orchestrate.checks.reading import GitObjects, TreeReader, staged_change
from orchestrate.checks.search import Search
from orchestrate.errors import FileError, OrchestrateError, Unsupported
from orchestrate.git.changes import GitCommandFailed, Objects
from orchestrate.git.types import Oid
from orchestrate.hooks import cache_file, compiling, places, start
from orchestrate.hooks.prefilter import Doubt
from orchestrate.hooks.task_file import parse_task, task_rules
from orchestrate.policy.policy import Policy, load_policy

EXIT_BUG = 3
PARTIAL = frozenset(["outputs"])  # groups that need a task's whole change, not one commit of it


def run_hook(hook: str, arguments: Sequence[str]) -> int:
    """Run one hook in the current folder and return its exit code: the edge of all hooks."""
    try:
        run = HOOKS[hook]
    except KeyError:
        _say(f"orchestrate: there is no hook {hook!r}")
        return 2
    try:
        return run(arguments)
    except OrchestrateError as error:
        _say(f"orchestrate: {error}")
        if error.hint:
            _say(f"hint: {error.hint}")
        return error.exit_code
    except GitCommandFailed as error:
        _say(f"orchestrate: {error}")
        return Unsupported.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the edge: anything else is a bug of ours
        _say(f"orchestrate: internal error, so the hook refuses: {type(error).__name__}: {error}")
        _say(traceback.format_exc())
        return EXIT_BUG


class Place:
    """The repository a hook runs in: where it keeps things, its objects, its policy and task."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        found = places.find_git_dir(str(folder))
        if found is None:
            raise Unsupported(f"{folder} is not in a git repository")
        self.git_dir = found
        self.common = places.common_dir(found)
        self.raw = objects
        self.objects = GitObjects(objects)
        self.head = self.objects.resolve("HEAD", "commit")

    def parents(self) -> list[Oid]:
        """The parents of the commit that is being made; none for the first one."""
        if self.head is None:
            return []
        with suppress(FileNotFoundError):
            text = Path(self.git_dir, "MERGE_HEAD").read_text("ascii")
            return [self.head, *map(Oid, text.split())]
        return [self.head]

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
                table = compiling.compile_policy(policy, made_of)
                cache_file.write(os.path.join(folder, f"{key}.table"), table)
            if task is not None and source is not None:
                self._keep_task(task, source, key)
        return policy, task, search

    def baseline(self, policy: Policy) -> frozenset[str]:
        """The fingerprints of the findings that the policy's baseline names. Raises: FileError."""
        path = policy.config.secrets.baseline
        found = next(self.raw.contents([f"HEAD:{path}"])) if path else None
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
        policy = compiling.kept_policy(path) if key else None
        if policy is None:
            tree = None if self.head is None else self.objects.resolve(self.head, "tree")
            policy = read_policy(self.objects, tree, "HEAD")
            if key:
                compiling.keep_policy(path, policy)
        return policy, key


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
        start.cached_table(common, key)
    except (Doubt, OSError):
        return True
    return False


def staged_findings(folder: Path) -> list[Finding]:
    """The findings on what is staged in the worktree at `folder`."""
    with Objects() as objects:
        place = Place(objects, folder)
        policy, task, search = place.prepared()
        change = staged_change(place.objects, place.parents())
        return run_checks(
            change, policy, task, skip=PARTIAL, search=search,
            baseline=place.baseline(policy),
        )  # fmt: skip


def _pre_commit(arguments: Sequence[str]) -> int:
    return _report(staged_findings(Path.cwd()), "commit")


def _commit_msg(arguments: Sequence[str]) -> int:
    path = Path(arguments[0])
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    with Objects() as objects:
        place = Place(objects, Path.cwd())
        policy, _, search = place.prepared()
        found = check_message(message.cleaned(text), policy, search=search)
    return _report(found, "commit message")


def _report(found: Sequence[Finding], what: str) -> int:
    """Say the findings; 1 when one of them blocks."""
    if found:
        _say(render.text(found, colour=sys.stderr.isatty()))
    if not blocks(found):
        return 0
    _say(f"orchestrate: this {what} is refused")
    return 1


def _say(text: str) -> None:
    # A person's terminal may not take what a path holds.
    sys.stderr.write(text.encode("utf-8", "backslashreplace").decode() + "\n")


HOOKS: dict[str, Callable[[Sequence[str]], int]] = {
    "pre-commit": _pre_commit,
    "commit-msg": _commit_msg,
}
