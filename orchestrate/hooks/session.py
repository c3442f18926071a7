"""What a person's own agent is told at its session's start, beyond its task: rules, findings."""

from pathlib import Path

from orchestrate.agents.pack import PackRule
from orchestrate.agents.prompt import rules_section
from orchestrate.git.repository import Repository
from orchestrate.policy.globs import Globs
from orchestrate.policy.rules import matching
from orchestrate.runner.project import head_policy
from orchestrate.runner.worktree_task import active_json

MAX_FINDINGS = 20


def more(top: str) -> str:
    """The rules about the files in the task's scope, or about all, and the last findings."""
    repo = Repository.open(Path(top))
    active = active_json(repo)
    return "\n".join([*_rules(repo, active), *_findings(active), ""])


def _rules(repo: Repository, active: dict[str, object] | None) -> list[str]:
    head = repo.head_commit()
    if head is None:
        return []
    policy = head_policy(repo)
    paths = [entry.path for entry in repo.walk_tree(repo.tree_of(head))]
    scope = active.get("scope") if active else None
    if isinstance(scope, list):
        paths = [path for path in paths if Globs(scope).match(path)]
    rules = [PackRule(r.id, str(r.tier), r.priority, r.text) for r in matching(policy.rules, paths)]
    return rules_section(rules, policy.config.limits.max_rules_chars)


def _findings(active: dict[str, object] | None) -> list[str]:
    last = active.get("last_findings") if active else None
    found = last.get("findings") if isinstance(last, dict) else None
    if not found:
        return []
    lines = ["", "The last check of this worktree found:"]
    for one in found[:MAX_FINDINGS]:
        line = f":{one['line']}" if one.get("line") else ""
        lines.append(f"- [{one['id']}] {one['path']}{line}: {one['message']}")
    if len(found) > MAX_FINDINGS:
        lines.append(f"- and {len(found) - MAX_FINDINGS} more: orchestrate status")
    return lines
