"""Plan documents: what people write in plan.yaml and what templates make.

Here stands what the schema says and what it cannot say about patterns; ids, dependencies and
cycles are judged where the plan is built (`plans/model.py`).
"""

from collections.abc import Mapping
from typing import Any

from orchestrate.policy.patterns import check_regex
from orchestrate.policy.schema import check_glob, check_globs, validate, with_defaults
from orchestrate.policy.yaml import Document, Key, load_document


def load_plan_document(data: bytes, path: str) -> dict[str, Any]:
    """The plan document in `data`, checked and with its defaults filled in.

    Raises:
        FileError: it does not parse, does not fit the schema, or holds a pattern that cannot run.
    """
    document = load_document(data, path)
    _check(document)
    filled = with_defaults(document.value, "plan")
    assert isinstance(filled, dict)  # the schema says so
    return filled


def check_plan(plan: Mapping[str, Any], name: str) -> None:
    """Refuse a plan document that does not fit its schema; `name` stands in for its file.

    Raises:
        FileError: with the field and what is wrong with it.
    """
    _check(Document.without_file(name, plan))


def _check(document: Document) -> None:
    validate(document, "plan")
    for i, task in enumerate(document.value["tasks"]):
        check_task_patterns(task, ("tasks", i), document)


def check_task_patterns(task: Mapping[str, Any], at: tuple[Key, ...], document: Document) -> None:
    """Refuse a task with a path pattern or an expression that cannot run.

    Raises:
        FileError: at the pattern.
    """
    for field in ("scope", "deny"):
        check_globs(task.get(field, ()), (*at, field), document)
    for i, output in enumerate(task.get("required_outputs", ())):
        place = (*at, "required_outputs", i)
        check_glob(output["pattern"], (*place, "pattern"), document)
        if "check" in output:
            owner = f"task {task['id']}, required_outputs[{i}]"
            check_regex(output["check"], (*place, "check"), document, owner)
