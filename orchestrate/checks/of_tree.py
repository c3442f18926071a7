"""The checks that look at a change as a whole, each made once: scope, names, modes, outputs."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from orchestrate.checks import (
    broken_policy,
    hidden,
    hygiene,
    judging,
    outputs,
    patterns,
    scope,
    unsafe_path,
)
from orchestrate.checks.catalogue import finding
from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.search import Search
from orchestrate.checks.selecting import Wanted
from orchestrate.checks.task_rules import TaskRules
from orchestrate.policy.policy import Policy
from orchestrate.policy.roles import RequiredOutput


class TreeCheck(NamedTuple):
    """A check by the name that `--stats` shows, with the group its findings belong to."""

    name: str
    group: str
    findings: Callable[[], Iterable[Finding]]


def tree_checks(change: Change, policy: Policy, task: TaskRules | None) -> Iterator[TreeCheck]:
    """The checks of a change that read no file's content."""
    files = policy.config.files
    measured_by = task.measured_by if task else ()
    builtins = hygiene.switched_on(policy)
    yield TreeCheck("scope", "scope", partial(_scope, change, policy, task))
    yield TreeCheck("names", "paths", partial(unsafe_path.check_names, change))
    yield TreeCheck("modes", "paths", partial(unsafe_path.check_modes, change, files))
    yield TreeCheck("symlinks", "paths", partial(unsafe_path.check_symlinks, change))
    judged = partial(judging.check_judging, change.entries, measured_by)
    yield TreeCheck("judging", "judging", judged)
    yield TreeCheck("policy", "judging", partial(broken_policy.check_policy, change))
    added = partial(patterns.check_added_paths, change, policy)
    yield TreeCheck("added paths", "patterns", added)
    of_tree = partial(hygiene.check_tree, change, builtins)
    yield TreeCheck("hygiene of the tree", "patterns", of_tree)
    if task is not None:
        produced = partial(outputs.check_outputs, change, _outputs(task))
        yield TreeCheck("outputs", "outputs", produced)


def secret_checks(
    change: Change,
    policy: Policy,
    search: Search | None,
    baseline: frozenset[str],
    wanted: Wanted,
) -> Iterator[TreeCheck]:
    """The searches for secrets that are made once a change; files are searched one by one.

    `search` None: preparing it crashed.
    """
    if search is None:
        return
    allowed = hidden.permits(policy.config.secrets, baseline)
    engine = policy.config.secrets.engine
    if wanted.runs("secrets"):
        links = partial(hidden.check_links, change, search.scanner, allowed)
        yield TreeCheck("secrets in links", "secrets", links)
    if engine != hidden.BUILTIN and wanted.asks(engine):
        ask = partial(hidden.check_external, change, engine, search.scanner, allowed)
        yield TreeCheck(engine, "secrets", ask)


def _outputs(task: TaskRules) -> Iterator[outputs.Wanted]:
    for raw in task.required_outputs:
        yield outputs.Wanted(
            raw
            if isinstance(raw, RequiredOutput)
            else RequiredOutput(
                raw["type"], raw["pattern"], raw.get("check"), raw.get("description", "")
            ),
            f"task {task.id}",
        )
    if task.role is not None:
        for output in task.role.required_outputs:
            yield outputs.Wanted(output, f"role {task.role.id}")


def _scope(change: Change, policy: Policy, task: TaskRules | None) -> Iterable[Finding]:
    config = policy.config
    if task is not None:
        rules = scope.Scope(
            allow=task.scope,
            deny=task.deny + (task.role.deny_paths if task.role else ()),
            protected=config.protected + task.protected,
            planned=task.planned_files,
            role=task.role.scope if task.role else (),
            allow_protected=task.allow_protected,
        )
        return scope.check_scope(change.entries, rules)
    if config.require_task == "always" and change.entries:
        return [finding("no-active-task", "", "the policy asks for a task for every commit")]
    severity = Severity.BLOCK if config.require_task == "protected" else Severity.REVIEW
    return scope.check_protected(change.entries, config.protected, severity)
