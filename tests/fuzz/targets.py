"""What the fuzzer calls: each takes any bytes and may only end, or raise what it documents."""

import re
from collections.abc import Callable

from orchestrate.agents.jsonl import JsonLines
from orchestrate.agents.registry import CLIENTS
from orchestrate.agents.result import parse_result
from orchestrate.checks.added import surplus
from orchestrate.checks.baseline import parse_baseline
from orchestrate.checks.hygiene import OF_FILE
from orchestrate.checks.lines import added_lines, lines
from orchestrate.checks.message import check_message, cleaned
from orchestrate.checks.secrets.budget import budget_for
from orchestrate.checks.secrets.cache import shipped_scanner
from orchestrate.checks.secrets.engine import secrets_in
from orchestrate.checks.secrets.redact import redact
from orchestrate.checks.secrets.text import readable
from orchestrate.checks.secrets.tools import TOOLS
from orchestrate.checks.shell import commands
from orchestrate.checks.unsafe_path import unsafe_reason
from orchestrate.errors import FileError, InvalidInput, OrchestrateError
from orchestrate.git.changes import GitCommandFailed, parse_raw, parse_tree
from orchestrate.git.types import path_text
from orchestrate.hooks.ranges import parse_updates
from orchestrate.hooks.task_file import parse_task
from orchestrate.ledger.codec import from_json, task_of
from orchestrate.policy.config import default_config, load_config
from orchestrate.policy.globs import Globs, _expressions
from orchestrate.policy.harness import load_harness
from orchestrate.policy.plan_document import load_plan_document
from orchestrate.policy.roles import load_role
from orchestrate.policy.rules import load_rule
from orchestrate.policy.templates import load_template
from tests.hooks.making import engine_findings, fast_doubt

NAMES = [name for name in CLIENTS if name != "replay"]
AGENTS = load_config(f"agents: {{{', '.join(f'{n}: {{adapter: {n}}}' for n in NAMES)}}}".encode())
READERS = (JsonLines(), *(CLIENTS[name](AGENTS.agents[name], {}) for name in NAMES))


MARK = re.compile(rb"\[redacted:[a-z0-9-]+:[0-9a-f]{4}\]")


def raw_comparison(data: bytes) -> None:
    try:
        parse_raw(data)
    except (GitCommandFailed, UnicodeDecodeError, ValueError):
        return  # start.py takes any error for a doubt, and full.py refuses


def tree_object(data: bytes) -> None:
    try:
        parse_tree(data, 20)
    except ValueError:
        return


def added(data: bytes) -> None:
    old, _, new = data.partition(b"\0")
    found = added_lines(old, new)
    after = lines(new)
    assert all(after[line.number - 1] == line.text for line in found)
    assert len(surplus(lines(old), after)) == len(found) or not old


def shell(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    assert all(1 <= c.line <= text.count("\n") + 1 for c in commands(text))


def builtins(data: bytes) -> None:
    old, _, new = data.partition(b"\0\0")
    for check in OF_FILE.values():
        list(check(new, old))


def path(data: bytes) -> None:
    unsafe_reason(path_text(data))


def glob(data: bytes) -> None:
    """The looks for plain text say of every path what the expressions say."""
    pattern, _, name = path_text(data).partition("\0")
    try:
        found = Globs([pattern]).match(name)
    except InvalidInput:
        return
    assert found == (_expressions((pattern,))(name) is not None)


def config(data: bytes) -> None:
    try:
        load_config(data)
    except FileError:
        return


def front_matter(data: bytes) -> None:
    try:
        load_rule(b"---\nid: x\n" + data, "rules/x.md")
    except FileError:
        return


def role(data: bytes) -> None:
    try:
        load_role(b"id: x\n" + data, "roles/x.yaml")
    except FileError:
        return


def harness(data: bytes) -> None:
    try:
        load_harness(data, "rules/harness.yaml")
    except FileError:
        return


def plan_document(data: bytes) -> None:
    try:
        load_plan_document(data, "plan.yaml")
    except FileError:
        return


def template(data: bytes) -> None:
    try:
        load_template(b"id: x\n" + data, "plan-templates/x.yaml")
    except FileError:
        return


def small_files(data: bytes) -> None:
    for parse in (parse_task, lambda d: parse_baseline(d, "b"), parse_updates):
        try:
            parse(data)
        except InvalidInput:
            continue


def message(data: bytes) -> None:
    text = cleaned(data.decode("utf-8", "surrogateescape"))
    check_message(text, default_config().commit_message)


def fast_path(data: bytes) -> None:
    """The promise of the hooks: what the engine finds, the fast path never passes."""
    name, _, rest = data.partition(b"\0")
    old, _, new = rest.partition(b"\0")
    place = path_text(name).strip("/") or "a"
    before: dict = {place: old} if old else {}
    if unsafe_reason(place) or fast_doubt(before, {place: new}):
        return
    assert engine_findings(before, {place: new}) == []


def secrets(data: bytes) -> None:
    """What is found stands in the text, and of what is redacted nothing is left to be found."""
    name, _, text = data.partition(b"\0")
    read, budget = readable(text), budget_for(len(text))
    found = secrets_in(read, path_text(name), shipped_scanner(), budget)
    assert all(0 <= one.start < one.end <= len(read) for one in found)
    left = MARK.sub(b"\0", redact(text, path=path_text(name)))
    assert not any(len(one.secret) >= 8 and one.secret in left for one in found)


def reports(data: bytes) -> None:
    for tool in TOOLS.values():
        try:
            list(tool.read(data))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # `external.py` says that the program's report cannot be read


def agent_output(data: bytes) -> None:
    parse_result(data.decode("utf-8", "replace"))
    for reader in READERS:
        for line in data.splitlines():
            list(reader.parse(line))


def ledger_files(data: bytes) -> None:
    try:
        task_of(from_json(data, "tasks/a.json"), "tasks/a.json")
    except OrchestrateError:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    f.__name__: f
    for f in (
        raw_comparison, tree_object, added, shell, builtins, path, glob, config, front_matter,
        role, harness, plan_document, template, small_files, message, fast_path, secrets, reports,
        agent_output, ledger_files,
    )
}  # fmt: skip
