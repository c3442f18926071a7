"""Plan templates: read, checked, and made into plan documents."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

from orchestrate import resources
from orchestrate.errors import InvalidInput
from orchestrate.policy.overrides import apply_override, parse_value
from orchestrate.policy.plan_document import check_plan, check_task_patterns
from orchestrate.policy.policy import FOLDER, Reader
from orchestrate.policy.roles import check_file_id
from orchestrate.policy.schema import unknown, validate, with_defaults
from orchestrate.policy.substitution import holes, substitute, texts
from orchestrate.policy.yaml import Document, Key, load_document

TEMPLATES = f"{FOLDER}plan-templates/"


@dataclass(frozen=True)
class Variable:
    """A variable; `default` None: it must be given."""

    name: str
    description: str
    default: Any


@dataclass(frozen=True)
class Template:
    """A template; `phases` holds the subtasks wave by wave, with their placeholders."""

    id: str
    name: str
    description: str
    failure_policy: str
    requires_approval: bool
    vars: Mapping[str, Variable]
    phases: tuple[tuple[Mapping[str, Any], ...], ...]
    source: str


def load_templates(reader: Reader) -> dict[str, Template]:
    """The repository's templates and, where it has none of that id, the shipped ones.

    Raises:
        FileError: a template of the repository does not parse or validate.
    """
    own = {}
    for path, _ in sorted(reader.list(TEMPLATES)):
        data = reader.read(path)
        if path.endswith(".yaml") and data is not None:
            template = load_template(data, path)
            own[template.id] = template
    shipped = {template.id: template for template in shipped_templates()}
    return dict(sorted((shipped | own).items()))


@cache
def shipped_templates() -> tuple[Template, ...]:
    """The templates that ship."""
    return tuple(
        load_template(data, f"plan-templates/{path}")
        for path, data in resources.walk("plan-templates")
        if path.endswith(".yaml")
    )


def load_template(data: bytes, path: str) -> Template:
    """The template in `data`, tried with its defaults.

    Raises:
        FileError: it does not parse or fit the schema, names an unknown variable or dependency,
            uses an id twice, or its subtasks wait for each other.
    """
    document = load_document(data, path)
    _check_filled(document)
    raw = with_defaults({**document.value, "phases": []}, "plan-template")
    check_file_id(raw["id"], document)
    _check_waves(document)
    _check_dependencies(document)
    return Template(
        id=raw["id"],
        name=raw["name"],
        description=raw["description"],
        failure_policy=raw["failure_policy"],
        requires_approval=raw["requires_approval"],
        vars={
            name: Variable(name, var["description"], var.get("default"))
            for name, var in raw["vars"].items()
        },
        phases=tuple(tuple(phase["subtasks"]) for phase in document.value["phases"]),
        source=path,
    )


def instantiate(
    template: Template,
    *,
    plan_id: str,
    context: str,
    vars: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    title: str = "",
) -> dict[str, Any]:
    """A plan document made from the template, valid under `schemas/plan.schema.json`.

    `vars` and `overrides` may hold texts as a command line gives them (`parse_value` reads them)
    or values. A subtask without `depends_on` waits for the whole wave before it.

    Raises:
        InvalidInput: a variable is missing or unknown, an override names what is not there, or the
            plan does not fit its schema.
    """
    values = _values(template, context, vars or {})
    tasks: list[dict[str, Any]] = []
    before: list[str] = []
    for wave in template.phases:
        filled = [substitute(dict(subtask), values) for subtask in wave]
        tasks += [_with_dependencies(task, before) for task in filled]
        before = [task["id"] for task in filled]
    for path, value in (overrides or {}).items():
        apply_override(tasks, path, parse_value(value) if isinstance(value, str) else value)
    plan = {
        "schema_version": 1,
        "id": plan_id,
        "title": title or _title(template, context),
        "description": template.description,
        "context": context,
        "template": template.id,
        "failure_policy": template.failure_policy,
        "requires_approval": template.requires_approval,
        "version": 1,
        "tasks": tasks,
    }
    check_plan(plan, f"plan {plan_id} from template {template.id}")
    return plan


def _with_dependencies(task: dict[str, Any], before: list[str]) -> dict[str, Any]:
    return task if "depends_on" in task or not before else {**task, "depends_on": list(before)}


def _title(template: Template, context: str) -> str:
    first = context.strip().split("\n", 1)[0].strip() or template.name
    return first if len(first) <= 72 else f"{first[:69].rstrip()}..."


def _values(template: Template, context: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What each placeholder stands for."""
    values: dict[str, Any] = {"context": context}
    for name in given:
        if name not in template.vars:
            message, hint = unknown("variable", name, list(template.vars))
            raise InvalidInput(f"template {template.id}: {message}", hint=hint)
    for name, variable in template.vars.items():
        value = given.get(name, variable.default)
        if value is None:
            raise InvalidInput(
                f"template {template.id} needs the variable `{name}`",
                hint=f"give it with --var {name}=VALUE"
                + (f" ({variable.description})" if variable.description else ""),
            )
        values[f"vars.{name}"] = _typed(value, variable)
    return values


def _typed(value: Any, variable: Variable) -> Any:
    """The value with the type of the variable's default."""
    wanted = variable.default
    if wanted is None or isinstance(wanted, str):
        return value if isinstance(value, str) else str(value)
    found = parse_value(value) if isinstance(value, str) else value
    if isinstance(wanted, list) and isinstance(found, str):
        found = [found]
    if _kind(found) != _kind(wanted):
        raise InvalidInput(
            f"the variable `{variable.name}` is {_kind(wanted)}, {value!r} is {_kind(found)}"
        )
    return found


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "text"


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
