"""Runs every check over one change: the same for hook, runner, CI and pre-commit.

Rules kept here:

* Policy, task and change come in as values; nothing is read from the environment.
* A check that crashes is a blocking finding that names it: what did not finish has not passed.
* Findings come out sorted and without duplicates, so that two runs can be compared.
* Each file is read once, and every check of content looks at it while it is there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

from orchestrate.checks import (
    commands,
    hidden,
    hygiene,
    judging,
    message,
    outputs,
    patterns,
    scope,
    unsafe_path,
)
from orchestrate.checks.catalogue import CATALOGUE, finding
from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.search import Search, default_search
from orchestrate.errors import OrchestrateError
from orchestrate.git.types import EntryChange
from orchestrate.policy.policy import Policy
from orchestrate.policy.roles import RequiredOutput, Role


@dataclass(frozen=True)
class TaskRules:
    """What the checks know of the task that a change is made for.

    `measured_by` are globs of what its criteria and metric run: a change there is a finding.
    `protected` adds to the policy's protected paths.
    """

    id: str
    role: Role | None = None
    scope: tuple[str, ...] = ("**",)
    deny: tuple[str, ...] = ()
    planned_files: tuple[str, ...] | None = None
    allow_protected: bool = False
    required_outputs: tuple[Mapping[str, Any] | RequiredOutput, ...] = ()
    measured_by: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()


@dataclass
class Stats:
    """Where the time of a run went: check -> seconds, and how much was looked at."""

    seconds: dict[str, float] = field(default_factory=dict)
    entries: int = 0
    bytes: int = 0


GROUPS = ("scope", "paths", "judging", "secrets", "patterns", "commands", "outputs", "message")
_RULED = ("patterns", "secrets", "commands")  # give ids that rules bring, not the catalogue
TreeCheck = Callable[[], Iterable[Finding]]
FileCheck = Callable[[EntryChange], Iterable[Finding]]


def run_checks(
    change: Change,
    policy: Policy,
    task: TaskRules | None,
    *,
    only: frozenset[str] | None = None,
    skip: frozenset[str] = frozenset(),
    search: Search | None = None,
    baseline: frozenset[str] = frozenset(),
    stats: Stats | None = None,
    contents_of: frozenset[str] | None = None,
) -> list[Finding]:
    """The findings of every check, sorted.

    `only` and `skip` name groups or ids; `search` is a prepared joint search (without one, one is
    made); `baseline` holds the fingerprints of findings that are known. With `contents_of`, only
    the contents of these files are judged: the caller has proved that the rest gives nothing.
    """
    stats = stats or Stats()
    found: set[Finding] = set()
    held: list[Search] = []
    if search is not None:
        held.append(search)
    else:
        found.update(_run("search", partial(_prepare, policy, held), stats))
    of_tree = [c for c in _tree_checks(change, policy, task) if _wanted(c[1], only, skip)]
    if held:
        of_tree += _secret_checks(change, policy, held[0], baseline, only, skip)
    of_file = [
        c
        for c in _file_checks(change, policy, task, held[0] if held else None, baseline)
        if _wanted(c[1], only, skip)
    ]
    for name, _, check in of_tree if contents_of is None else ():
        found.update(_run(name, check, stats))
    stats.entries += len(change.entries)
    for entry in change.files() if of_file else ():
        if contents_of is not None and entry.path not in contents_of:
            continue
        for name, _, of_entry in of_file:
            found.update(_run(name, partial(of_entry, entry), stats))
    stats.bytes += change.bytes_read
    kept = {f for f in found if _kept(f, only, skip)}
    return sorted(hidden.merged(kept, policy.config.secrets.engine), key=order)


def _prepare(policy: Policy, held: list[Search]) -> Iterable[Finding]:
    held.append(default_search(policy))
    return ()


def check_message(text: str, policy: Policy, *, search: Search | None = None) -> list[Finding]:
    """The findings on a commit message that `message.cleaned` returned, secrets included."""
    searching = search or default_search(policy)
    allowed = hidden.permits(policy.config.secrets, frozenset())
    found = _run("message", lambda: message.check_message(text, policy.config.commit_message))
    found += _run(
        "secrets",
        lambda: hidden.check_text(
            text.encode("utf-8", "surrogateescape"), searching.scanner, allowed
        ),
    )
    return sorted(set(found), key=order)


def blocks(findings: Iterable[Finding]) -> bool:
    """Whether a finding refuses the change."""
    return any(f.severity == Severity.BLOCK for f in findings)


def order(found: Finding) -> tuple[str, int, int, str, str]:
    """Sorts findings by place, then id."""
    return (found.path, found.line, found.column, found.id, found.message)


def _run(name: str, check: TreeCheck, stats: Stats | None = None) -> list[Finding]:
    start = perf_counter()
    try:
        return list(check())
    except OrchestrateError as error:
        return [finding("check-crashed", "", f"check `{name}`: {error}", next_step=error.hint)]
    except Exception as error:  # noqa: BLE001 - an edge: a crash must not pass, nor hide the rest
        return [finding("check-crashed", "", f"check `{name}`: {type(error).__name__}: {error}")]
    finally:
        if stats is not None:
            stats.seconds[name] = stats.seconds.get(name, 0.0) + perf_counter() - start


def _wanted(group: str, only: frozenset[str] | None, skip: frozenset[str]) -> bool:
    if group in skip:
        return False
    if only is None or group in only:
        return True
    # An id that the catalogue does not know is a rule's: patterns, commands and secrets give those.
    return any(
        CATALOGUE[i].group == group if i in CATALOGUE else group in _RULED
        for i in only
        if i not in GROUPS
    )


def _wants_engine(engine: str, only: frozenset[str] | None, skip: frozenset[str]) -> bool:
    """Whether another program's findings on secrets are asked for; running it takes its time."""
    if "secrets" in skip:
        return False
    asked = ("secrets", "secrets-engine-failed")
    return only is None or any(i in asked or i.startswith(f"{engine}-") for i in only)


