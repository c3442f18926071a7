"""Makes a policy and a task ready for the fast path: tables and databases (`prefilter.py`).

Rules kept here:

* What is compiled may only be wider than what the engine does (`prefilter.py` says why): an
  expression that a database cannot hold becomes a path that the engine always looks at.
* The cache is named by the ids of the policy's files in the commit and stamped with the shipped
  files it was made from; any of them changed means made anew.
* A cache that cannot be written costs time and nothing else.
"""

import marshal
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from orchestrate.checks import commands, hygiene, judging, patterns
from orchestrate.checks.change import MAX_CONTENT
from orchestrate.checks.line_search import LineCheck, is_plain
from orchestrate.checks.search import (
    SECRETS,
    SINGLEMATCH,
    Joined,
    Search,
    pattern_expressions,
    policy_patterns,
)
from orchestrate.checks.secrets import lazy, matcher, rules
from orchestrate.checks.task_rules import TaskRules
from orchestrate.checks.unsafe_path import GITMODULES
from orchestrate.hooks.made_once import made_once, place_of
from orchestrate.hooks.path_classes import CASELESS, DOTALL, Classes, are_plain, joined
from orchestrate.hooks.prefilter import LOOK, UNSAFE, Task
from orchestrate.hooks.shipped_part import OfSecrets, SecretPaths, compiled, of_secrets
from orchestrate.hooks.start import HOME
from orchestrate.policy.config import CommitMessageConfig
from orchestrate.policy.policy import Policy

# Wider than unsafe_path.py: what may be `.git` in some spelling, leave the tree or not be printed.
_UNSAFE = (
    rb"\.git(?:[^a-z0-9_-]|$)|git~|gi[7t][a-z0-9]*~|^/|//|/$|(?:^|/)\.{1,2}(?:/|$)"
    rb"|[\x00-\x1f\x7f\\]|^[a-z]:|\xe2\x80|\xe2\x81|\xef\xbb\xbf|\xc2[\x80-\x9f]"
)


class Made(NamedTuple):
    """What a joint search is made of: the secrets' part, and patterns with their database.

    Databases are b"" without hyperscan.
    """

    secrets: OfSecrets
    wanted: tuple[str, ...]
    patterns: bytes


def compile_policy(policy: Policy, made: Made) -> dict[str, Any]:
    """The table that `prefilter.Compiled` reads. Raises: ValueError without hyperscan."""
    if not made.patterns:
        raise ValueError("there is no database without hyperscan")
    classes = Classes()
    wanted, secrets = made.wanted, SecretPaths(rules.unpack(made.secrets.packed))
    checks = _line_checks(policy)
    needles, in_lines = _needles(policy, wanted, secrets, checks, classes)
    builtins = _builtins(policy, wanted, needles, in_lines, classes)
    config = policy.config
    judges_commands = any(r.active and r.type == "block" for r in policy.harness)
    _look_at_paths(policy, classes, scripts=judges_commands)
    return {
        "made_by": HOME,
        "made_of": made.secrets.name,
        "names": matcher.compile_database(_names(classes)),
        "patterns": made.patterns,
        "needles": needles,
        "in_lines": frozenset(in_lines),
        "builtins": builtins,
        "not_alone": frozenset([wanted.index(hygiene.CONFLICT_MARK)]),
        "closer": _closer(policy, checks),
        "counting": classes.counting(),
        "counting_look": not are_plain(classes.always_look),
        "secret_classes": secrets.ids(),
        "case_conflict": any(
            c.builtin == "case-conflict" for rule in policy.rules for c in rule.checks
        ),
        "judges_commands": judges_commands,
        "secrets": (SECRETS, LOOK),
        "message": _message(config.commit_message),
        "require_task": config.require_task,
        "secrets_engine": config.secrets.engine,
        "max_bytes": min(config.files.max_file_kb * 1024, MAX_CONTENT),
    }


def _look_at_paths(policy: Policy, classes: Classes, *, scripts: bool) -> None:
    """Name the paths that only the engine judges; `scripts` as well."""
    classes.look(policy.config.protected)
    for group in (judging.POLICY, judging.HOOKS, judging.CI):
        classes.look(group)
    classes.look([f"/{GITMODULES}"])
    if scripts:
        for globs in commands.SCRIPTS:
            classes.look(globs)
    for rule in policy.rules:
        for check in rule.checks:
            if check.on == "added-path":
                classes.look(check.paths)


def _names(classes: Classes) -> list[matcher.Expression]:
    """The expressions that run over paths, less those of `shipped_part.py`."""
    names = classes.expressions()
    names.append((LOOK, rb"^\.orchestrate\z", DOTALL | SINGLEMATCH))  # `broken_policy.py`
    names.append((UNSAFE, _UNSAFE, CASELESS | DOTALL | SINGLEMATCH))
    return names


def _message(config: CommitMessageConfig) -> dict[str, Any]:
    return {
        "conventional": config.conventional,
        "types": frozenset(config.types),
        "scopes": frozenset(config.scopes),
        "max_subject": config.max_subject,
        "required_trailers": bool(config.required_trailers),
    }


