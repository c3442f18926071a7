"""What an id catches, why, and what to do: from the catalogue, the rules and the secrets."""

from collections.abc import Iterable

from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.checks.secrets.rules import NEXT_STEP, Ruleset, shipped
from orchestrate.checks.secrets.tools import TOOLS
from orchestrate.checks.selecting import GROUPS
from orchestrate.errors import InvalidInput
from orchestrate.policy.policy import Policy


def explained(id: str, policy: Policy) -> str:
    """A few lines about the check, rule or secret of that id.

    Raises:
        InvalidInput: nothing of that id exists.
    """
    text = _built_in(id) or _of_rules(id, policy) or _of_harness(id, policy) or _of_secrets(id)
    text = text or _of_tools(id)
    if not text:
        raise _no_such(id, known_ids(policy, shipped()))
    return text


def known_ids(policy: Policy, ruleset: Ruleset) -> frozenset[str]:
    """Every id that a finding may have under this policy, but those of other programs."""
    of_rules = {check.id for rule in policy.rules for check in rule.checks}
    of_secrets = {rule.id for rule in ruleset.rules}
    return frozenset(CATALOGUE).union(of_rules, of_secrets, (rule.id for rule in policy.harness))


def unknown_id(name: str, ids: frozenset[str]) -> InvalidInput | None:
    """Why `name` selects nothing; None when it is a group, one of `ids` or another program's."""
    if name in ids or name in GROUPS or _of_tools(name):
        return None
    return _no_such(name, ids)


def _no_such(name: str, ids: Iterable[str]) -> InvalidInput:
    import difflib

    near = difflib.get_close_matches(name, [*GROUPS, *sorted(ids)], n=3)
    groups = f"the groups are: {', '.join(GROUPS)}"
    hint = f"did you mean {' or '.join(near)}? {groups}" if near else groups
    return InvalidInput(f"there is no check of the id {name!r}", hint=hint)


def _built_in(id: str) -> str:
    entry = CATALOGUE.get(id)
    if entry is None:
        return ""
    head = f"{id} ({entry.severity}, group {entry.group}): {entry.catches}"
    return f"{head}\n\n{entry.because}\n\nWhat to do: {entry.next_step}"


def _of_rules(id: str, policy: Policy) -> str:
    for rule in policy.rules:
        for one in rule.checks:
            if one.id == id:
                head = f"{id} ({one.severity}), a check of the rule {rule.id} ({rule.source})"
                where = f"Files: {', '.join(one.paths)}"
                if one.excepted:
                    where += f"; not {', '.join(one.excepted)}"
                fix = f"\nWhat to do: {one.fix}" if one.fix else ""
                return f"{head}\n\n{one.message}\n\n{where}{fix}"
    return ""


def _of_harness(id: str, policy: Policy) -> str:
    for rule in policy.harness:
        if rule.id == id:
            head = f"{id} ({rule.severity}), a harness rule"
            return f"{head}\n\n{rule.description}\n{rule.content}".rstrip()
    return ""


def _of_secrets(id: str) -> str:
    for rule in shipped().rules:
        if rule.id == id:
            source = f"\n\nSource: {rule.source}" if rule.source else ""
            head = f"{id} ({rule.severity}), a secret"
            return f"{head}\n\n{rule.description}{source}\n\nWhat to do: {rule.next_step}"
    return ""


def _of_tools(id: str) -> str:
    tool, _, rule = id.partition("-")
    if tool not in TOOLS or not rule:
        return ""
    return f"{id} (block), a secret that {tool}'s rule {rule} sees\n\nWhat to do: {NEXT_STEP}"
