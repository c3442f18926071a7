"""What a plan template must be that a schema cannot say; it is tried with its defaults."""

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from orchestrate.errors import InvalidInput
from orchestrate.policy.plan_document import check_task_patterns
from orchestrate.policy.problems import unknown
from orchestrate.policy.schema import validate
from orchestrate.policy.substitution import holes, substitute, texts
from orchestrate.policy.yaml import Document, Key


def check_template(document: Document) -> None:
    """Refuse a template that could not become a plan.

    Raises:
        FileError: it does not fit the schema, names an unknown variable or dependency, uses an id
            twice, or its subtasks wait for each other.
    """
    _check_filled(document)
    _check_waves(document)
    _check_dependencies(document)


def _check_filled(document: Document) -> None:
    """Check a template as it is filled with its defaults; a variable without one is some text."""
    top = document.value if isinstance(document.value, dict) else {}
    declared = top.get("vars")
    values: dict[str, Any] = {"context": "context"}
    for name, variable in declared.items() if isinstance(declared, dict) else ():
        default = variable.get("default") if isinstance(variable, dict) else None
        values[f"vars.{name}"] = "text" if default is None else default
    phases = top.get("phases")
    for at, text in texts(phases, ("phases",)):
        try:
            substitute(text, values)
        except InvalidInput as error:
            raise document.error(at, error.message, hint=error.hint) from None
        _refuse_context_in_shell(at, text, document)
    filled = {**top, "phases": substitute(phases, values)} if top else document.value
    validate(replace(document, value=filled), "plan-template")
    for i, phase in enumerate(filled["phases"]):
        for j, subtask in enumerate(phase["subtasks"]):
            check_task_patterns(subtask, ("phases", i, "subtasks", j), document)


_SHELL_LINES = ("verify", "metric", "command")  # fields where a text is a line for the shell


def _refuse_context_in_shell(at: tuple[Key, ...], text: str, document: Document) -> None:
    # What a person asks for is prose: in a shell's line, a quote in it would be code.
    if at[-1] in _SHELL_LINES and "context" in holes(text):
        raise document.error(
            at,
            "{{context}} may not stand in a line for the shell",
            hint="write the command as a list of program and arguments",
        )


def _check_waves(document: Document) -> None:
    last = -1
    for i, phase in enumerate(document.value["phases"]):
        wave = phase.get("wave", last + 1)
        if wave <= last:
            raise document.error(
                ("phases", i, "wave"), f"wave {wave} stands after wave {last}; waves must grow"
            )
        last = wave


def _check_dependencies(document: Document) -> None:
    """Refuse an id used twice, a dependency that is no subtask, and a circle."""
    waits_for: dict[str, list[str]] = {}
    before: list[str] = []
    for i, phase in enumerate(document.value["phases"]):
        for j, subtask in enumerate(phase["subtasks"]):
            if subtask["id"] in waits_for:
                twin = ("phases", i, "subtasks", j, "id")
                raise document.error(twin, f"the subtask `{subtask['id']}` is there twice")
            waits_for[subtask["id"]] = subtask.get("depends_on", before)
        before = [subtask["id"] for subtask in phase["subtasks"]]
    for i, phase in enumerate(document.value["phases"]):
        for j, subtask in enumerate(phase["subtasks"]):
            for k, other in enumerate(subtask.get("depends_on", ())):
                if other not in waits_for:
                    message, hint = unknown("subtask", other, list(waits_for))
                    at = ("phases", i, "subtasks", j, "depends_on", k)
                    raise document.error(at, message, hint=hint)
    try:
        TopologicalSorter(waits_for).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise document.error(("phases",), f"subtasks wait for each other: {circle}") from None
