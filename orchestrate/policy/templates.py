"""Plan templates: read, checked, and made into plan documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from orchestrate import resources
from orchestrate.errors import InvalidInput
from orchestrate.policy.overrides import apply_override, parse_value
from orchestrate.policy.plan_document import check_plan
from orchestrate.policy.policy import FOLDER, Reader
from orchestrate.policy.problems import unknown
from orchestrate.policy.roles import check_file_id
from orchestrate.policy.schema import with_defaults
from orchestrate.policy.substitution import substitute
from orchestrate.policy.template_checks import check_template
from orchestrate.policy.yaml import load_document

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
    check_template(document)
    raw = with_defaults({**document.value, "phases": []}, "plan-template")
    check_file_id(raw["id"], document)
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
