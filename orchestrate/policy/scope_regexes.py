"""A task's path patterns as regular expressions, for agents' hooks, which have no `pathspec`."""

from collections.abc import Iterable

from orchestrate.policy.globs import Globs, names_paths


def scope_regexes(
    scope: Iterable[str],
    deny: Iterable[str],
    protected: Iterable[str],
    role: Iterable[str] = (),
) -> dict[str, list[str]]:
    """Name of a list -> an expression for each of its patterns, to be matched against whole paths.

    `role` are the paths of the task's role, which a path must match too; none is no limit. `named`
    is the part of the scope that names something: only it reaches protected paths.

    Raises:
        InvalidInput: see `Globs`.
    """
    allowed = list(scope)
    lists = {
        "scope": allowed,
        "named": [pattern for pattern in allowed if names_paths(pattern)],
        "deny": list(deny),
        "protected": list(protected),
        "role": list(role),
    }
    return {name: Globs(patterns).regexes() for name, patterns in lists.items()}
