"""What a schema cannot say of config.yaml: its names exist, its patterns mean something."""

from typing import Any

from orchestrate.policy.problems import unknown
from orchestrate.policy.schema import check_globs
from orchestrate.policy.yaml import Document, Key


def check_config(raw: dict[str, Any], document: Document) -> None:
    """Refuse a configuration, with its defaults in place, that names what is not there.

    Raises:
        FileError: an unknown agent, profile or step, steps in a circle, or a bad path pattern.
    """
    _check_references(raw, document)
    _check_globs(raw, document)


_GLOBS: tuple[tuple[Key, ...], ...] = (
    ("protected",),
    ("files", "large"),
    ("files", "executables"),
    ("secrets", "allow_paths"),
    ("rules", "ignore"),
)


def _check_globs(raw: dict[str, Any], document: Document) -> None:
    for at in _GLOBS:
        patterns: Any = raw
        for step in at:
            patterns = patterns[step]
        check_globs(patterns, at, document)


def _check_references(raw: dict[str, Any], document: Document) -> None:
    """Refuse a name of an agent or a profile that the file does not define."""
    agents, gates = list(raw["agents"]), raw["gates"]
    named: list[tuple[tuple[Key, ...], str, str | None, list[str]]] = [
        (("default_agent",), "agent", raw["default_agent"], agents),
        (("review", "agent"), "agent", raw["review"]["agent"], agents),
        (("gates", "task"), "profile", gates["task"], list(gates["profiles"])),
        (("gates", "merge"), "profile", gates["merge"], list(gates["profiles"])),
    ]
    for agent, settings in raw["agents"].items():
        named += [
            (("agents", agent, "fallback", i), "agent", other, agents)
            for i, other in enumerate(settings["fallback"])
        ]
    for at, kind, name, known in named:
        if name is not None and name not in known:
            message, hint = unknown(kind, name, known)
            raise document.error(at, message, hint=hint)
    for name, profile in gates["profiles"].items():
        _check_steps(profile["steps"], ("gates", "profiles", name, "steps"), document)


def _check_steps(steps: list[dict[str, Any]], at: tuple[Key, ...], document: Document) -> None:
    """Refuse a step id used twice, a need that is no step, and steps that wait for each other."""
    ids = [step["id"] for step in steps]
    for i, step in enumerate(steps):
        if step["id"] in ids[:i]:
            raise document.error((*at, i, "id"), f"the step `{step['id']}` is there twice")
        for j, need in enumerate(step["needs"]):
            if need not in ids:
                message, hint = unknown("step", need, ids)
                raise document.error((*at, i, "needs", j), message, hint=hint)
    waiting = {step["id"]: set(step["needs"]) for step in steps}
    while ready := [name for name, needs in waiting.items() if not needs & waiting.keys()]:
        for name in ready:
            del waiting[name]
    if waiting:
        raise document.error(at, f"these steps wait for each other: {', '.join(sorted(waiting))}")
