"""An edit is refused before it is made exactly when the checks would refuse it in a commit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.agents.adapter import AttemptRequest
from orchestrate.agents.guard import write_guard
from orchestrate.checks.change import Change
from orchestrate.checks.engine import run_checks
from orchestrate.checks.search import default_search
from orchestrate.git.types import FILE, EntryChange, Oid
from orchestrate.hooks.agent_events import compiled
from orchestrate.hooks.agent_judge import judge
from orchestrate.hooks.task_file import parse_task, task_rules
from orchestrate.plans.model import Plan, Task
from orchestrate.plans.state import Approval, PlanState, new_state
from orchestrate.policy.policy import Policy, load_policy
from orchestrate.runner.active_task import active_task
from orchestrate.runner.landing import task_rules as runners_rules
from orchestrate.runner.packs import step_pack
from tests.policy.making import DictReader

ROOT = "/somewhere/else/work"
NAMES = ["src", "gen", "tests", "a.py", "b.md", ".github", "ci", "A.PY", "é", "x y", "..a"]
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)
SOME = ["src/", "src/**", "**", "*.py", "/a.py", "src/gen/", "tests", ".github/**", "*", "ci/a.py"]
MORE = ["**/gen/**", "é", "*.md", "src/*/a.py", "[a-b].*"]
GLOBS = st.lists(st.sampled_from([*SOME, *MORE]), max_size=3, unique=True).map(tuple)
SHIPPED = load_policy(DictReader())
SEARCH = default_search(SHIPPED)


class NoBlobs:
    """The scope is judged by paths alone."""

    def read_blob(self, oid: Oid, limit: int | None = None) -> bytes:
        return b""

    def blob_size(self, oid: Oid) -> int:
        return 0


class World(NamedTuple):
    """A task, and what matters of the policy that it is judged by."""

    task: Task
    role_scope: tuple[str, ...]
    role_deny: tuple[str, ...]
    protected: tuple[str, ...]

    @property
    def policy(self) -> Policy:
        role = SHIPPED.roles["developer"]
        role = replace(role, scope_paths=self.role_scope, deny_paths=self.role_deny)
        config = replace(SHIPPED.config, protected=self.protected)
        return replace(SHIPPED, config=config, roles={role.id: role})


TASKS = st.builds(
    Task,
    st.just("t"),
    st.just("T"),
    role=st.sampled_from(["", "developer"]),
    scope=GLOBS,
    deny=GLOBS,
    planned_files=st.none() | st.lists(PATHS, max_size=3).map(tuple),
)
WORLDS = st.builds(World, TASKS, GLOBS, GLOBS, GLOBS)


def permitted(path: str, policy: Policy, rules: Any) -> bool:
    """The verdict of the checks on a commit that adds the file."""
    entry = EntryChange(path, 0, FILE, Oid(""), Oid("1" * 40))
    change = Change((entry,), NoBlobs())
    return not run_checks(change, policy, rules, only=frozenset({"scope"}), search=SEARCH)


def accepted(path: str, guard: dict[str, object], root: str = ROOT) -> bool:
    """The verdict of the agent's hook on the tool call that writes it."""
    return not judge("Write", {"file_path": f"{root}/{path}"}, guard, root)


@given(WORLDS, st.lists(PATHS, min_size=1, max_size=5), st.booleans())
def test_in_a_persons_own_session(world: World, paths: list[str], approved: bool) -> None:
    task, policy = world.task, world.policy
    written = json.dumps(active_task("p-abc234", task, policy, allow_protected=approved))
    guard = json.loads(written)
    rules = task_rules(parse_task(written.encode()), policy.roles)
    assert guard["regexes"] == compiled(guard)
    for path in paths:
        assert accepted(path, guard) == permitted(path, policy, rules), path


def guard_of(state: PlanState, task: Task, policy: Policy, folder: Path) -> dict[str, object]:
    """The guard document of a runner's attempt."""
    pack = step_pack(state, task.id, policy, base="0" * 40)
    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    attempt = AttemptRequest(work, folder / "scratch", pack, "")
    found: dict[str, object] = json.loads(write_guard(attempt).read_bytes())
    return found


@given(world=WORLDS, paths=st.lists(PATHS, min_size=1, max_size=5), approved=st.booleans())
def test_in_a_runners_attempt(
    tmp_path_factory: pytest.TempPathFactory,
    world: World,
    paths: list[str],
    approved: bool,
) -> None:
    task, policy = world.task, world.policy
    state = new_state(Plan("p-abc234", "P", (task,)), "", base="0" * 40, branch="refs/heads/x")
    given_ = Approval("person:x", "", state.plan_blob, state.plan.version)
    state = replace(state, approvals=(given_,) if approved else ())
    rules = runners_rules(task, policy, allow_protected=state.is_approved)
    folder = tmp_path_factory.mktemp("attempt")
    guard = guard_of(state, task, policy, folder)
    for path in paths:
        inside = accepted(path, guard, str(folder / "work"))
        assert inside == permitted(path, policy, rules), path