def _kept(found: Finding, only: frozenset[str] | None, skip: frozenset[str]) -> bool:
    if found.id in ("check-crashed", "secrets-engine-failed"):
        return True
    names = {found.id, group_of(found)}
    return not names & skip and (only is None or bool(names & only))


def group_of(found: Finding) -> str:
    """The group a finding belongs to; a rule's own id is a pattern's or a secret's."""
    entry = CATALOGUE.get(found.id)
    if entry is not None:
        return entry.group
    return "secrets" if found.fingerprint else "patterns"


def _tree_checks(
    change: Change, policy: Policy, task: TaskRules | None
) -> Iterator[tuple[str, str, TreeCheck]]:
    config = policy.config
    builtins = hygiene.switched_on(policy)
    huge = next((c for c in builtins if c.builtin == "huge-file"), None)
    yield "scope", "scope", lambda: _scope(change, policy, task)
    yield "names", "paths", lambda: unsafe_path.check_names(change)
    yield "modes", "paths", lambda: unsafe_path.check_modes(change, config.files)
    yield "symlinks", "paths", lambda: unsafe_path.check_symlinks(change)
    yield "sizes", "paths", lambda: unsafe_path.check_sizes(change, config.files, huge)
    measured_by = task.measured_by if task else ()
    yield "judging", "judging", lambda: judging.check_judging(change.entries, measured_by)
    yield "added paths", "patterns", lambda: patterns.check_added_paths(change, policy)
    yield "hygiene of the tree", "patterns", lambda: hygiene.check_tree(change, builtins)
    if task is not None:
        yield "outputs", "outputs", lambda: outputs.check_outputs(change, _outputs(task))


def _secret_checks(
    change: Change,
    policy: Policy,
    search: Search,
    baseline: frozenset[str],
    only: frozenset[str] | None,
    skip: frozenset[str],
) -> Iterator[tuple[str, str, TreeCheck]]:
    """The searches for secrets that are made once a change; files are searched one by one."""
    allowed = hidden.permits(policy.config.secrets, baseline)
    engine = policy.config.secrets.engine
    if _wanted("secrets", only, skip):
        links = partial(hidden.check_links, change, search.scanner, allowed)
        yield "secrets in links", "secrets", links
    if engine != hidden.BUILTIN and _wants_engine(engine, only, skip):
        ask = partial(hidden.check_external, change, engine, search.scanner, allowed)
        yield engine, "secrets", ask


def _file_checks(
    change: Change,
    policy: Policy,
    task: TaskRules | None,
    search: Search | None,
    baseline: frozenset[str],
) -> Iterator[tuple[str, str, FileCheck]]:
    config = policy.config.secrets
    marks = config.inline_allow
    allowed = hidden.permits(config, baseline)
    lines = patterns.line_checks(policy, task.role if task else None)
    builtins = hygiene.switched_on(policy)

    def maybe(entry: EntryChange, pattern: str) -> bool:
        return search is None or search.may_match(pattern, change.text(entry) or b"")

    if search is not None:
        scanner = search.scanner
        yield "secrets", "secrets", lambda e: hidden.check_file(change, e, scanner, allowed)
    yield (
        "patterns",
        "patterns",
        lambda e: patterns.check_file(change, e, lines, maybe, marks=marks),
    )
    yield "hygiene", "patterns", lambda e: hygiene.check_file(change, e, builtins)
    yield (
        "commands",
        "commands",
        lambda e: commands.check_file(change, e, policy.harness, marks=marks),
    )


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