# id -> (role or "", class, excepted class, number of the line check or NO_CHECK)
Needles = dict[int, list[tuple[str, int, int, int]]]
NO_CHECK = -1


def _line_checks(policy: Policy) -> list[tuple[str, LineCheck]]:
    """Every line check of the policy with the role that it is for, "" being any."""
    found = [("", check) for check in patterns.line_checks(policy, None)]
    return found + [(r.id, c) for r in policy.roles.values() for c in patterns.role_checks(r)]


def _closer(policy: Policy, checks: Sequence[tuple[str, LineCheck]]) -> bytes:
    """What `closer.py` reads: the expressions' checks and the permits."""
    secrets = policy.config.secrets
    lines = [(*check[:6], str(check.severity), *check[7:]) for _, check in checks]
    value = {
        "lines": lines,
        "stopwords": secrets.stopwords,
        "inline_allow": secrets.inline_allow,
        "has_baseline": bool(secrets.baseline),
    }
    return marshal.dumps(value)


def _needles(
    policy: Policy,
    wanted: Sequence[str],
    secrets: SecretPaths,
    checks: Sequence[tuple[str, LineCheck]],
    classes: Classes,
) -> tuple[Needles, set[int]]:
    """Where each expression of the content database means something, and which stay in a line."""
    numbers = {pattern: number for number, pattern in enumerate(wanted)}
    needles: Needles = {}
    across: set[int] = set()
    for at, (role, check) in enumerate(checks):
        if not is_plain(check.pattern):
            classes.look(check.paths)
            continue
        number = numbers[check.pattern]
        where = (classes.id(check.paths), classes.id(check.excepted))
        needles.setdefault(number, []).append((role, *where, at))
        if check.on != "added-lines":
            across.add(number)
    allowed = classes.id(policy.config.secrets.allow_paths)
    ruleset = secrets.ruleset
    for id, _, _ in matcher.expressions(ruleset):
        where = (secrets.where(id), allowed)
        needles[SECRETS + id] = [("", *where, NO_CHECK)]
        if id >= len(ruleset.forms) or ruleset.forms[id].reach:
            across.add(SECRETS + id)
    return needles, set(needles) - across


def _builtins(
    policy: Policy,
    wanted: Sequence[str],
    needles: Needles,
    in_lines: set[int],
    classes: Classes,
) -> list[tuple[str, int, int]]:
    found = []
    marks = wanted.index(hygiene.CONFLICT_MARK)
    needles.setdefault(marks, [])
    in_lines.add(marks)
    for check in hygiene.switched_on(policy):
        place = (classes.id(check.paths), classes.id(check.excepted))
        if check.builtin == "merge-conflict":
            needles[marks].append(("", *place, NO_CHECK))
        elif check.builtin in hygiene.OF_FILE:
            found.append((check.builtin, *place))
    return found


def compile_task(task: TaskRules, source: bytes, policy_key: str) -> dict[str, Any]:
    """The table that `prefilter.Task` reads. `source` is the task file it was made from."""
    scopes = {
        Task.ALLOW: task.scope,
        Task.DENY: task.deny + (task.role.deny_paths if task.role else ()) + task.protected,
        Task.ROLE: task.role.scope if task.role else (),
    }
    wanted = [(id, joined(g), DOTALL | SINGLEMATCH) for id, g in scopes.items() if g]
    planned = task.planned_files
    return {
        "source": source,
        "policy_key": policy_key,
        "role": task.role.id if task.role else "",
        "has_role_scope": bool(scopes[Task.ROLE]),
        "planned": None if planned is None else frozenset(p.encode() for p in planned),
        # A database needs an expression: an empty scope is one that matches nothing.
        "names": matcher.compile_database(wanted or [(Task.DENY, b".", DOTALL)]),
        "plain_globs": all(map(are_plain, scopes.values())),
    }


def joint_search(policy: Policy) -> tuple[Search, Made]:
    """The policy's joint search, and what to compile it from.

    Both come from this user's cache where they were made before: reading the rules of secrets and
    compiling them takes seconds, and is done once for all policies.
    """
    secrets = of_secrets()
    lazy.take(marshal.loads(secrets.expressions))
    wanted = tuple(policy_patterns(policy))
    place = place_of("patterns", wanted)
    patterns = made_once(place, lambda: compiled(pattern_expressions(wanted)))
    database = None
    with suppress(ValueError):  # no hyperscan, or the databases were made on another processor
        database = Joined(*map(matcher.load_database, (patterns, secrets.triggers)))
    made = Made(secrets, wanted, patterns)
    return Search(wanted, rules.unpack(secrets.packed), database), made


def policy_table(policy: Policy, made: Made) -> dict[str, Any]:
    """What `compile_policy` makes, from this user's cache where any repository had the policy.

    Raises:
        ValueError: hyperscan is not installed.
    """
    table: dict[str, Any] = made_once(
        place_of("table", policy.id), lambda: compile_policy(policy, made)
    )
    return table
