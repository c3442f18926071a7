"""Which frameworks a repository uses, told by the signs that rules name in `detect`.

A sign is a path pattern of a file (`/tsconfig.json`, `*.sol`), or `package.json: <name>` for a
dependency of any package.json.
"""

import json
from collections.abc import Callable, Collection, Iterable

from orchestrate.errors import InvalidInput
from orchestrate.policy.globs import Globs, regex

DEPENDENCY = "package.json:"
MAX_MANIFESTS = 200  # package.json files that are read; a monorepo's own, not what it vendors
_FIELDS = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")


def is_sign(text: str) -> str | None:
    """Why `text` is no sign, or None when it is one."""
    if text.startswith(DEPENDENCY):
        return None if _dependency(text) else "a name must follow `package.json:`"
    try:
        regex(text)
    except InvalidInput as error:
        return error.message
    return None


def _dependency(sign: str) -> str:
    return sign.removeprefix(DEPENDENCY).strip()


def signs_found(
    signs: Collection[str], files: Iterable[str], read: Callable[[str], bytes | None]
) -> set[str]:
    """Those of the signs that a repository with these files shows; `read` gives a file's bytes."""
    paths = [sign for sign in signs if not sign.startswith(DEPENDENCY)]
    names = {_dependency(s): s for s in signs if s.startswith(DEPENDENCY)}
    waiting = {sign: Globs([sign]) for sign in paths}
    anything = Globs(paths)
    found: set[str] = set()
    manifests: list[str] = []
    for file in files:
        if "/node_modules/" in f"/{file}":
            continue
        if file == "package.json" or file.endswith("/package.json"):
            manifests.append(file)
        if waiting and anything.match(file):
            hits = [sign for sign, globs in waiting.items() if globs.match(file)]
            found.update(hits)
            for sign in hits:
                del waiting[sign]
    for manifest in manifests[:MAX_MANIFESTS] if names else ():
        found.update(names[name] for name in dependencies(read(manifest)) & names.keys())
    return found


def dependencies(manifest: bytes | None) -> set[str]:
    """The names a package.json depends on; none when it is absent or not readable."""
    try:
        parsed = json.loads(manifest or b"{}")
    except (ValueError, RecursionError):
        return set()  # a broken manifest shows no framework; `invalid-json` tells of it elsewhere
    if not isinstance(parsed, dict):
        return set()
    groups = (parsed.get(field) for field in _FIELDS)
    return {name for group in groups if isinstance(group, dict) for name in group}
